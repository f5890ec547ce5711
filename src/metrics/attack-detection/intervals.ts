import { drawSubjects, percentileInterval } from './bootstrap.js';
import { clopperPearson } from './clopper-pearson.js';
import { type ApcerLimit, apcerLimits, curveRates } from './curve.js';
import { type Proportion, proportionsAt } from './proportions.js';
import type { Ranking } from './ranking.js';
import { named, type Rates, ratesAt, share } from './rates.js';

export interface IntervalOptions {
  /** Default 0.95. */
  readonly level?: number;
  /** Draws of subjects; default 1000. */
  readonly resamples?: number;
  /** Default 1. */
  readonly seed?: number;
}

/** Null where nothing can be said. */
export type Interval = readonly [low: number, high: number] | null;

/** Intervals of {@link Rates}, at a threshold that is taken as given. */
export interface RateIntervals {
  readonly apcer: Readonly<Record<string, Interval>>;
  readonly apcerAp: Interval;
  readonly apcerPooled: Interval;
  readonly bpcer: Interval;
  readonly acer: Interval;
  readonly hter: Interval;
  readonly eer: Interval;
  readonly auc: Interval;
  readonly fta: Interval;
  readonly bpcerAtApcer: Readonly<Record<ApcerLimit, Interval>>;
}

export interface Confidence {
  readonly level: number;
  readonly method: 'bootstrap-over-subjects' | 'clopper-pearson';
  /** Null where they are not known. */
  readonly subjects: number | null;
  /** Null without a bootstrap, as the seed. */
  readonly resamples: number | null;
  readonly seed: number | null;
  readonly intervals: RateIntervals;
}

/**
 * How far the rates of a set may be from those that more presentations of its kind would show.
 *
 * Where subjects are known, and some have several presentations, subjects are drawn again and again with replacement and the central
 * `level` of the rates is taken. Of a share the interval is never narrower than that of Clopper and Pearson over presentations: few errors
 * make a bootstrap too narrow. Without an error, or with nothing but errors, every draw gives the same, and nothing tells how far the
 * presentations of a subject go together: then it is the interval of Clopper and Pearson that counts each subject once. Where subjects are
 * not known it is theirs over presentations, which must then be independent; EER, AUC and BPCER at an APCER get none.
 *
 * A rate that is made of others (the worst species, a mean of two) holds in its interval what it can be while each of k parts stays in an
 * interval of level 1 - (1 - level) / k (Bonferroni): all of them do with a probability of at least `level`.
 */
export function confidenceOf(
  ranking: Ranking,
  threshold: number,
  { level = 0.95, resamples = 1000, seed = 1 }: IntervalOptions = {},
): Confidence {
  const proportions = proportionsAt(ranking, threshold);
  const rates = ratesAt(ranking, threshold);
  const draws = isClustered(ranking) ? drawSubjects(ranking.subjects.length, resamples, seed) : null;
  const ofProportion = cachedDraws(draws);
  const ofWorst = (atLevel: number): Interval => {
    const tried = proportions.apcer.filter(({ trials }) => trials > 0);
    const parts = tried.map((proportion) => ofProportion(proportion, shared(atLevel, tried.length)));
    return combine(parts, (values) => Math.max(...values));
  };
  const half = shared(level, 2);
  const ofMean = (part: (atLevel: number) => Interval): Interval =>
    combine([part(half), ofProportion(proportions.bpcer, half)], ([a, b]) => (a! + b!) / 2);
  return {
    level,
    method: draws ? 'bootstrap-over-subjects' : 'clopper-pearson',
    subjects: ranking.subjects?.length ?? null,
    resamples: draws ? resamples : null,
    seed: draws ? seed : null,
    intervals: {
      apcer: named(
        ranking.species,
        proportions.apcer.map((proportion) => ofProportion(proportion, level)),
      ),
      apcerAp: ofWorst(level),
      apcerPooled: ofProportion(proportions.apcerPooled, level),
      bpcer: ofProportion(proportions.bpcer, level),
      acer: ofMean(ofWorst),
      hter: ofMean((atLevel) => ofProportion(proportions.apcerPooled, atLevel)),
      fta: ofProportion(proportions.fta, level),
      ...curveIntervals(ranking, rates, draws, level),
    },
  };
}

/** Subjects of one presentation each are as independent as presentations are. */
function isClustered(ranking: Ranking): ranking is Ranking & { readonly subjects: readonly string[] } {
  const { subjects, owners } = ranking;
  return subjects !== null && subjects.length > 1 && subjects.length < owners.length;
}

/** The level that each of `parts` intervals needs for all of them to hold at `level`. */
function shared(level: number, parts: number): number {
  return 1 - (1 - level) / parts;
}

function cachedDraws(draws: readonly Int32Array[] | null): (proportion: Proportion, level: number) => Interval {
  const cache = new Map<Proportion, readonly (number | null)[]>();
  return (proportion, level) => {
    const { events, trials, bySubject } = proportion;
    if (trials === 0) return null;
    if (!draws) return clopperPearson(events, trials, level);
    if (events === 0 || events === trials) {
      const tried = bySubject.filter((counts) => counts.trials > 0).length;
      return clopperPearson(events === 0 ? 0 : tried, tried, level);
    }
    const drawn = cache.get(proportion) ?? draws.map((weights) => drawnShare(bySubject, weights));
    cache.set(proportion, drawn);
    const independent = clopperPearson(events, trials, level);
    const interval = percentileInterval(drawn, events / trials, level) ?? independent;
    return [Math.min(interval[0], independent[0]), Math.max(interval[1], independent[1])];
  };
}

/** Null when none of the drawn subjects has a trial. */
function drawnShare(bySubject: Proportion['bySubject'], weights: Int32Array): number | null {
  let [events, trials] = [0, 0];
  for (const [owner, counts] of bySubject.entries()) {
    events += weights[owner]! * counts.events;
    trials += weights[owner]! * counts.trials;
  }
  return share(events, trials);
}

/** `of` rises with each of its values: at the low ends it is lowest. */
function combine(parts: readonly Interval[], of: (values: readonly number[]) => number): Interval {
  const known = parts.filter((part) => part !== null);
  if (known.length === 0 || known.length < parts.length) return null;
  return [of(known.map(([low]) => low)), of(known.map(([, high]) => high))];
}

function curveIntervals(
  ranking: Ranking,
  rates: Rates,
  draws: readonly Int32Array[] | null,
  level: number,
): Pick<RateIntervals, 'eer' | 'auc' | 'bpcerAtApcer'> {
  const drawn = draws?.map((weights) => curveRates(ranking, weights)) ?? [];
  const interval = (of: (curve: Pick<Rates, 'eer' | 'auc' | 'bpcerAtApcer'>) => number | null): Interval => {
    const measured = of(rates);
    return measured === null ? null : percentileInterval(drawn.map(of), measured, level);
  };
  const limits = Object.keys(apcerLimits) as ApcerLimit[];
  const atLimits = limits.map((limit) => [limit, interval(({ bpcerAtApcer }) => bpcerAtApcer[limit])]);
  return {
    eer: interval(({ eer }) => eer),
    auc: interval(({ auc }) => auc),
    bpcerAtApcer: Object.fromEntries(atLimits) as Record<ApcerLimit, Interval>,
  };
}
