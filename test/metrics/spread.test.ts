import { expect, it } from 'vitest';
import { spreadOf } from '../../src/metrics/spread.js';

it('is the mean, and the deviation by n - 1 where there are several values', () => {
  expect(spreadOf([2, 4, 4, 4, 5, 5, 7, 9])!.mean).toBe(5);
  expect(spreadOf([2, 4, 4, 4, 5, 5, 7, 9])!.deviation).toBeCloseTo(Math.sqrt(32 / 7), 12);
  expect(spreadOf([3])).toEqual({ mean: 3, deviation: null });
  expect(spreadOf([])).toBeNull();
});
