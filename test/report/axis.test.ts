import { describe, expect, it } from 'vitest';
import { logAxis, niceAxis, shortLabel } from '../../src/report/axis.js';

describe('niceAxis', () => {
  it('holds all values between round bounds', () => {
    const { min, max, step } = niceAxis([0.883, 0.914], 0.1, 6, true);
    expect(min).toBeLessThanOrEqual(0.883);
    expect(max).toBeGreaterThanOrEqual(0.914);
    expect(step).toBeCloseTo(0.01, 12);
  });

  it('has a range for one value', () => {
    expect(niceAxis([5], 0.1, 6, false)).toMatchObject({ step: 1 });
  });
});

describe('logAxis', () => {
  it('holds all values, with ticks at 1, 2 and 5', () => {
    const { min, max, ticks } = logAxis([3e6, 8e7], 0.1);
    expect(10 ** min).toBeLessThan(3e6);
    expect(10 ** max).toBeGreaterThan(8e7);
    expect(ticks).toEqual([5e6, 1e7, 2e7, 5e7, 1e8]);
  });

  it('has ticks at powers of ten over a long range', () => {
    expect(logAxis([1, 1e6], 0).ticks).toEqual([1, 10, 100, 1e3, 1e4, 1e5, 1e6]);
  });
});

it('writes counts short', () => {
  expect([0, 2_000_000, 2_500_000].map(shortLabel)).toEqual(['0', '2 M', '2.5 M']);
});
