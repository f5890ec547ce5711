import type { EvaluationWarning, Judgement, ProtocolEvaluation, ScoreEvaluation } from '../../pad/evaluation/index.js';
import { formatCount, formatSpread } from '../format.js';
import { type Column, renderTable } from '../table.js';
import { paintFor, printable, type TerminalStyle, wrap } from '../terminal.js';
import {
  countsSentence,
  formatInterval,
  formatRate,
  intervalsSentence,
  type NamedSet,
  namedSets,
  type RateLine,
  rateLines,
  rateNames,
  speciesOf,
  thresholdSentence,
  worstSpecies,
} from './labels.js';

/** Threshold, sets, rates with intervals, rates by species and by group, for a terminal. */
export function formatEvaluation(evaluation: ScoreEvaluation, style: TerminalStyle): string {
  const sets = namedSets(evaluation);
  return [
    wrap(printable(thresholdSentence(evaluation)), style.width),
    ...warningLines(evaluation.warnings, style),
    '',
    ...sets.flatMap(({ name, set }) => wrap(`${name}: ${printable(set.file)}, ${countsSentence(set)}`, style.width).split('\n')),
    '',
    sets.length <= 2 ? ratesTable(sets, style) : setsTable(sets, style),
    '',
    speciesTable(sets, style),
    ...sets.flatMap((named) => groupsTable(named, style)),
    ...(sets.length <= 2 || sets.some(({ set }) => set.groups)
      ? ['', wrap(`In brackets: ${intervalsSentence(sets)}.`, style.width)]
      : []),
  ].join('\n');
}

/** Mean and deviation over the folds, and what each fold gave, for a terminal. */
export function formatProtocol({ protocol, folds, summary }: ProtocolEvaluation, style: TerminalStyle): string {
  const warnings = new Map(folds.flatMap((fold) => fold.warnings.map((warning) => [warning.message, warning] as const)));
  const rates = Object.keys(rateNames) as (keyof typeof rateNames)[];
  const sides = [...(summary.dev ? [['dev', summary.dev] as const] : []), ['eval', summary.eval] as const];
  return [
    `${printable(protocol)}: ${folds.length} folds, each with a threshold of its own`,
    ...warningLines([...warnings.values()], style),
    '',
    renderTable(
      [
        {
          header: 'mean ± deviation',
          cell: (rate) => (rate === 'apcerPooled' ? 'APCER, pooled' : rateNames[rate]),
          align: 'left',
        },
        ...sides.map(([name, spreads]) => ({
          header: name,
          cell: (rate: keyof typeof rateNames) => formatSpread(spreads[rate], rate === 'auc' ? 'area' : 'share'),
        })),
      ],
      rates,
      style,
    ),
    '',
    renderTable(
      [
        { header: 'fold', cell: ({ name }) => name, align: 'left' },
        { header: 'threshold', cell: ({ judged }) => judged.threshold, rank: 2 },
        ...rateColumns(({ judged }: { readonly judged: { readonly set: Judgement } }) => judged.set),
      ],
      folds.flatMap(({ name, threshold, evals }) =>
        evals.map((set) => ({ name, judged: { set, threshold: threshold.toPrecision(4) } })),
      ),
      style,
    ),
  ].join('\n');
}

function warningLines(warnings: readonly EvaluationWarning[], { width, color }: TerminalStyle): string[] {
  const paint = paintFor(color);
  return warnings.flatMap(({ message }) =>
    wrap(`Warning: ${printable(message)}`, width)
      .split('\n')
      .map(paint.yellow),
  );
}

/** A line a rate, for a development set and one that is judged. What stands behind a rate is in a line below, where there is room. */
function ratesTable(sets: readonly NamedSet[], style: TerminalStyle): string {
  const lines = rateLines.flatMap((line) => [
    { name: line.name, cell: (set: Judgement) => rateCell(line, set) },
    ...(line.note ? [{ name: '', cell: (set: Judgement) => `         ${line.note!(set)}` }] : []),
  ]);
  return renderTable<(typeof lines)[number]>(
    [
      { header: '', cell: ({ name }) => name, align: 'left' },
      ...sets.map(
        ({ name, set }): Column<(typeof lines)[number]> => ({ header: name, cell: ({ cell }) => cell(set), align: 'left' }),
      ),
    ],
    lines,
    style,
  );
}

function rateCell({ rate, interval, form }: RateLine, set: Judgement): string {
  return withInterval(formatRate(rate(set), form), formatInterval(interval(set), form));
}

/** The unit is said once. */
function withInterval(rate: string, interval: string): string {
  return [rate.padStart(8), ...(interval ? [`(${interval.replace(' %', '')})`] : [])].join(' ');
}

/** A line a set, for several that are judged. */
function setsTable(sets: readonly NamedSet[], style: TerminalStyle): string {
  return renderTable(
    [{ header: 'set', cell: ({ name }) => name, align: 'left' }, ...rateColumns(({ set }: NamedSet) => set)],
    sets,
    style,
  );
}

function rateColumns<Row>(judgementOf: (row: Row) => Judgement): Column<Row>[] {
  const column = (key: keyof typeof rateNames, rank?: number): Column<Row> => ({
    header: rateNames[key],
    cell: (row) => formatRate(judgementOf(row).rates[key], key === 'auc' ? 'area' : 'share'),
    rank,
  });
  return [
    column('apcerAp'),
    { header: 'of', cell: (row) => worstSpecies(judgementOf(row).rates), align: 'left', rank: 3 },
    column('bpcer'),
    column('acer'),
    column('apcerPooled', 4),
    column('hter', 8),
    column('eer', 7),
    column('auc', 6),
    column('fta', 5),
  ];
}

/** With counts and intervals where there is room for them: for up to two sets. */
function speciesTable(sets: readonly NamedSet[], style: TerminalStyle): string {
  const isRoomy = sets.length <= 2;
  const columns = sets.flatMap(({ name, set }): Column<string>[] => {
    const rate = (species: string) => formatRate(set.rates.apcer[species] ?? null);
    if (!isRoomy) return [{ header: name, cell: rate }];
    const interval = ({ confidence }: Judgement, species: string) => confidence.intervals.apcer[species] ?? null;
    return [
      { header: [name, 'attacks'], cell: (species) => formatCount(set.counts.species[species] ?? 0), rank: 1 },
      { header: 'APCER', cell: (species) => withInterval(rate(species), formatInterval(interval(set, species))), align: 'left' },
    ];
  });
  const header = isRoomy ? 'species' : 'APCER by species';
  return renderTable([{ header, cell: (species) => species, align: 'left' }, ...columns], speciesOf(sets), style);
}

function groupsTable({ name, set }: NamedSet, style: TerminalStyle): string[] {
  if (!set.groups) return [];
  const table = renderTable(
    [
      { header: `${name}: ${printable(set.groups.column)}`, cell: ([group]) => group || '(empty)', align: 'left' },
      {
        header: ['bona fide', '/ attacks'],
        cell: ([, { counts }]) => `${formatCount(counts.bonafide)} / ${formatCount(counts.attacks)}`,
        rank: 3,
      },
      { header: 'BPCER', cell: ([, judgement]) => rateCell(rateLines[1]!, judgement), align: 'left' },
      { header: 'APCER', cell: ([, judgement]) => rateCell(rateLines[0]!, judgement), align: 'left' },
      { header: 'of', cell: ([, { rates }]) => worstSpecies(rates), align: 'left', rank: 2 },
      { header: 'ACER', cell: ([, { rates }]) => formatRate(rates.acer), rank: 1 },
    ],
    Object.entries(set.groups.values),
    style,
  );
  return ['', table];
}
