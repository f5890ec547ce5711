import { describe, expect, it } from 'vitest';
import { agreement } from '../../src/metrics/agreement.js';

describe('agreement', () => {
  const bound = { relative: 0.1, absolute: 0.01 };

  it('allows each number its own share, but never less than that of their mean square', () => {
    // rms = sqrt((9 + 1) / 2) = 2.236: the 1 may be off by 0.2336, the 3 by 0.31.
    expect(agreement([3.3, 1.23], [3, 1], bound)).toMatchObject({ outside: 0 });
    expect(agreement([3.3, 1.24], [3, 1], bound)).toMatchObject({ outside: 1, worst: 1 });
    expect(agreement([3.32, 1], [3, 1], bound)).toMatchObject({ outside: 1, worst: 0 });
  });

  it('tells the largest difference, and its share of what is allowed', () => {
    const { largestDifference, largestShare } = agreement([1, 5], [1, 3], { relative: 0, absolute: 0.5 });
    expect([largestDifference, largestShare]).toEqual([2, 4]);
    expect(agreement([], [], bound)).toEqual({ outside: 0, largestDifference: 0, largestShare: 0, worst: -1 });
    expect(agreement([2], [2], { relative: 0, absolute: 0 })).toMatchObject({ outside: 0, largestShare: 0 });
  });

  it('never takes what is not a number for right', () => {
    for (const [got, expected] of [
      [
        [Number.NaN, 1],
        [1, 1],
      ],
      [
        [1, 1],
        [1, Number.NaN],
      ],
    ] as const) {
      const { outside, largestDifference } = agreement(got, expected, bound);
      expect(outside).toBeGreaterThan(0);
      expect(largestDifference).toBeNaN();
    }
  });
});
