import { csvLine } from '../data/csv.js';
import { type Spread, spreadOf } from '../metrics/spread.js';
import { type CollectedRun, cellText } from './collect.js';
import type { Settings } from './folds.js';
import { describeSettings } from './sweep.js';

/** Measures by name; of several runs their means. */
type Means = Readonly<Record<string, number>>;

/** The finished runs of a fold with one configuration. */
export interface FoldSummary {
  readonly name: string;
  readonly runs: number;
  /** Over its seeds. */
  readonly means: Means;
}

/** All runs with the same settings. */
export interface ConfigurationSummary {
  /** `learningRate=0.1`; empty where the sweep sets nothing. */
  readonly name: string;
  readonly settings: Settings;
  readonly runs: number;
  readonly finished: number;
  /** Finished ones, in their order; none in a sweep without folds. */
  readonly folds: readonly FoldSummary[];
  /** Of each measure: over the folds, each the mean of its seeds; or over the seeds, where there are no folds. */
  readonly spreads: Readonly<Record<string, Spread>>;
  /** Of each measure: every finished run. */
  readonly values: Readonly<Record<string, readonly number[]>>;
}

/** What sweeps are compared by: of the first pair that a sweep has, the one on the validation images chooses, the one on the test images tells. */
const measurePairs = [
  { validation: 'top1_validation', test: 'top1_test', isError: false },
  { validation: 'eer_validation', test: 'acer_test', isError: true },
] as const;

/** Which measures a sweep is compared by; null where it has neither. */
export interface ComparedMeasures {
  readonly validation: string;
  readonly test: string;
  /** Lower is better. */
  readonly isError: boolean;
}

export function comparedMeasures(summaries: readonly ConfigurationSummary[]): ComparedMeasures | null {
  const has = (measure: string) => summaries.some(({ spreads }) => spreads[measure]);
  return measurePairs.find(({ validation, test }) => has(validation) || has(test)) ?? null;
}

/** What came of each configuration, in the order of the sweep. */
export function summarize(collected: readonly CollectedRun[]): readonly ConfigurationSummary[] {
  const groups = groupBy(collected, ({ run }) => JSON.stringify(run.settings));
  return groups.map((group) => {
    const finished = group.filter(({ result }) => result);
    const folds = groupBy(
      finished.filter(({ run }) => run.order.task.fold !== null),
      ({ run }) => run.order.task.fold!,
    ).map((runs) => ({ name: runs[0]!.run.order.task.fold!, runs: runs.length, means: meansOf(valuesOf(runs)) }));
    const values = valuesOf(finished);
    const overFolds = (measure: string) => folds.flatMap(({ means }) => means[measure] ?? []);
    const { settings } = group[0]!.run;
    return {
      ...{ name: describeSettings(settings), settings, runs: group.length, finished: finished.length, folds, values },
      spreads: mapValues(values, (own, measure) => spreadOf(folds.length > 0 ? overFolds(measure) : own)!),
    };
  });
}

/**
 * Best first, by what the validation images say: to choose by test images flatters what is chosen. Where there is no validation the test images must do. What
 * has no result yet comes last.
 */
export function ranked(summaries: readonly ConfigurationSummary[]): readonly ConfigurationSummary[] {
  const compared = comparedMeasures(summaries);
  if (!compared) return summaries;
  const hasValidation = summaries.some(({ spreads }) => spreads[compared.validation]);
  const measure = hasValidation ? compared.validation : compared.test;
  const rank = ({ spreads }: ConfigurationSummary) => {
    const mean = spreads[measure]?.mean;
    return mean === undefined ? Number.POSITIVE_INFINITY : compared.isError ? mean : -mean;
  };
  return [...summaries].sort((a, b) => (rank(a) === rank(b) ? 0 : rank(a) < rank(b) ? -1 : 1));
}

/** A line a configuration: what it sets, its runs, then mean and deviation of each measure. */
export function summaryCsv(summaries: readonly ConfigurationSummary[]): string {
  const keys = distinct(summaries.flatMap(({ settings }) => Object.keys(settings)));
  const measures = distinct(summaries.flatMap(({ spreads }) => Object.keys(spreads)));
  const rows = summaries.map(({ settings, runs, finished, folds, spreads }) => [
    ...keys.map((key) => cellText(settings[key])),
    ...[runs, finished, folds.length].map(String),
    ...measures.flatMap((measure) => [cellText(spreads[measure]?.mean), cellText(spreads[measure]?.deviation)]),
  ]);
  const header = [...keys, 'runs', 'finished', 'folds', ...measures.flatMap((measure) => [measure, `${measure}_deviation`])];
  return [header, ...rows].map(csvLine).join('');
}

/** Of every measure the values that there are. */
function valuesOf(runs: readonly CollectedRun[]): Readonly<Record<string, readonly number[]>> {
  const measures = distinct(runs.flatMap(({ result }) => Object.keys(result!.measures)));
  const values = measures.map((measure) => [measure, runs.flatMap(({ result }) => result!.measures[measure] ?? [])] as const);
  return Object.fromEntries(values.filter(([, own]) => own.length > 0));
}

function meansOf(values: Readonly<Record<string, readonly number[]>>): Means {
  return mapValues(values, (own) => spreadOf(own)!.mean);
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, change: (value: A, key: string) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]));
}

function groupBy<T>(list: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of list) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return [...groups.values()];
}

function distinct<T>(list: readonly T[]): T[] {
  return [...new Set(list)];
}
