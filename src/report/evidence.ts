import { type EvidenceTable, meanLinearity, type RowResults, statistics } from '../train/tables/index.js';
import type { EvidenceChart } from './evidence-chart.js';

/** What the chart of a table sets accuracy against, for one finished row; null where it was not measured. */
const axes = {
  operations: {
    title: 'OPs (1-bit MACs / 64 + real MACs) of one image',
    format: 'count',
    of: ({ results }: RowResults) => results[0]!.ops,
  },
  macs: { title: 'MACs of one image, as shipped', format: 'count', of: ({ results }: RowResults) => results[0]!.macs },
  theta: {
    title: 'theta, the share of the central difference',
    format: 'plain',
    of: ({ row }: RowResults) => Number(row.recipe.model.options['theta']),
  },
  linearity: {
    title: 'linear share of the blocks’ outputs',
    format: 'share',
    of: ({ results }: RowResults) => statistics(results.flatMap((result) => meanLinearity(result)?.output ?? []))?.mean ?? null,
  },
} as const satisfies Record<
  EvidenceTable['chart'],
  { title: string; format: EvidenceChart['xFormat']; of: (row: RowResults) => number | null }
>;

/** The chart of what is finished of a table; null while nothing is. */
export function evidenceChart(table: EvidenceTable, rows: readonly RowResults[]): EvidenceChart | null {
  const axis = axes[table.chart];
  const points = rows.flatMap((row) => {
    const x = row.results.length > 0 ? axis.of(row) : null;
    if (x === null) return [];
    return [{ label: row.row.label, series: row.row.series, x, values: row.results.map(({ top1Test }) => top1Test) }];
  });
  if (points.length === 0) return null;
  const form = table.chart === 'theta' ? 'lines' : 'points';
  return { title: table.title, xTitle: axis.title, xFormat: axis.format, form, points };
}
