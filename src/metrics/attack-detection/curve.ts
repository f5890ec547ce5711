import { bonafideClass, type Ranking } from './ranking.js';
import { sweep } from './sweep.js';

/** The APCER at which the BPCER is reported. */
export const apcerLimits = { '10%': 0.1, '5%': 0.05, '1%': 0.01, '0.1%': 0.001 } as const;

export type ApcerLimit = keyof typeof apcerLimits;

/** What does not depend on a threshold. */
export interface CurveRates {
  /** Null, as the area, without bona fide presentations or without attacks. */
  readonly eer: number | null;
  readonly auc: number | null;
  /** The lowest BPCER at which no species has a higher APCER; null where no threshold does that, or a class is empty. */
  readonly bpcerAtApcer: Readonly<Record<ApcerLimit, number | null>>;
}

const limits = Object.entries(apcerLimits) as readonly (readonly [ApcerLimit, number])[];

/**
 * - Equal error rate: (pooled APCER + BPCER) / 2 at the threshold where the two are nearest; of equally near ones, the strictest.
 * - Area under the ROC curve: the share of pairs (bona fide, attack) in which the bona fide one scores higher, ties counted as half
 *   (Mann and Whitney's U over the number of pairs).
 */
export function curveRates(ranking: Ranking, weights?: Int32Array): CurveRates {
  const { byClass, bonafide, attacks } = totalsOf(ranking, weights);
  const bpcerAtApcer: Record<ApcerLimit, number | null> = { '10%': null, '5%': null, '1%': null, '0.1%': null };
  if (bonafide === 0 || attacks === 0) return { eer: null, auc: null, bpcerAtApcer };

  let [eer, nearest] = [0, Number.POSITIVE_INFINITY];
  let [won, bonafideBefore, attacksBefore] = [0, 0, 0];
  let open = limits.length;
  sweep(
    ranking,
    (_, accepted, acceptedAttacks) => {
      const acceptedBonafide = accepted[bonafideClass]!;
      const rejected = bonafide - acceptedBonafide;
      // Numerators over attacks * bonafide: integers, so that what is equally far is found to be so.
      const apart = Math.abs(acceptedAttacks * bonafide - rejected * attacks);
      if (apart < nearest) [nearest, eer] = [apart, (acceptedAttacks / attacks + rejected / bonafide) / 2];
      won += (acceptedAttacks - attacksBefore) * (bonafideBefore + (acceptedBonafide - bonafideBefore) / 2);
      [bonafideBefore, attacksBefore] = [acceptedBonafide, acceptedAttacks];
      if (open === 0) return;
      const worst = worstApcer(accepted, byClass)!;
      while (open > 0 && worst > limits[open - 1]![1]) open--;
      for (let i = 0; i < open; i++) bpcerAtApcer[limits[i]![0]] = rejected / bonafide;
    },
    weights,
  );
  // An attack is beaten by the bona fide presentations above it, and half by those beside it.
  return { eer, auc: won / (attacks * bonafide), bpcerAtApcer };
}

/** The highest share of a species that is accepted; null without attacks that were answered. */
export function worstApcer(accepted: ArrayLike<number>, totals: ArrayLike<number>): number | null {
  let worst: number | null = null;
  for (let kind = 1; kind < totals.length; kind++) {
    if (totals[kind]! > 0) worst = Math.max(worst ?? 0, accepted[kind]! / totals[kind]!);
  }
  return worst;
}

/** One point of the curves that are drawn. */
export interface CurvePoint {
  readonly threshold: number;
  readonly apcerWorst: number;
  readonly apcerPooled: number;
  readonly bpcer: number;
}

/** All operating points, from the strictest threshold to the most lenient; none without bona fide presentations or attacks. */
export function curvePoints(ranking: Ranking): CurvePoint[] {
  const { byClass, bonafide, attacks } = totalsOf(ranking);
  const points: CurvePoint[] = [];
  if (bonafide === 0 || attacks === 0) return points;
  sweep(ranking, (threshold, accepted, acceptedAttacks) => {
    points.push({
      threshold,
      apcerWorst: worstApcer(accepted, byClass)!,
      apcerPooled: acceptedAttacks / attacks,
      bpcer: (bonafide - accepted[bonafideClass]!) / bonafide,
    });
  });
  return points;
}

/** Presentations that were answered. */
export interface Totals {
  readonly byClass: Float64Array;
  readonly bonafide: number;
  readonly attacks: number;
}

export function totalsOf({ species, classes, owners, answered }: Ranking, weights?: Int32Array): Totals {
  const byClass = new Float64Array(species.length + 1);
  for (let i = 0; i < answered; i++) byClass[classes[i]!]! += weights ? weights[owners[i]!]! : 1;
  const bonafide = byClass[bonafideClass]!;
  return { byClass, bonafide, attacks: byClass.reduce((sum, count) => sum + count, 0) - bonafide };
}
