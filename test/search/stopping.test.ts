import { describe, expect, it } from 'vitest';
import { fewestCompared, isBehind } from '../../src/search/stopping.js';

describe('isBehind', () => {
  const earlier = [[0.2, 0.5], [0.4, 0.6], [0.6, 0.7], [0.8, 0.9], [0.1]];

  it.each([
    // Of 0.1, 0.2, 0.4, 0.6, 0.8.
    [[0.39], 0.5, true],
    [[0.4], 0.5, false],
    [[0.19], 0.25, true],
    [[0.2], 0.25, false],
    [[0.1], 0, false],
    [[0.05], 0, true],
    [[0.79], 1, true],
    // Of 0.5, 0.6, 0.7, 0.9: the one that ended young is not there.
    [[0, 0.64], 0.5, true],
    [[0, 0.66], 0.5, false],
    [[0], null, false],
  ] as const)('after the scores %j, at the quantile %s: %s', (scores, stopBelow, expected) => {
    expect(isBehind(scores, earlier, stopBelow)).toBe(expected);
  });

  it('is of nobody before a few have reached the age', () => {
    const few = earlier.slice(0, fewestCompared - 1);
    expect(isBehind([0], few, 0.5)).toBe(false);
    expect(isBehind([0], [...few, [0.3]], 0.5)).toBe(true);
    expect(isBehind([0, 0], [...few, [0.3]], 0.5)).toBe(false);
  });
});
