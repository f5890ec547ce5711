import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addConfusion, classScores, confusionMatrix, worstConfusions } from '../../src/metrics/confusion.js';

const matrix = [
  [8, 2, 0],
  [1, 9, 0],
  [0, 0, 0],
];

describe('confusionMatrix', () => {
  it('has the true class in the row and the answer in the column', () => {
    expect(confusionMatrix([0, 0, 1], [0, 1, 1], 2)).toEqual([
      [1, 1],
      [0, 1],
    ]);
  });

  it('refuses what is not a class', () => {
    expect(() => confusionMatrix([0], [2], 2)).toThrow('label 0 called 2');
    expect(() => confusionMatrix([-1], [0], 2)).toThrow('label -1');
    expect(() => confusionMatrix([0, 1], [0], 2)).toThrow('one for each of 2 labels');
  });

  it('adds up over batches', () => {
    const pairs = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 })));
    fc.assert(
      fc.property(pairs, pairs, (a, b) => {
        const of = (list: [number, number][]) =>
          confusionMatrix(
            list.map(([label]) => label),
            list.map(([, prediction]) => prediction),
            4,
          );
        expect(addConfusion(of(a), of(b))).toEqual(of([...a, ...b]));
      }),
    );
  });
});

describe('classScores', () => {
  it('gives recall, precision and F1', () => {
    const [first, second] = classScores(matrix, ['cat', 'dog', 'bird']);
    expect(first).toEqual({ label: 0, name: 'cat', count: 10, recall: 0.8, precision: 8 / 9, f1: 16 / 19 });
    expect(second!.precision).toBe(9 / 11);
  });

  it('says null, not 0, for a class that never occurred', () => {
    expect(classScores(matrix)[2]).toEqual({ label: 2, name: '2', count: 0, recall: null, precision: null, f1: null });
  });
});

describe('worstConfusions', () => {
  it('lists what was mixed up, most frequent first', () => {
    expect(worstConfusions(matrix, 5)).toEqual([
      { label: 0, prediction: 1, count: 2 },
      { label: 1, prediction: 0, count: 1 },
    ]);
    expect(worstConfusions(matrix, 1)).toHaveLength(1);
  });
});
