import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  clopperPearson,
  confidenceOf,
  type Interval,
  type Presentation,
  rank,
  ratesAt,
} from '../../../src/metrics/attack-detection/index.js';
import { byHand, fullSet } from './made.js';

describe('clopperPearson', () => {
  // Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998), table I, method 5.
  it.each([
    [81, 263, 0.2527, 0.3676],
    [15, 148, 0.0578, 0.1617],
    [0, 20, 0, 0.1684],
    [1, 29, 0.0009, 0.1776],
  ])('%d of %d, as published', (events, trials, low, high) => {
    const interval = clopperPearson(events, trials, 0.95);
    expect(interval[0]).toBeCloseTo(low, 4);
    expect(interval[1]).toBeCloseTo(high, 4);
  });

  it('has a closed form where nothing or everything was seen', () => {
    // (1 - p)^n = alpha / 2
    for (const trials of [1, 7, 300, 20_000]) {
      const bound = 1 - 0.025 ** (1 / trials);
      expect(clopperPearson(0, trials, 0.95)[1]).toBeCloseTo(bound, 10);
      expect(clopperPearson(trials, trials, 0.95)[0]).toBeCloseTo(1 - bound, 10);
    }
  });

  it('ends where seeing as many, or as few, has a probability of half of what is left', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 60 }), fc.nat(), fc.constantFrom(0.8, 0.95, 0.999), (trials, seed, level) => {
        const events = 1 + (seed % (trials - 1));
        const [low, high] = clopperPearson(events, trials, level);
        expect(probability(events, trials, trials, low)).toBeCloseTo((1 - level) / 2, 9);
        expect(probability(0, events, trials, high)).toBeCloseTo((1 - level) / 2, 9);
      }),
    );
  });

  it('is symmetric, and narrows with the trials, also of millions', () => {
    const [low, high] = clopperPearson(30, 100, 0.95);
    const mirrored = clopperPearson(70, 100, 0.95);
    expect(mirrored[0]).toBeCloseTo(1 - high, 12);
    expect(mirrored[1]).toBeCloseTo(1 - low, 12);
    // 0.3 ± 1.96 sqrt(0.21 / n), and half an event for what is discrete.
    const [least, most] = clopperPearson(1_500_000, 5_000_000, 0.95);
    expect(least).toBeCloseTo(0.3 - 0.0004017, 6);
    expect(most).toBeCloseTo(0.3 + 0.0004017, 6);
  });
});

/** Of seeing from `least` to `most` events, by the sum. */
function probability(least: number, most: number, trials: number, share: number): number {
  let [sum, ways] = [0, 1];
  for (let events = 0; events <= most; events++) {
    if (events >= least) sum += ways * share ** events * (1 - share) ** (trials - events);
    ways = (ways * (trials - events)) / (events + 1);
  }
  return sum;
}

/** `perSubject` presentations of each of `subjects`, of which the first ones of some are errors. */
function clustered(subjects: number, perSubject: number, errors: (subject: number) => number): Presentation[] {
  return Array.from({ length: subjects }, (_, subject) =>
    Array.from({ length: perSubject }, (_, i): Presentation[] => [
      { species: null, score: i < errors(subject) ? 0 : 1, subject: `s${subject}` },
      { species: 'print', score: 0, subject: `s${subject}` },
    ]).flat(),
  ).flat();
}

describe('confidenceOf', () => {
  it('is that of Clopper and Pearson over presentations without subjects', () => {
    const { method, subjects, resamples, seed, intervals } = confidenceOf(rank(byHand), 0.6);
    expect({ method, subjects, resamples, seed }).toEqual({
      method: 'clopper-pearson',
      subjects: null,
      resamples: null,
      seed: null,
    });
    expect(intervals.apcer['print']).toEqual(clopperPearson(1, 4, 0.95));
    expect(intervals.apcerPooled).toEqual(clopperPearson(2, 6, 0.95));
    expect(intervals.bpcer).toEqual(clopperPearson(1, 4, 0.95));
    expect(intervals.fta).toEqual(clopperPearson(2, 12, 0.95));
    expect([intervals.eer, intervals.auc, intervals.bpcerAtApcer['1%']]).toEqual([null, null, null]);
    // The worst of two species: both at 97.5 %. A mean of two: each at 97.5 %, which for the worst species is 98.75 % for each.
    const worst = [clopperPearson(1, 4, 0.975), clopperPearson(1, 2, 0.975)];
    expect(intervals.apcerAp![0]).toBeCloseTo(Math.max(...worst.map(([low]) => low)), 12);
    expect(intervals.apcerAp![1]).toBeCloseTo(Math.max(...worst.map(([, high]) => high)), 12);
    const [print, replay, bonafide] = [clopperPearson(1, 4, 0.9875), clopperPearson(1, 2, 0.9875), clopperPearson(1, 4, 0.975)];
    expect(intervals.acer![1]).toBeCloseTo((Math.max(print[1], replay[1]) + bonafide[1]) / 2, 12);
  });

  it('is over presentations too where each subject has one', () => {
    const single = byHand.map((presentation, i) => ({ ...presentation, subject: String(i) }));
    expect(confidenceOf(rank(single), 0.6)).toMatchObject({ method: 'clopper-pearson', subjects: byHand.length });
  });

  it('counts each subject once where no error was seen', () => {
    // Of 20 subjects none has an error: 1 - 0.025^(1/20), whether each was shown once or ten times.
    for (const perSubject of [2, 10]) {
      const set = clustered(20, perSubject, () => 0);
      expect(confidenceOf(rank(set), 0.5).intervals.bpcer![1]).toBeCloseTo(0.1684, 4);
    }
  });

  it('is wider where the errors are those of a few subjects', () => {
    // 20 of 200 either way: two subjects with ten each, or every subject with one.
    const width = (interval: Interval) => interval![1] - interval![0];
    const few = confidenceOf(rank(clustered(20, 10, (subject) => (subject < 2 ? 10 : 0))), 0.5);
    const all = confidenceOf(rank(clustered(20, 10, () => 1)), 0.5);
    expect(width(all.intervals.bpcer)).toBeCloseTo(width(clopperPearson(20, 200, 0.95)), 12);
    expect(width(few.intervals.bpcer)).toBeGreaterThan(2 * width(all.intervals.bpcer));
    // Drawing 20 subjects of which 10 % fail: the 2.5 % and 97.5 % points of a binomial distribution are 0 and 5 of 20.
    expect(few.intervals.bpcer).toEqual([0, 0.25]);
  });

  it('is the same again, and another with another seed', () => {
    const set = rank(clustered(30, 7, (subject) => subject % 4));
    const interval = (seed: number) => confidenceOf(set, 0.5, { seed, resamples: 200 }).intervals.auc;
    expect(interval(3)).toEqual(interval(3));
    expect(interval(4)).not.toEqual(interval(3));
  });

  it('holds what was measured, and stays within 0 and 1', () => {
    fc.assert(
      fc.property(fullSet, fc.integer({ min: -6, max: 6 }), (set, quarter) => {
        const ranking = rank(set);
        const rates = ratesAt(ranking, quarter / 4);
        const { intervals } = confidenceOf(ranking, quarter / 4, { resamples: 60 });
        const pairs: (readonly [number | null, Interval])[] = [
          ...(['apcerAp', 'apcerPooled', 'bpcer', 'acer', 'hter', 'eer', 'auc', 'fta'] as const).map(
            (rate) => [rates[rate], intervals[rate]] as const,
          ),
          ...Object.keys(rates.apcer).map((species) => [rates.apcer[species]!, intervals.apcer[species]!] as const),
        ];
        for (const [rate, interval] of pairs) {
          if (interval === null) continue;
          expect(interval[0]).toBeLessThanOrEqual(rate! + 1e-12);
          expect(interval[1]).toBeGreaterThanOrEqual(rate! - 1e-12);
          expect(interval[0]).toBeGreaterThanOrEqual(0);
          expect(interval[1]).toBeLessThanOrEqual(1);
        }
        expect(intervals.bpcer).not.toBeNull();
        expect(intervals.acer).not.toBeNull();
      }),
    );
  });
});
