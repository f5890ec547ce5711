import type { DetectorScore } from '../scores/index.js';
import type { SetEvaluation } from './score-set.js';

export interface WorstErrors {
  /** Attacks that were taken for bona fide, the highest score first. */
  readonly attacks: readonly DetectorScore[];
  /** Bona fide presentations that were taken for attacks, the lowest score first. */
  readonly bonafide: readonly DetectorScore[];
}

/** All errors of each kind, from those that are furthest from the threshold on. */
export function worstErrors({ scores }: Pick<SetEvaluation, 'scores'>, threshold: number): WorstErrors {
  const attacks = scores.filter(({ attackType, score }) => attackType !== null && score >= threshold);
  const bonafide = scores.filter(({ attackType, score }) => attackType === null && score < threshold);
  return {
    attacks: attacks.sort((a, b) => byNumber(b.score, a.score)),
    bonafide: bonafide.sort((a, b) => byNumber(a.score, b.score)),
  };
}

/** Infinite ones included, whose difference is no number. */
function byNumber(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
