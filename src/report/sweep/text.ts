import type { ConfigurationSummary } from '../../jobs/index.js';
import { formatSpread } from '../format.js';
import { renderTable } from '../table.js';
import type { TerminalStyle } from '../terminal.js';
import { measureColumns } from './measures.js';

/** Cells of a row, the first its name. */
type Row = readonly string[];

/** The parts of a sweep's table, for text and pages alike. */
export interface SweepTable {
  readonly headers: readonly string[];
  /** Dropped where it is narrow, as for `Table`. */
  readonly ranks: readonly (number | undefined)[];
  readonly rows: readonly Row[];
}

/**
 * What came of a sweep: of one configuration a row a fold, then mean and deviation; of several a row each, in their order, with mean and deviation over its
 * folds, or its seeds.
 */
export function sweepTable(summaries: readonly ConfigurationSummary[]): SweepTable {
  const measures = measureColumns(summaries);
  const [only] = summaries;
  const spreadCells = ({ spreads }: ConfigurationSummary) =>
    measures.map(({ measure }) => formatSpread(spreads[measure] ?? null));
  const ranks = [undefined, 9, ...measures.map(({ rank }) => rank)];
  const headers = measures.map(({ header }) => header);
  if (summaries.length === 1 && only && only.folds.length > 0) {
    const folds = only.folds.map(({ name, runs, means }) => [
      ...[name, String(runs)],
      ...measures.map(({ measure }) => formatSpread(measure in means ? { mean: means[measure]!, deviation: null } : null)),
    ]);
    const mean = [only.folds.length > 1 ? 'mean ± deviation' : 'mean', String(only.finished), ...spreadCells(only)];
    return { headers: ['fold', 'runs', ...headers], ranks, rows: [...folds, mean] };
  }
  const rows = summaries.map((one) => [one.name || 'as the recipe says', `${one.finished}/${one.runs}`, ...spreadCells(one)]);
  return { headers: ['configuration', 'runs', ...headers], ranks, rows };
}

/** The same as text. */
export function formatSweep(summaries: readonly ConfigurationSummary[], style: TerminalStyle): string {
  const { headers, ranks, rows } = sweepTable(summaries);
  const columns = headers.map((header, i) => ({
    ...{ header, cell: (row: Row) => row[i]!, align: i === 0 ? ('left' as const) : ('right' as const) },
    ...(ranks[i] !== undefined && { rank: ranks[i] }),
  }));
  return renderTable(columns, rows, style);
}
