import { levelNames } from '../../models/index.js';
import { type Comparison, type CoursePoint, costUnits, type SearchResult, unitNames } from '../../search/result.js';
import { formatCount, formatLoss } from '../format.js';
import { renderTable } from '../table.js';
import { paintFor, printable, type TerminalStyle, wrap } from '../terminal.js';
import { candidateColumns, networkColumns, rankedCandidates, wayColumns, waysOf } from './columns.js';
import { cellText, comparisonSentence, formatCost, networksTried, scoreSentence, searchVerdict } from './words.js';

/** Candidates that the terminal lists. */
const mostListed = 10;

/** What a search came to: the network with its cells and cost, and the course or the best of what was tried. */
export function formatSearch(result: SearchResult, style: TerminalStyle): string {
  const paint = paintFor(style.color);
  const { recipe, seed, genotype, cost } = result;
  return [
    printable(`${recipe}, seed ${seed}`),
    paint.bold(wrap(searchVerdict(result), style.width)),
    '',
    ...genotype.cells.map((cell, level) => hanging(`${levelNames[level]!.padEnd(4)}  `, cellText(cell), style.width)),
    paint.dim(wrap('In brackets: the node that an operation reads; 0 is what comes into the cell.', style.width)),
    '',
    costUnits.map((unit) => `${unitNames[unit]} ${formatCost(cost[unit], unit).replace(/ ms$/, '')}`).join('   '),
    ...courseLines(result),
    ...candidatesTable(result, style),
  ].join('\n');
}

/** A comparison: verdict, ways of searching, networks. */
export function formatComparison(comparison: Comparison, style: TerminalStyle): string {
  const paint = paintFor(style.color);
  const ways = waysOf(comparison);
  return [
    paint.bold(wrap(printable(comparison.verdict), style.width)),
    wrap(`${comparisonSentence(comparison)} ${scoreSentence(comparison)}`, style.width),
    ...(ways.length < comparison.networks.length ? ['', renderTable(wayColumns(comparison), ways, style)] : []),
    '',
    renderTable(networkColumns(comparison), comparison.networks, style),
  ].join('\n');
}

/** The label, and the text beside it on as many lines as it takes. */
function hanging(label: string, text: string, width: number): string {
  const indent = ' '.repeat(label.length);
  return label + wrap(text, width, indent).slice(indent.length);
}

function courseLines({ course, unit }: SearchResult): string[] {
  const [first, last] = [course[0], course.at(-1)];
  if (!first || !last) return [];
  // The architecture has no loss while only weights learn.
  const line = (what: string, value: (point: CoursePoint) => number | null, format: (value: number | null) => string) => {
    const from = course.map(value).find((known) => known !== null) ?? null;
    return `${what.padEnd(32)}${format(from)} → ${format(value(last))}`;
  };
  return [
    '',
    `From step ${formatCount(first.step)} to ${formatCount(last.step)}:`,
    line('loss, half of the weights', ({ trainLoss }) => trainLoss, formatLoss),
    line('loss, half of the architecture', ({ validationLoss }) => validationLoss, formatLoss),
    line(
      'expected cost',
      ({ expectedCost }) => expectedCost,
      (cost) => formatCost(cost, unit),
    ),
  ];
}

function candidatesTable(result: SearchResult, style: TerminalStyle): string[] {
  if (result.candidates.length === 0) return [];
  const ranked = rankedCandidates(result);
  const table = renderTable(candidateColumns(result.unit), ranked.slice(0, mostListed), style);
  const rest = ranked.length - mostListed;
  return ['', table, ...(rest > 0 ? [`… and ${networksTried(rest)} besides`] : [])];
}
