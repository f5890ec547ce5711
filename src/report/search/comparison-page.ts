import type { Comparison } from '../../search/result.js';
import { Html, html, htmlPage, htmlTable } from '../html-page.js';
import { networkColumns, wayColumns, waysOf } from './columns.js';
import { paretoDrawing } from './pareto-drawing.js';
import { comparisonChart, networkLabel } from './pareto-points.js';
import { genotypeBox } from './search-page.js';
import { comparisonSentence, scoreSentence } from './words.js';

/** The report of a comparison: one page of HTML that loads and runs nothing. */
export function comparisonPage(comparison: Comparison): string {
  const { recipe, networks, verdict } = comparison;
  const drawing = paretoDrawing(comparisonChart(comparison));
  const ways = waysOf(comparison);
  return htmlPage(`${recipe}: searched networks compared`, [
    html`<h1>Searched networks compared: ${recipe}</h1>
<p class="verdict">${verdict}</p>
<p>${comparisonSentence(comparison)}</p>`,
    ...(drawing === null ? [] : [new Html(drawing)]),
    ...(ways.length < networks.length
      ? [
          html`<h2>By way of searching</h2>
<p>Mean ± standard deviation (by n − 1) over the networks that were found, each by the mean of its seeds. Costs and times are means.</p>`,
          htmlTable(wayColumns(comparison), ways),
        ]
      : []),
    html`<h2>Every network</h2>
<p>${scoreSentence(comparison)} Mean ± standard deviation (by n − 1) over the seeds of training from scratch. Search: what it took to find the network.</p>`,
    htmlTable(networkColumns(comparison), networks),
    html`<h2>The networks</h2>
<div class="gallery">${networks.map((network) => genotypeBox(network.genotype, networkLabel(network)))}</div>`,
  ]);
}
