import { ConfigError, DataError } from '../../errors.js';
import { type Criterion, chooseThreshold } from '../../metrics/attack-detection/index.js';
import type { ScoreFile } from '../scores/index.js';
import { type JudgingOptions, judgeScores, rankScores, type SetEvaluation } from './score-set.js';
import { type EvaluationWarning, warningsOf } from './warnings.js';

/** Where the threshold comes from. */
export type ThresholdRule =
  /** It was given. */
  | { readonly kind: 'given'; readonly threshold: number }
  /** A criterion chooses it on the development set: the one that says something about other data. */
  | { readonly kind: 'development-set'; readonly criterion: Criterion; readonly text: string }
  /** A criterion chooses it on the very presentations that are then judged by it, which flatters the detector. */
  | { readonly kind: 'test-data'; readonly criterion: Criterion; readonly text: string };

export interface ScoreEvaluation {
  readonly threshold: number;
  readonly rule: ThresholdRule;
  /** Null when the threshold comes from elsewhere and no such set was given. */
  readonly dev: SetEvaluation | null;
  /** In the order in which they were given; at least one. */
  readonly evals: readonly SetEvaluation[];
  readonly warnings: readonly EvaluationWarning[];
}

export interface EvaluationInput {
  readonly dev: ScoreFile | null;
  readonly evals: readonly ScoreFile[];
}

/**
 * Judges score files at one threshold.
 * @throws ConfigError of key `dev`, `eval`, `criterion`, `threshold` or `by`; DataError with reason `test-data` when the development set is
 *   one of the sets that are judged
 */
export function evaluateScores(
  { dev, evals }: EvaluationInput,
  rule: ThresholdRule,
  options: JudgingOptions = {},
): ScoreEvaluation {
  if (evals.length === 0) throw new ConfigError('eval', 'there is nothing to judge: give at least one file of scores.');
  const same = rule.kind === 'development-set' && dev && evals.find(({ sha256 }) => sha256 === dev.sha256);
  if (same) {
    const detail = `it is the development set ${dev.file} again: a threshold that is chosen on what it is judged by flatters the detector. If that is what you want, say --optimistic-threshold-from-test-data.`;
    throw new DataError(same.file, null, 'test-data', detail);
  }
  const threshold = thresholdBy(rule, dev, evals);
  const judged = {
    threshold,
    rule,
    dev: dev && judgeScores(dev, threshold, options),
    evals: evals.map((file) => judgeScores(file, threshold, options)),
  };
  return { ...judged, warnings: warningsOf(judged) };
}

function thresholdBy(rule: ThresholdRule, dev: ScoreFile | null, evals: readonly ScoreFile[]): number {
  if (rule.kind === 'given') return rule.threshold;
  if (rule.kind === 'test-data' && (dev || evals.length > 1)) {
    throw new ConfigError(
      'eval',
      'a threshold from test data is chosen on one file of scores, which is then judged: give that one alone.',
    );
  }
  const chosenOn = rule.kind === 'test-data' ? evals[0]! : dev;
  if (!chosenOn) {
    throw new ConfigError('dev', `"${rule.text}" chooses a threshold on a development set: give its scores, or a threshold.`);
  }
  return chooseThreshold(rankScores(chosenOn.scores), rule.criterion, chosenOn.file);
}
