import { describe, expect, it } from 'vitest';
import { nameClasses, softmax, topClasses } from '../../src/metrics/ranking.js';

describe('topClasses', () => {
  it('ranks by score, then by label', () => {
    expect(topClasses([0.1, 0.5, 0.5, 0.9], 3).map(({ label }) => label)).toEqual([3, 1, 2]);
    expect(topClasses([1, 2], 5)).toHaveLength(2);
  });
});

describe('softmax', () => {
  it('gives probabilities, however large the logits', () => {
    expect([...softmax([0, Math.log(3)])]).toEqual([expect.closeTo(0.25, 12), expect.closeTo(0.75, 12)]);
    expect([...softmax([1e4, 1e4])]).toEqual([0.5, 0.5]);
  });
});

describe('nameClasses', () => {
  it('ranks each row on its own', () => {
    const logits = Float32Array.of(0, Math.log(3), Math.log(3), 0, 0, 0);
    const [first, second, tie] = nameClasses(logits, ['cat', 'dog'], 1);
    expect(first).toEqual([{ label: 1, name: 'dog', score: expect.closeTo(0.75, 6) }]);
    expect(second).toEqual([{ label: 0, name: 'cat', score: expect.closeTo(0.75, 6) }]);
    expect(tie).toEqual([{ label: 0, name: 'cat', score: 0.5 }]);
    expect(nameClasses(logits, ['cat', 'dog'], 9)[0]).toHaveLength(2);
  });
});
