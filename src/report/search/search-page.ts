import type { Genotype } from '../../models/index.js';
import { costUnits, type SearchResult, unitNames } from '../../search/result.js';
import { formatBytes, formatCount, formatDuration } from '../format.js';
import { Html, html, htmlPage, htmlTable } from '../html-page.js';
import { cellsDrawing } from './cells-drawing.js';
import { candidateColumns, type RankedCandidate, rankedCandidates } from './columns.js';
import { courseDrawing } from './course-drawing.js';
import { paretoDrawing } from './pareto-drawing.js';
import { candidatesChart } from './pareto-points.js';
import { cellText, formatCost, networksTried, searchVerdict, spaceSentence, unitNotes } from './words.js';

/** Candidates that the page lists. */
const mostListed = 20;

/** The report of a search: one page of HTML that loads and runs nothing. */
export function searchPage(result: SearchResult): string {
  const { recipe, strategy, seed, task } = result;
  return htmlPage(`${recipe}: architecture search`, [
    html`<h1>Architecture search: ${recipe}</h1>
<p class="quiet">Strategy: ${strategy}. Task: ${task}. Seed: ${seed}.</p>
<p class="verdict">${searchVerdict(result)}</p>`,
    headline(result),
    html`<h2>What was found</h2>`,
    genotypeBox(result.genotype, 'The network that was found'),
    ...courseSection(result),
    ...candidatesSection(result),
    html`<h2>What it was chosen from</h2>
<p>${spaceSentence(result)}</p>`,
  ]);
}

/** Its cells, and its file to copy. */
export function genotypeBox(genotype: Genotype, title: string): Html {
  const lines = JSON.stringify(genotype, null, 1)
    .split('\n')
    .map((line) => html`${line}`);
  return html`<div>${new Html(cellsDrawing(genotype, title))}
<details><summary>The genotype, as JSON</summary><pre>${lines}</pre></details></div>`;
}

function headline({ cost, unit, limit, seconds, bytesPeak, candidates, course }: SearchResult): Html {
  const cards = [
    ...costUnits.map((each) => ({
      what: unitNames[each],
      value: formatCost(cost[each], each).replace(/ ms$/, ''),
      note: each === unit && limit !== null ? `${unitNotes[each]}; limit ${formatCost(limit, unit)}` : unitNotes[each],
    })),
    {
      what: 'Time of the search',
      value: formatDuration(seconds),
      note: `${candidates.length > 0 ? networksTried(candidates.length) : `${formatCount(course.at(-1)?.step ?? 0)} steps`}, ${formatBytes(bytesPeak)}`,
    },
  ];
  return html`<div class="headline">${cards.map(({ what, value, note }) => html`<div>${what}<b>${value}</b><small>${note}</small></div>`)}</div>`;
}

function courseSection(result: SearchResult): Html[] {
  const drawing = courseDrawing(result);
  if (drawing === null) return [];
  const limited =
    result.limit === null ? '' : 'With a limit it keeps, of all cells within it, those that give up least of these shares.';
  return [
    html`<h2>How it came about</h2>
<p>All operations of an edge stand side by side at first, each with a share. While weights learn from one half of the training data and shares from the other, shares move. To the right of a strip is the strongest operation other than none. In bold is what a search without a limit keeps: of the edges into a node the one whose share, times that of its operation, is largest, and as the output the node of the largest share. ${limited}</p>`,
    new Html(drawing),
  ];
}

function candidatesSection(result: SearchResult): Html[] {
  const { candidates, unit } = result;
  if (candidates.length === 0) return [];
  const ranked = rankedCandidates(result);
  const drawing = paretoDrawing(candidatesChart(result));
  return [
    html`<h2>What was tried</h2>`,
    ...(drawing === null ? [] : [new Html(drawing)]),
    html`<p>${ranked.length > mostListed ? `The best ${mostListed} of ${formatCount(ranked.length)}` : 'All'}, those that were trained to the end first, highest score first. Their numbers are in the order in which they were trained. In a cell, a number in brackets is the node that an operation reads.</p>`,
    htmlTable<RankedCandidate>(
      [
        ...candidateColumns(unit),
        {
          header: 'cells: low, mid, high',
          cell: ({ genotype }) => html`${genotype.cells.map((cell) => html`<small>${cellText(cell)}</small>`)}`,
          align: 'left',
        },
      ],
      ranked.slice(0, mostListed),
    ),
  ];
}
