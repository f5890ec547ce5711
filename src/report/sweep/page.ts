import type { ConfigurationSummary } from '../../jobs/index.js';
import { Html, html, htmlPage, htmlTable } from '../html-page.js';
import { sweepTable } from './text.js';

export interface SweepPage {
  readonly title: string;
  readonly summaries: readonly ConfigurationSummary[];
  /** As `renderSweep` draws it; null where nothing is finished. */
  readonly chart: string | null;
  /** Runs that were given up, and why. */
  readonly failures: readonly { readonly name: string; readonly message: string }[];
  readonly counts: { readonly runs: number; readonly done: number };
}

/** A sweep as one page of HTML that loads and runs nothing. */
export function sweepPage({ title, summaries, chart, failures, counts }: SweepPage): string {
  const { headers, rows } = sweepTable(summaries);
  const hasFolds = summaries.some(({ folds }) => folds.length > 0);
  const over = hasFolds ? 'folds, each the mean of its seeds' : 'seeds';
  return htmlPage(title, [
    html`<h1>${title}</h1>
<p class="quiet">${counts.done} of ${counts.runs} runs are finished.</p>`,
    ...(chart === null ? [] : [new Html(chart)]),
    html`<h2>Results</h2>
<p>Mean ± standard deviation (by n − 1) over the ${over}. Configurations stand in the order in which the validation images rank them, where there are such.
Every run is a line of <code>results.csv</code>, every configuration one of <code>summary.csv</code>.</p>`,
    htmlTable<readonly string[]>(
      headers.map((header, i) => ({ header, cell: (row) => row[i]!, ...(i === 0 && { align: 'left' as const }) })),
      rows,
    ),
    ...(failures.length === 0
      ? []
      : [
          html`<h2>Failed runs</h2>`,
          htmlTable<SweepPage['failures'][number]>(
            [
              { header: 'run', cell: ({ name }) => name, align: 'left' },
              { header: 'reason', cell: ({ message }) => html`<code>${message}</code>`, align: 'left' },
            ],
            failures,
          ),
        ]),
  ]);
}
