import { ConfigError } from '../../errors.js';
import { type CurveRates, curveRates, worstApcer } from './curve.js';
import { bonafideClass, countClasses, type Ranking } from './ranking.js';

/** A share by attack species; null for one of which nothing was answered. */
export type BySpecies = Readonly<Record<string, number | null>>;

/**
 * Error rates by ISO/IEC 30107-3, as shares from 0 to 1. They count the presentations that were answered; what got no answer is told
 * by `fta`, `apnrr` and `bpnrr`. Null is a rate of nothing: no such presentation was answered.
 */
export interface Rates extends CurveRates {
  /** Of each species, the share of attacks that was taken for bona fide. */
  readonly apcer: BySpecies;
  /** The highest of them: how the detector stands against an attacker who chooses. */
  readonly apcerAp: number | null;
  /** Whose that is; of several alike, the first by name. */
  readonly worstSpecies: string | null;
  /** Of all attacks together, whatever their species: the mix of the set decides it. Known as FAR too. */
  readonly apcerPooled: number | null;
  /** The share of bona fide presentations that was taken for attacks. Known as FRR too. */
  readonly bpcer: number | null;
  /** (apcerAp + bpcer) / 2 */
  readonly acer: number | null;
  /** (apcerPooled + bpcer) / 2 */
  readonly hter: number | null;
  readonly far: number | null;
  readonly frr: number | null;
  /** Failure to acquire: the share of all presentations that got no answer. */
  readonly fta: number | null;
  /** The same of each species, and of the bona fide presentations. */
  readonly apnrr: BySpecies;
  readonly bpnrr: number | null;
}

/**
 * All rates when `score >= threshold` accepts.
 * @throws ConfigError when the threshold is NaN: nothing is above it or below
 */
export function ratesAt(ranking: Ranking, threshold: number): Rates {
  const { species } = ranking;
  const accepted = acceptedAt(ranking, threshold);
  const { presented, answered } = countClasses(ranking);
  const attacks = sum(answered.slice(1));
  const apcer = species.map((_, s) => share(accepted[s + 1]!, answered[s + 1]!));
  const apcerAp = worstApcer(accepted, answered);
  const apcerPooled = share(sum(accepted.slice(1)), attacks);
  const bpcer = share(answered[bonafideClass]! - accepted[bonafideClass]!, answered[bonafideClass]!);
  const silent = presented.map((count, kind) => share(count - answered[kind]!, count));
  return {
    apcer: named(species, apcer),
    apcerAp,
    worstSpecies: apcerAp === null ? null : species[apcer.indexOf(apcerAp)]!,
    apcerPooled,
    bpcer,
    acer: mean(apcerAp, bpcer),
    hter: mean(apcerPooled, bpcer),
    far: apcerPooled,
    frr: bpcer,
    fta: share(sum(presented) - sum(answered), sum(presented)),
    apnrr: named(species, silent.slice(1)),
    bpnrr: silent[bonafideClass]!,
    ...curveRates(ranking),
  };
}

/** Presentations of each class with a score of at least `threshold`. @throws ConfigError when that is NaN */
export function acceptedAt({ species, scores, classes, answered }: Ranking, threshold: number): number[] {
  if (Number.isNaN(threshold)) throw new ConfigError('threshold', 'got NaN, needs a number: no score is above it or below.');
  const accepted = new Array<number>(species.length + 1).fill(0);
  for (let i = 0; i < answered && scores[i]! >= threshold; i++) accepted[classes[i]!]!++;
  return accepted;
}

export function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

/** Values by species, in an object that has nothing else: a species may be called `constructor`. */
export function named<T>(species: readonly string[], values: readonly T[]): Readonly<Record<string, T>> {
  const record = Object.create(null) as Record<string, T>;
  for (const [i, name] of species.entries()) record[name] = values[i]!;
  return record;
}

function mean(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : (a + b) / 2;
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
