import { type ConfigurationSummary, comparedMeasures } from '../../jobs/index.js';

/** A measure as a column, and whether it may be left out of a narrow one. */
export interface MeasureColumn {
  readonly measure: string;
  readonly header: string;
  /** As for `Table`. */
  readonly rank?: number;
}

const accuracy: readonly MeasureColumn[] = [
  { measure: 'top1_validation', header: 'validation' },
  { measure: 'top1_test', header: 'test' },
];

const detection: readonly MeasureColumn[] = [
  { measure: 'eer_validation', header: 'EER, dev', rank: 1 },
  { measure: 'apcer_test', header: 'APCER' },
  { measure: 'bpcer_test', header: 'BPCER' },
  { measure: 'acer_test', header: 'ACER' },
  { measure: 'auc_test', header: 'AUC', rank: 2 },
];

/** What a sweep is told by: accuracy, or error rates of detectors of attacks. Those that no run has are left out. */
export function measureColumns(summaries: readonly ConfigurationSummary[]): readonly MeasureColumn[] {
  const columns = comparedMeasures(summaries)?.isError ? detection : accuracy;
  return columns.filter(({ measure }) => summaries.some(({ spreads }) => spreads[measure]));
}
