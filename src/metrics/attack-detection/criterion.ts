import { ConfigError } from '../../errors.js';
import { type Totals, totalsOf, worstApcer } from './curve.js';
import { bonafideClass, type Ranking } from './ranking.js';
import { sweep } from './sweep.js';

/** By what a threshold is chosen. */
export type Criterion =
  /** Where the pooled APCER and the BPCER are nearest. */
  | { readonly kind: 'eer' }
  /** Where their mean is lowest. */
  | { readonly kind: 'min-hter' }
  /** The lowest BPCER at which no species has an APCER above `limit`. */
  | { readonly kind: 'apcer'; readonly limit: number }
  /** The lowest APCER of the worst species at which the BPCER is not above `limit`. */
  | { readonly kind: 'bpcer'; readonly limit: number };

export const criterionForms = 'eer, min-hter, bpcer10, bpcer20, bpcer100, bpcer1000, apcer:1%, bpcer:1%';

/**
 * Reads `eer`, `min-hter`, `apcer:R%`, `bpcer:R%` (a percentage from 0 to 100), `bpcerN` (the BPCER at an APCER of at most 1/N: the same
 * as `apcer:` that share) and `apcerN` (the other way round).
 * @throws ConfigError of key `criterion`
 */
export function parseCriterion(text: string): Criterion {
  if (text === 'eer' || text === 'min-hter') return { kind: text };
  const [, held, percent] = /^(apcer|bpcer):(\d{1,3}(?:\.\d+)?)\s*%$/.exec(text) ?? [];
  // As one literal, so that 0.7 % is the number nearest to 0.007, which 7 of 1000 is too.
  if (held && Number(percent) <= 100) return { kind: held as 'apcer' | 'bpcer', limit: Number(`${percent}e-2`) };
  const [, reported, parts] = /^(apcer|bpcer)([1-9]\d{0,5})$/.exec(text) ?? [];
  if (reported) return { kind: reported === 'bpcer' ? 'apcer' : 'bpcer', limit: 1 / Number(parts) };
  throw new ConfigError(
    'criterion',
    `"${text}" is not a way to choose a threshold. There are: ${criterionForms}; other numbers work too.`,
  );
}

/**
 * The threshold, of those that `sweep` lists, that the criterion likes best; of several that it likes alike, the strictest: between
 * errors that count the same, those of attacks are the worse ones.
 * @param source what the presentations are called in messages
 * @throws ConfigError of key `criterion` when no bona fide presentation or no attack was answered, or no threshold keeps the limit
 *   (attacks of score +Infinity are accepted at every one)
 */
export function chooseThreshold(ranking: Ranking, criterion: Criterion, source = 'the scores'): number {
  const totals = totalsOf(ranking);
  const { bonafide, attacks } = totals;
  if (bonafide === 0 || attacks === 0) {
    const detail = `got ${bonafide} bona fide presentations and ${attacks} attacks with a score in ${source}, needs both to choose a threshold. Give a threshold, or other scores.`;
    throw new ConfigError('criterion', detail);
  }
  let [chosen, best] = [Number.NaN, [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY] as Badness];
  sweep(ranking, (threshold, accepted, acceptedAttacks) => {
    const badness = judge(criterion, totals, { accepted, acceptedAttacks, rejected: bonafide - accepted[bonafideClass]! });
    if (badness && isLess(badness, best)) [chosen, best] = [threshold, badness];
  });
  if (Number.isNaN(chosen)) {
    const detail = `no threshold in ${source} keeps the ${criterion.kind.toUpperCase()} within its limit: presentations of an infinite score stand in the way.`;
    throw new ConfigError('criterion', detail);
  }
  return chosen;
}

/** What is to be small, and what decides between equals. */
type Badness = readonly [first: number, second: number];

function isLess(a: Badness, b: Badness): boolean {
  return a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
}

/** What a threshold does. */
interface Outcome {
  readonly accepted: Float64Array;
  readonly acceptedAttacks: number;
  /** Bona fide presentations that are taken for attacks. */
  readonly rejected: number;
}

/** Null where the limit is not kept. Both errors of `eer` and `min-hter` are taken over attacks * bonafide: integers compare exactly. */
function judge(criterion: Criterion, totals: Totals, { accepted, acceptedAttacks, rejected }: Outcome): Badness | null {
  const { byClass, attacks, bonafide } = totals;
  switch (criterion.kind) {
    case 'eer':
      return [Math.abs(acceptedAttacks * bonafide - rejected * attacks), 0];
    case 'min-hter':
      return [acceptedAttacks * bonafide + rejected * attacks, 0];
    case 'apcer':
      return worstApcer(accepted, byClass)! <= criterion.limit ? [rejected, 0] : null;
    case 'bpcer':
      return rejected / bonafide <= criterion.limit ? [worstApcer(accepted, byClass)!, rejected] : null;
  }
}
