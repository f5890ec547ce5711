import { type ClassScores, worstConfusions } from '../metrics/confusion.js';
import { formatCount, formatLoss, formatShare } from './format.js';
import { renderTable } from './table.js';
import { paintFor, printable, type TerminalStyle, visibleWidth } from './terminal.js';

export interface EvaluationFacts {
  readonly loss: number;
  readonly top1: number;
  readonly top5: number;
  readonly count: number;
  /** The row is the true class, the column the answer. */
  readonly confusion: readonly (readonly number[])[];
  readonly perClass: readonly Pick<ClassScores, 'name' | 'count' | 'recall' | 'precision'>[];
}

/** Classes beyond which a matrix is no longer read. */
const mostInMatrix = 20;

/** Accuracy, loss, a table of the classes, and the confusion matrix or, where that is too wide, its worst pairs. */
export function formatEvaluation(evaluation: EvaluationFacts, style: TerminalStyle): string {
  const { count, top1, top5, loss } = evaluation;
  const paint = paintFor(style.color);
  return [
    `Top-1 accuracy  ${paint.bold(formatShare(top1, 2))}  (${formatCount(top1 * count)} of ${formatCount(count)} images)`,
    `Top-5 accuracy  ${formatShare(top5, 2)}`,
    `Loss            ${formatLoss(loss)}`,
    '',
    classTable(evaluation, style),
    '',
    confusionMatrix(evaluation, style) ?? confusedPairs(evaluation, style),
  ].join('\n');
}

function classTable({ perClass, confusion }: EvaluationFacts, style: TerminalStyle): string {
  const mistaken = (label: number) => {
    const others = confusion[label]!.with(label, 0);
    const most = Math.max(...others);
    return most > 0 ? `${perClass[others.indexOf(most)]!.name} (${most})` : '';
  };
  const rows = perClass.map((scores, label) => ({ ...scores, mistaken: mistaken(label) }));
  return renderTable(
    [
      { header: 'class', cell: ({ name }) => name, align: 'left' },
      { header: 'images', cell: ({ count }) => formatCount(count), rank: 1 },
      { header: 'recall', cell: ({ recall }) => formatShare(recall) },
      { header: 'precision', cell: ({ precision }) => formatShare(precision) },
      { header: 'most often taken for', cell: ({ mistaken }) => mistaken, align: 'left', rank: 2 },
    ],
    rows,
    style,
  );
}

function confusionMatrix({ confusion, perClass }: EvaluationFacts, style: TerminalStyle): string | null {
  if (perClass.length > mostInMatrix) return null;
  const paint = paintFor(style.color);
  const cell = Math.max(2, ...confusion.flat().map((count) => String(count).length)) + 1;
  const numbers = perClass.map((_, label) => String(label).padStart(cell)).join('');
  const names = perClass.map(({ name }, label) => `${String(label).padStart(2)} ${printable(name)}`);
  const nameWidth = Math.max(...names.map(visibleWidth));
  if (nameWidth + visibleWidth(numbers) > style.width) return null;
  const rows = confusion.map((row, label) => {
    const name = names[label]! + ' '.repeat(nameWidth - visibleWidth(names[label]!));
    const cells = row.map((count, prediction) => {
      const text = (count === 0 ? '·' : String(count)).padStart(cell);
      if (label === prediction) return paint.green(text);
      return count === 0 ? paint.dim(text) : text;
    });
    return name + cells.join('');
  });
  const heading = `Confusion (row: what it is, column: what it was called)`;
  return [heading, paint.bold(' '.repeat(nameWidth) + numbers), ...rows].join('\n');
}

function confusedPairs({ confusion, perClass }: EvaluationFacts, style: TerminalStyle): string {
  const pairs = worstConfusions(confusion, 10);
  if (pairs.length === 0) return 'No image was mistaken.';
  return renderTable(
    [
      { header: 'most often mistaken', cell: ({ label }) => perClass[label]!.name, align: 'left' },
      { header: 'for', cell: ({ prediction }) => perClass[prediction]!.name, align: 'left' },
      { header: 'images', cell: ({ count }) => formatCount(count) },
    ],
    pairs,
    style,
  );
}
