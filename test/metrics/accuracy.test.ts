import { describe, expect, it } from 'vitest';
import { countCorrect, predictions } from '../../src/metrics/accuracy.js';

const logits = [0.1, 0.7, 0.2, /**/ 3, 2, 1, /**/ -1, -3, -2];

describe('countCorrect', () => {
  it('counts rows whose label has the highest score', () => {
    expect(countCorrect(logits, [1, 0, 0])).toBe(3);
    expect(countCorrect(logits, [2, 0, 1])).toBe(1);
  });

  it('counts labels among the k highest', () => {
    expect(countCorrect(logits, [2, 2, 2], 2)).toBe(2);
    expect(countCorrect(logits, [0, 2, 1], 2)).toBe(0);
    expect(countCorrect(logits, [0, 2, 1], 3)).toBe(3);
    expect(countCorrect(logits, [0, 2, 1], 5)).toBe(3);
  });

  it('gives a tie to the lower label, so that a network that says nothing is not always right', () => {
    expect(countCorrect([1, 1, 1], [0])).toBe(1);
    expect(countCorrect([1, 1, 1], [1])).toBe(0);
    expect(countCorrect([1, 1, 1], [1], 2)).toBe(1);
  });

  it('counts a row of NaN as wrong', () => {
    expect(countCorrect([Number.NaN, Number.NaN], [0], 2)).toBe(0);
    expect(countCorrect([Number.NaN, 1], [1])).toBe(0);
  });

  it('refuses counts that do not fit', () => {
    expect(() => countCorrect([1, 2, 3], [0, 1])).toThrow('3 logits for 2 labels');
    expect(countCorrect([], [])).toBe(0);
  });
});

describe('predictions', () => {
  it('names the best class of each row', () => {
    expect([...predictions(logits, 3)]).toEqual([1, 0, 0]);
    expect([...predictions([5, 5], 2)]).toEqual([0]);
  });
});
