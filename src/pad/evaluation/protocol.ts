import path from 'node:path';
import { parseCsv } from '../../data/csv.js';
import { readText } from '../../data/files.js';
import { ConfigError, DataError } from '../../errors.js';
import { type Spread, spreadOf } from '../../metrics/spread.js';
import { readScores, type ScoreFile } from '../scores/index.js';
import { type EvaluationInput, evaluateScores, type ScoreEvaluation, type ThresholdRule } from './evaluate.js';
import type { JudgingOptions, SetEvaluation } from './score-set.js';

/** One part of a protocol: a development set and the set that is judged by it. */
export interface Fold extends EvaluationInput {
  readonly name: string;
}

export interface FoldEvaluation extends ScoreEvaluation {
  readonly name: string;
}

/** Over the folds that have the rate. */
export interface FoldSpread extends Spread {
  readonly folds: number;
}

const spreadRates = ['apcerAp', 'apcerPooled', 'bpcer', 'acer', 'hter', 'eer', 'auc', 'fta'] as const;

/** Null for a rate that no fold has. */
export type RateSpreads = Readonly<Record<(typeof spreadRates)[number], FoldSpread | null>>;

export interface ProtocolEvaluation {
  readonly protocol: string;
  readonly folds: readonly FoldEvaluation[];
  readonly summary: { readonly dev: RateSpreads | null; readonly eval: RateSpreads };
}

/** Judges every fold at its own threshold. @throws as `evaluateScores` */
export function evaluateProtocol(
  protocol: string,
  folds: readonly Fold[],
  rule: ThresholdRule,
  options: JudgingOptions = {},
): ProtocolEvaluation {
  const judged = folds.map(({ name, ...fold }) => ({ name, ...evaluateScores(fold, rule, options) }));
  const devs = judged.flatMap(({ dev }) => dev ?? []);
  return {
    protocol,
    folds: judged,
    summary: { dev: devs.length > 0 ? spreadsOf(devs) : null, eval: spreadsOf(judged.flatMap(({ evals }) => evals)) },
  };
}

function spreadsOf(sets: readonly SetEvaluation[]): RateSpreads {
  const spreads = spreadRates.map((rate) => [rate, foldSpreadOf(sets.flatMap(({ rates }) => rates[rate] ?? []))]);
  return Object.fromEntries(spreads) as RateSpreads;
}

function foldSpreadOf(values: readonly number[]): FoldSpread | null {
  const spread = spreadOf(values);
  return spread && { ...spread, folds: values.length };
}

/**
 * A fold for each attack species of the set that is judged: the threshold is chosen without it, and of the attacks it alone is judged.
 * This leaves the species out of the choice of the threshold, not out of training: a detector that was trained for each fold has score files
 * for each fold, and {@link readFolds} takes those.
 * @throws ConfigError of key `protocol` for less than two species, or more than one set to judge
 */
export function leaveOneSpeciesOut({ dev, evals }: EvaluationInput): Fold[] {
  const [judged] = evals;
  if (!judged || evals.length > 1) {
    throw new ConfigError('protocol', `leave-one-species-out judges one set, got ${evals.length}.`);
  }
  const species = [...new Set(judged.scores.flatMap(({ attackType }) => attackType ?? []))].sort();
  if (species.length < 2) {
    throw new ConfigError(
      'protocol',
      `leave-one-species-out needs two attack species or more; ${judged.file} has ${species.length}.`,
    );
  }
  const without = (file: ScoreFile, isKept: (type: string) => boolean): ScoreFile => ({
    ...file,
    scores: file.scores.filter(({ attackType }) => attackType === null || isKept(attackType)),
  });
  return species.map((name) => ({
    name,
    dev: dev && without(dev, (type) => type !== name),
    evals: [without(judged, (type) => type === name)],
  }));
}

/**
 * Folds from a CSV file with the columns `fold`, `dev` and `eval`: names, and score files whose paths are relative to it. `dev` may be
 * empty or left out where the threshold is given.
 * @throws DataError with the line, and reason `no-column`, `bad-row`, `duplicate` or `empty`; and as `readScores`
 */
export async function readFolds(file: string): Promise<Fold[]> {
  const [header, ...rows] = parseCsv(file, await readText(file));
  const heads = header?.cells ?? [];
  const [name, dev, judged] = ['fold', 'dev', 'eval'].map((column) => heads.indexOf(column));
  if (name! < 0 || judged! < 0) {
    throw new DataError(
      file,
      header?.line ?? null,
      'no-column',
      `a header with fold,dev,eval is needed, got ${JSON.stringify(heads.join(','))}.`,
    );
  }
  if (rows.length === 0) throw new DataError(file, null, 'empty', 'there is no fold in it.');
  const near = (place: string) => (path.isAbsolute(place) ? place : path.join(path.dirname(file), place));
  const folds: Fold[] = [];
  for (const { line, cells } of rows) {
    if (cells.length !== heads.length || !cells[name!] || !cells[judged!]) {
      throw new DataError(
        file,
        line,
        'bad-row',
        `a name and a file to judge are needed, got ${JSON.stringify(cells.join(','))}.`,
      );
    }
    if (folds.some((fold) => fold.name === cells[name!])) {
      throw new DataError(file, line, 'duplicate', `the fold "${cells[name!]}" is there already.`);
    }
    const chosenOn = dev! < 0 ? '' : cells[dev!]!;
    folds.push({
      name: cells[name!]!,
      dev: chosenOn === '' ? null : await readScores(near(chosenOn)),
      evals: [await readScores(near(cells[judged!]!))],
    });
  }
  return folds;
}
