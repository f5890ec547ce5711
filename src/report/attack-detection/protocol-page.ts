import type { FoldEvaluation, ProtocolEvaluation } from '../../pad/evaluation/index.js';
import { formatSpread } from '../format.js';
import { Html, html, htmlPage, htmlTable } from '../html-page.js';
import { renderBars } from './bars-chart.js';
import { formatRate, intervalsSentence, namedSets, rateNames, thresholdSentence } from './labels.js';
import { definitionsSection, filesTable, warningBoxes } from './page.js';

/** The report of a protocol of several folds: one page of HTML that loads and runs nothing. */
export function protocolPage({ protocol, folds, summary }: ProtocolEvaluation): string {
  const warnings = new Map(folds.flatMap((fold) => fold.warnings.map((warning) => [warning.message, warning] as const)));
  const rates = Object.keys(rateNames) as (keyof typeof rateNames)[];
  const sides = [...(summary.dev ? [['dev', summary.dev] as const] : []), ['eval', summary.eval] as const];
  return htmlPage('Attack detection: protocol', [
    html`<h1>Presentation attack detection: ${folds.length} folds</h1>
<p class="quiet">By the terms of ISO/IEC 30107-3. Protocol: <code>${protocol}</code></p>`,
    ...warningBoxes([...warnings.values()]),
    html`<h2>Over all folds</h2>
<p>Mean ± standard deviation (by n − 1) over the folds that have the rate. Each fold has a threshold of its own.</p>`,
    htmlTable<keyof typeof rateNames>(
      [
        { header: 'rate', cell: (rate) => (rate === 'apcerPooled' ? 'APCER, pooled' : rateNames[rate]), align: 'left' },
        ...sides.map(([name, spreads]) => ({
          header: name,
          cell: (rate: keyof typeof rateNames) => formatSpread(spreads[rate], rate === 'auc' ? 'area' : 'share'),
        })),
      ],
      rates,
    ),
    html`<h2>By fold</h2>`,
    new Html(
      renderBars({
        title: 'Error rates by fold',
        axis: 'error rate of the judged set',
        sets: ['APCER, worst species', 'BPCER'],
        rows: folds.map(({ name, evals }) => ({
          label: name,
          values: (['apcerAp', 'bpcer'] as const).map((key) => ({
            rate: evals[0]!.rates[key],
            interval: evals[0]!.confidence.intervals[key],
          })),
        })),
      }),
    ),
    htmlTable<FoldEvaluation>(
      [
        { header: 'fold', cell: ({ name }) => name, align: 'left' },
        { header: 'threshold', cell: ({ threshold }) => threshold.toPrecision(4) },
        ...rates.map((rate) => ({
          header: rateNames[rate],
          cell: ({ evals }: FoldEvaluation) => formatRate(evals[0]!.rates[rate], rate === 'auc' ? 'area' : 'share'),
        })),
      ],
      folds,
    ),
    html`<h2>What was evaluated, and how</h2>
<p>Intervals in the chart: ${intervalsSentence(folds.map(({ name, evals }) => ({ name, set: evals[0]! })))}. They take the threshold as given.</p>`,
    ...folds.map(
      (fold) => html`<h3>${fold.name}</h3>
<p>${thresholdSentence(fold)}</p>
${filesTable(namedSets(fold))}`,
    ),
    definitionsSection(),
  ]);
}
