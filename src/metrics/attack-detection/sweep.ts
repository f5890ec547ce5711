import { bonafideClass, type Ranking } from './ranking.js';

/**
 * Hears what is accepted at one threshold: `accepted` counts the presentations of each class and is overwritten afterwards, `attacks`
 * those of all species together.
 */
export type Visit = (threshold: number, accepted: Float64Array, attacks: number) => void;

/**
 * Every way in which a threshold can divide the presentations that were answered, from the strictest, +Infinity, to the most lenient,
 * -Infinity. `score >= threshold` accepts, so a score of +Infinity is accepted at each of them.
 *
 * Any threshold in (lower, upper], between two neighbouring scores, divides alike. Ours is their midpoint: on other data it treats
 * both sides alike, and a score that was written with fewer digits does not cross it. Beside an infinite score there is no midpoint,
 * and between neighbouring floating-point numbers none that differs from both: there it is `upper`.
 * @param weights how often the presentations of each subject count (once by default)
 */
export function sweep(ranking: Ranking, visit: Visit, weights?: Int32Array): void {
  const { scores, classes, owners, answered } = ranking;
  const accepted = new Float64Array(ranking.species.length + 1);
  let [at, attacks] = [0, 0];
  const accept = (score: number) => {
    for (; at < answered && scores[at] === score; at++) {
      const kind = classes[at]!;
      const weight = weights ? weights[owners[at]!]! : 1;
      accepted[kind]! += weight;
      if (kind !== bonafideClass) attacks += weight;
    }
  };
  accept(Number.POSITIVE_INFINITY);
  visit(Number.POSITIVE_INFINITY, accepted, attacks);
  while (at < answered) {
    const score = scores[at]!;
    accept(score);
    const threshold = at < answered ? thresholdBetween(scores[at]!, score) : Number.NEGATIVE_INFINITY;
    visit(threshold, accepted, attacks);
  }
}

function thresholdBetween(lower: number, upper: number): number {
  const middle = lower / 2 + upper / 2;
  return Number.isFinite(middle) && middle > lower && middle <= upper ? middle : upper;
}
