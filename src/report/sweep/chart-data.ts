import { type ConfigurationSummary, comparedMeasures, describeSettings } from '../../jobs/index.js';

/** What stands for a configuration, or for one fold of the only one. */
export interface ChartEntry {
  readonly label: string;
  /** Each fold, or each run; shares. */
  readonly values: readonly number[];
  readonly mean: number;
  /** Null where there is one value only. */
  readonly deviation: number | null;
}

/** The chart of a sweep. */
export interface SweepChart {
  readonly title: string;
  /** What is drawn, as the title of its axis. */
  readonly measure: string;
  /** What the marks are. */
  readonly legend: string;
  readonly entries: readonly ChartEntry[];
  /** Of a sweep of one number: its key, and what it is in each entry. */
  readonly parameter: { readonly name: string; readonly values: readonly number[] } | null;
}

const measureTitles: Readonly<Record<string, string>> = {
  top1_test: 'accuracy on the test images',
  top1_validation: 'accuracy on the validation images',
  acer_test: 'ACER on the test side (lower is better)',
  eer_validation: 'equal error rate on the dev side (lower is better)',
};

/** Rows that a chart holds: a page of them. */
const MOST_ROWS = 60;

/**
 * What is finished of a sweep as a chart: of one number that the sweep varies the result against it; of a single configuration a row a fold, and their mean; else a
 * row a configuration, in the order given (the best first). Null while nothing is finished.
 */
export function sweepChart(title: string, summaries: readonly ConfigurationSummary[]): SweepChart | null {
  const compared = comparedMeasures(summaries);
  if (!compared) return null;
  const measure = summaries.some(({ spreads }) => spreads[compared.test]) ? compared.test : compared.validation;
  const varied = variedKeys(summaries);
  const drawn = summaries.flatMap((summary) => entryOf(summary, measure, varied) ?? []);
  const parameter = parameterOf(summaries, varied);
  const hasFolds = summaries.some(({ folds }) => folds.length > 0);
  const common = { title, measure: measureTitles[measure] ?? measure };
  if (parameter) {
    const finished = summaries.filter(({ spreads }) => spreads[measure]);
    const values = finished.map(({ settings }) => settings[parameter] as number);
    return { ...common, legend: legendOf(drawn, hasFolds), entries: drawn, parameter: { name: parameter, values } };
  }
  const entries = summaries.length === 1 ? [...foldEntries(summaries[0]!, measure), ...drawn] : drawn.slice(0, MOST_ROWS);
  const left = summaries.length === 1 || drawn.length <= MOST_ROWS ? '' : `the first ${MOST_ROWS} of ${drawn.length}; `;
  return { ...common, legend: `${left}${legendOf(drawn, hasFolds)}`, entries, parameter: null };
}

function legendOf(entries: readonly ChartEntry[], hasFolds: boolean): string {
  const isSpread = entries.some(({ values }) => values.length > 1);
  const each = hasFolds ? 'fold' : 'run';
  return isSpread ? `large points: mean; bars: ± standard deviation; small points: each ${each}` : `points: each ${each}`;
}

function entryOf(summary: ConfigurationSummary, measure: string, varied: readonly string[]): ChartEntry | null {
  const { settings, folds, spreads, values } = summary;
  const spread = spreads[measure];
  if (!spread) return null;
  const { mean, deviation } = spread;
  const own = folds.length > 0 ? folds.flatMap(({ means }) => means[measure] ?? []) : values[measure]!;
  const name = describeSettings(Object.fromEntries(Object.entries(settings).filter(([key]) => varied.includes(key))));
  return { label: name || (folds.length > 1 ? 'mean of the folds' : 'as the recipe says'), values: own, mean, deviation };
}

function foldEntries({ folds }: ConfigurationSummary, measure: string): ChartEntry[] {
  return folds.flatMap(({ name, means }) => {
    const mean = means[measure];
    return mean === undefined ? [] : [{ label: name, values: [mean], mean, deviation: null }];
  });
}

function variedKeys(summaries: readonly ConfigurationSummary[]): readonly string[] {
  const keys = [...new Set(summaries.flatMap(({ settings }) => Object.keys(settings)))];
  return keys.filter((key) => new Set(summaries.map(({ settings }) => JSON.stringify(settings[key]))).size > 1);
}

/** The only key that the sweep varies, where its values are numbers. */
function parameterOf(summaries: readonly ConfigurationSummary[], [key, ...others]: readonly string[]): string | null {
  if (key === undefined || others.length > 0) return null;
  return summaries.every(({ settings }) => typeof settings[key] === 'number') ? key : null;
}
