import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.js';
import { curvePoints, type Presentation, rank, ratesAt } from '../../../src/metrics/attack-detection/index.js';
import { anySet, byHand, fullSet, presentations } from './made.js';

const inf = Number.POSITIVE_INFINITY;

describe('rates worked out by hand', () => {
  it('at 0.6, where a score that is equal to the threshold is accepted', () => {
    // print: 0.7 of four. replay: 0.6 of the two that were answered. Bona fide: 0.4 of four is rejected.
    // Pairs that the bona fide one wins: 0.9 and 0.8 all six; 0.6 four, and half of the tie; 0.4 three: 19.5 of 24.
    // Pooled APCER and BPCER from the strictest threshold on, over 12: (0, 12) (0, 9) (0, 6) (2, 6) (4, 3) …: nearest at 4 and 3.
    // No species above 10 % and less: thresholds in (0.7, 0.8], where 0.6 and 0.4 of the bona fide are rejected.
    expect(ratesAt(rank(byHand), 0.6)).toEqual({
      apcer: { print: 1 / 4, replay: 1 / 2 },
      apcerAp: 1 / 2,
      worstSpecies: 'replay',
      apcerPooled: 2 / 6,
      bpcer: 1 / 4,
      acer: 3 / 8,
      hter: (2 / 6 + 1 / 4) / 2,
      far: 2 / 6,
      frr: 1 / 4,
      fta: 2 / 12,
      apnrr: { print: 0, replay: 1 / 3 },
      bpnrr: 1 / 5,
      eer: (4 / 12 + 3 / 12) / 2,
      auc: 19.5 / 24,
      bpcerAtApcer: { '10%': 1 / 2, '5%': 1 / 2, '1%': 1 / 2, '0.1%': 1 / 2 },
    });
  });

  it('just above 0.6 and at the ends', () => {
    expect(ratesAt(rank(byHand), 0.6000001)).toMatchObject({ apcer: { print: 1 / 4, replay: 0 }, bpcer: 1 / 2 });
    expect(ratesAt(rank(byHand), inf)).toMatchObject({ apcerAp: 0, apcerPooled: 0, bpcer: 1, worstSpecies: 'print' });
    expect(ratesAt(rank(byHand), -inf)).toMatchObject({ apcerAp: 1, apcerPooled: 1, bpcer: 0 });
  });

  it('tells BPCER at each APCER, by the worst species', () => {
    // Of 1000 prints, one is accepted from 0.9 down, 10 from 0.8, 50 from 0.7, 100 from 0.6; the 1 of 10 replays from 0.65.
    const prints = [
      0.9,
      ...Array(9).fill(0.8),
      ...Array(40).fill(0.7),
      ...Array(50).fill(0.6),
      ...Array(900).fill(0),
    ] as number[];
    const bonafide = [0.95, 0.9, 0.8, 0.7, 0.66, 0.6, 0.1];
    const { bpcerAtApcer } = ratesAt(
      rank(presentations(bonafide, { print: prints, replay: [0.65, ...Array(9).fill(0)] as number[] })),
      0,
    );
    // 0.1 %: from 0.9 up, which two of seven bona fide reach. 1 %: from 0.8, three. 5 %: from 0.66, five: at 0.65 the replays have 10 %.
    // 10 %: down to 0.1, all seven: what is left is at 0.
    expect(bpcerAtApcer).toEqual({ '0.1%': 5 / 7, '1%': 4 / 7, '5%': 2 / 7, '10%': 0 });
  });
});

describe('what is missing', () => {
  it('has no rate: an empty class, an empty species, nothing at all', () => {
    expect(ratesAt(rank(presentations([], { print: [1] })), 0)).toMatchObject({
      bpcer: null,
      acer: null,
      hter: null,
      eer: null,
      auc: null,
      apcerAp: 1,
      bpnrr: null,
      bpcerAtApcer: { '10%': null },
    });
    expect(ratesAt(rank(presentations([1], {})), 0)).toMatchObject({
      apcer: {},
      apcerAp: null,
      worstSpecies: null,
      acer: null,
      bpcer: 0,
    });
    expect(ratesAt(rank(presentations([1], { print: [0], mask: [Number.NaN] })), 0.5)).toMatchObject({
      apcer: { mask: null, print: 0 },
      apcerAp: 0,
      worstSpecies: 'print',
      apnrr: { mask: 1, print: 0 },
    });
    expect(ratesAt(rank([]), 0)).toMatchObject({ fta: null, apcerPooled: null, bpcer: null });
  });

  it('is not confused with a low score: failures to acquire are in no error rate', () => {
    fc.assert(
      fc.property(anySet, fc.integer({ min: -8, max: 8 }), (set, quarter) => {
        const answered = set.filter(({ score }) => !Number.isNaN(score));
        const [all, without] = [ratesAt(rank(set), quarter / 4), ratesAt(rank(answered), quarter / 4)];
        for (const rate of ['apcerAp', 'apcerPooled', 'bpcer', 'eer', 'auc'] as const) expect(all[rate]).toBe(without[rate]);
        expect(all.fta).toBe(set.length === 0 ? null : (set.length - answered.length) / set.length);
      }),
    );
  });

  it('refuses a threshold that is no number', () => {
    expect(() => ratesAt(rank(byHand), Number.NaN)).toThrow(ConfigError);
  });
});

describe('infinite scores', () => {
  it('stand at the ends: +Infinity is accepted at every threshold, -Infinity only at -Infinity', () => {
    const ranking = rank(presentations([inf, -inf], { print: [inf, -inf, 0, 0] }));
    expect(ratesAt(ranking, inf)).toMatchObject({ apcerAp: 1 / 4, bpcer: 1 / 2 });
    expect(ratesAt(ranking, -1e308)).toMatchObject({ apcerAp: 3 / 4, bpcer: 1 / 2 });
    expect(ratesAt(ranking, -inf)).toMatchObject({ apcerAp: 1, bpcer: 0 });
    // No threshold rejects the attack of +Infinity.
    expect(ratesAt(ranking, 0).bpcerAtApcer['10%']).toBeNull();
    // +Infinity beats three and ties with one, -Infinity ties with one: 4 of 8 pairs.
    expect(ratesAt(ranking, 0).auc).toBe(4 / 8);
  });
});

describe('properties', () => {
  it('APCER falls and BPCER rises with the threshold', () => {
    fc.assert(
      fc.property(fullSet, (set) => {
        const ranking = rank(set);
        const thresholds = [-inf, ...Array.from({ length: 15 }, (_, i) => (i - 7) / 4 - 0.1), inf];
        const rates = thresholds.map((threshold) => ratesAt(ranking, threshold));
        for (const [i, higher] of rates.entries()) {
          const lower = rates[i - 1] ?? higher;
          for (const [name, apcer] of Object.entries(higher.apcer))
            expect(apcer ?? 0).toBeLessThanOrEqual(lower.apcer[name] ?? 0);
          expect(higher.apcerPooled!).toBeLessThanOrEqual(lower.apcerPooled!);
          expect(higher.bpcer!).toBeGreaterThanOrEqual(lower.bpcer!);
        }
      }),
    );
  });

  it('the pooled APCER lies between the best and the worst species', () => {
    fc.assert(
      fc.property(fullSet, fc.integer({ min: -8, max: 8 }), (set, quarter) => {
        const { apcer, apcerAp, apcerPooled } = ratesAt(rank(set), quarter / 4);
        expect(apcerPooled!).toBeLessThanOrEqual(apcerAp! + 1e-12);
        expect(apcerPooled!).toBeGreaterThanOrEqual(Math.min(...Object.values(apcer).map((rate) => rate!)) - 1e-12);
      }),
    );
  });

  it('a strictly rising map of scores and threshold changes nothing', () => {
    const map = (score: number) => score ** 3 + score - 7;
    fc.assert(
      fc.property(anySet, fc.integer({ min: -8, max: 8 }), (set, quarter) => {
        const mapped = set.map((presentation) => ({ ...presentation, score: map(presentation.score) }));
        expect(ratesAt(rank(mapped), map(quarter / 4))).toEqual(ratesAt(rank(set), quarter / 4));
      }),
    );
  });

  it('the order of the presentations changes nothing', () => {
    fc.assert(
      fc.property(anySet, (set) => {
        expect(ratesAt(rank([...set].reverse()), 0.25)).toEqual(ratesAt(rank(set), 0.25));
      }),
    );
  });

  it('the area is the share of pairs that the bona fide one wins, ties as half', () => {
    fc.assert(
      fc.property(anySet, (set) => {
        const scores = (isBonafide: boolean) =>
          set.filter(({ species, score }) => (species === null) === isBonafide && !Number.isNaN(score)).map(({ score }) => score);
        const pairs = scores(true).flatMap((live) =>
          scores(false).map((attack) => (live > attack ? 1 : live === attack ? 0.5 : 0)),
        );
        const area = pairs.length === 0 ? null : pairs.reduce((sum, won) => sum + won, 0 as number) / pairs.length;
        expect(ratesAt(rank(set), 0).auc).toBe(area);
      }),
    );
  });

  it('rates at the thresholds of the curve are those of the curve', () => {
    fc.assert(
      fc.property(anySet, (set) => {
        const ranking = rank(set);
        const points = curvePoints(ranking);
        for (const { threshold, apcerWorst, apcerPooled, bpcer } of points) {
          const rates = ratesAt(ranking, threshold);
          expect([rates.apcerAp, rates.apcerPooled, rates.bpcer]).toEqual([apcerWorst, apcerPooled, bpcer]);
        }
        const hasBoth = (of: (presentation: Presentation) => boolean) => set.some((one) => !Number.isNaN(one.score) && of(one));
        expect(points.length > 0).toBe(hasBoth(({ species }) => species === null) && hasBoth(({ species }) => species !== null));
      }),
    );
  });
});
