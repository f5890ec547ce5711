import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.js';
import {
  type Criterion,
  chooseThreshold,
  curvePoints,
  parseCriterion,
  rank,
  ratesAt,
} from '../../../src/metrics/attack-detection/index.js';
import { byHand, fullSet, presentations } from './made.js';

const inf = Number.POSITIVE_INFINITY;
const choose = (text: string, set = byHand) => chooseThreshold(rank(set), parseCriterion(text));

describe('parseCriterion', () => {
  it.each([
    ['eer', { kind: 'eer' }],
    ['min-hter', { kind: 'min-hter' }],
    ['bpcer20', { kind: 'apcer', limit: 0.05 }],
    ['bpcer100', { kind: 'apcer', limit: 0.01 }],
    ['apcer20', { kind: 'bpcer', limit: 0.05 }],
    ['apcer:1%', { kind: 'apcer', limit: 0.01 }],
    // 0.7 / 100 is another number than 0.007.
    ['apcer:0.7%', { kind: 'apcer', limit: 0.007 }],
    ['bpcer:100 %', { kind: 'bpcer', limit: 1 }],
  ])('%s', (text, criterion) => {
    expect(parseCriterion(text)).toEqual(criterion);
  });

  it.each(['', 'EER', 'apcer', 'apcer:1', 'apcer:101%', 'apcer:-1%', 'bpcer0', 'hter', 'apcer:1%%'])('refuses "%s"', (text) => {
    expect(() => parseCriterion(text)).toThrow(ConfigError);
  });
});

describe('thresholds worked out by hand', () => {
  // (worst APCER, pooled APCER, BPCER) from the strictest on; each threshold is half way to the next lower score:
  // 0.85 (0, 0, 3/4)  0.75 (0, 0, 1/2)  0.65 (1/4, 1/6, 1/2)  0.55 (1/2, 1/3, 1/4)  0.45 (1, 1/2, 1/4)  0.35 (1, 1/2, 0) …
  it.each([
    ['eer', 0.55],
    // 1/2 at 0.75 and at 0.35: the strictest.
    ['min-hter', 0.75],
    ['apcer:0%', 0.75],
    // 0.65 is allowed too, but rejects no less bona fide.
    ['apcer:25%', 0.75],
    ['apcer:50%', 0.55],
    ['bpcer:25%', 0.55],
    ['bpcer:24%', 0.35],
    // 0.75 and 0.85 have the same APCER: the one that rejects less.
    ['bpcer:100%', 0.75],
  ])('%s: %d', (text, threshold) => {
    expect(choose(text)).toBeCloseTo(threshold, 12);
  });

  it('stands in the middle of a gap', () => {
    expect(choose('eer', presentations([1, 3], { print: [-2, 0] }))).toBe(0.5);
  });

  it('between neighbours of floating point, and beside infinite scores, is the upper one', () => {
    const above = 1 + Number.EPSILON;
    expect(choose('eer', presentations([above], { print: [1] }))).toBe(above);
    expect(choose('eer', presentations([2], { print: [-inf] }))).toBe(2);
    expect(choose('eer', presentations([inf], { print: [2] }))).toBe(inf);
    expect(choose('eer', presentations([inf], { print: [-inf] }))).toBe(inf);
    expect(choose('eer', presentations([Number.MAX_VALUE], { print: [-Number.MAX_VALUE] }))).toBe(0);
  });

  it('copes with scores that are all alike: everything or nothing', () => {
    const alike = presentations([5, 5], { print: [5] });
    expect(choose('eer', alike)).toBe(inf);
    expect(choose('bpcer:0%', alike)).toBe(-inf);
  });
});

describe('no threshold', () => {
  it.each([
    ['no attack', presentations([1], {})],
    ['no bona fide presentation', presentations([], { print: [1] })],
    ['no answer', presentations([1], { print: [Number.NaN] })],
  ])('for %s', (_, set) => {
    expect(() => choose('eer', set)).toThrow(/needs both to choose a threshold/);
  });

  it('for a limit that an infinite score breaks', () => {
    expect(() => choose('apcer:10%', presentations([1], { print: [inf] }))).toThrow(
      /no threshold in the scores keeps the APCER within its limit/,
    );
  });
});

describe('properties', () => {
  const criteria = fc.oneof(
    fc.constantFrom<Criterion>({ kind: 'eer' }, { kind: 'min-hter' }),
    fc.record({
      kind: fc.constantFrom('apcer' as const, 'bpcer' as const),
      limit: fc.integer({ min: 0, max: 10 }).map((tenth) => tenth / 10),
    }),
  );

  it('no threshold at all does better', () => {
    fc.assert(
      fc.property(fullSet, criteria, (set, criterion) => {
        const ranking = rank(set);
        const cost = (threshold: number) => {
          const { apcerAp, apcerPooled, bpcer, hter } = ratesAt(ranking, threshold);
          if (criterion.kind === 'eer') return Math.abs(apcerPooled! - bpcer!);
          if (criterion.kind === 'min-hter') return hter!;
          const [held, free] = criterion.kind === 'apcer' ? [apcerAp!, bpcer!] : [bpcer!, apcerAp!];
          return held <= criterion.limit ? free : inf;
        };
        const chosen = cost(chooseThreshold(ranking, criterion));
        expect(chosen).toBeLessThan(inf);
        for (const { score } of set) {
          for (const threshold of [score, score + 1e-9, inf]) expect(chosen).toBeLessThanOrEqual(cost(threshold) + 1e-12);
        }
      }),
    );
  });

  it('is one of those that the curve has', () => {
    fc.assert(
      fc.property(fullSet, criteria, (set, criterion) => {
        const ranking = rank(set);
        expect(curvePoints(ranking).map(({ threshold }) => threshold)).toContain(chooseThreshold(ranking, criterion));
      }),
    );
  });

  it('decides alike about the presentations it was chosen on after a strictly rising map', () => {
    const map = (score: number) => score ** 3 + score - 7;
    fc.assert(
      fc.property(fullSet, criteria, (set, criterion) => {
        const mapped = set.map((presentation) => ({ ...presentation, score: map(presentation.score) }));
        const [before, after] = [chooseThreshold(rank(set), criterion), chooseThreshold(rank(mapped), criterion)];
        expect(mapped.map(({ score }) => score >= after)).toEqual(set.map(({ score }) => score >= before));
      }),
    );
  });
});
