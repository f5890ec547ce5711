import { describe, expect, it } from 'vitest';
import { classScores } from '../../src/metrics/confusion.js';
import { type EvaluationFacts, formatEvaluation } from '../../src/report/evaluation.js';
import { visibleWidth } from '../../src/report/terminal.js';

function evaluationOf(confusion: number[][], names: string[]): EvaluationFacts {
  return { loss: 0.5, top1: 0.9, top5: 1, count: 20, confusion, perClass: classScores(confusion, names) };
}

const pets = evaluationOf(
  [
    [8, 2],
    [0, 10],
  ],
  ['cat', 'dog'],
);

describe('formatEvaluation', () => {
  it('shows accuracy, classes and the matrix', () => {
    expect(formatEvaluation(pets, { width: 80, color: false }).split('\n')).toEqual([
      'Top-1 accuracy  90.00 %  (18 of 20 images)',
      'Top-5 accuracy  100.00 %',
      'Loss            0.5000',
      '',
      'class  images   recall  precision  most often taken for',
      'cat        10   80.0 %    100.0 %  dog (2)',
      'dog        10  100.0 %     83.3 %',
      '',
      'Confusion (row: what it is, column: what it was called)',
      '        0  1',
      ' 0 cat  8  2',
      ' 1 dog  · 10',
    ]);
  });

  it('lists the worst pairs where the matrix would be too wide', () => {
    const many = Array.from({ length: 100 }, (_, row) =>
      Array.from({ length: 100 }, (_, column) => (row === column ? 9 : row === 7 && column === 3 ? 4 : 0)),
    );
    const names = many.map((_, label) => `class ${label}`);
    const text = formatEvaluation(evaluationOf(many, names), { width: 80, color: false });
    expect(text).toMatch(/class 7 +class 3 +4$/m);
    expect(text).not.toContain('Confusion');
    const narrow = formatEvaluation(pets, { width: 11, color: false });
    expect(narrow).not.toContain('Confusion (');
  });

  it('fits terminals from 40 columns on', () => {
    const names = ['a class with quite a long name', 'b'];
    for (let width = 40; width <= 100; width++) {
      const text = formatEvaluation({ ...pets, perClass: classScores(pets.confusion, names) }, { width, color: true });
      for (const line of text.split('\n').slice(4)) {
        if (!line.startsWith('Confusion')) expect(visibleWidth(line), line).toBeLessThanOrEqual(width);
      }
    }
  });
});
