import { ShapeError } from '../errors.js';

/** How one class fared. Shares are in [0, 1]; null where nothing is there to divide by. */
export interface ClassScores {
  readonly label: number;
  readonly name: string;
  /** Images of this class. */
  readonly count: number;
  /** Of the images of this class, the share that was called so. */
  readonly recall: number | null;
  /** Of the images that were called so, the share that are. */
  readonly precision: number | null;
  /** Harmonic mean of the two; null when neither is there, 0 when both are 0. */
  readonly f1: number | null;
}

/** The pair of classes that is mixed up most often. */
export interface Confusion {
  readonly label: number;
  readonly prediction: number;
  readonly count: number;
}

/**
 * classes x classes counts: the row is the true class, the column what it was called.
 * @throws ShapeError when there are not as many labels as predictions, or one is not a class
 */
export function confusionMatrix(labels: ArrayLike<number>, predictions: ArrayLike<number>, classes: number): number[][] {
  if (labels.length !== predictions.length) {
    throw new ShapeError('confusion matrix', `${predictions.length} predictions`, `one for each of ${labels.length} labels`);
  }
  const matrix = emptyMatrix(classes);
  for (let i = 0; i < labels.length; i++) {
    const row = matrix[labels[i]!];
    const prediction = predictions[i]!;
    if (!row || row[prediction] === undefined) {
      throw new ShapeError('confusion matrix', `label ${labels[i]} called ${prediction}`, `classes from 0 to ${classes - 1}`);
    }
    row[prediction]!++;
  }
  return matrix;
}

/** The matrix of two sets of images together. */
export function addConfusion(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number[][] {
  return a.map((row, label) => row.map((count, prediction) => count + b[label]![prediction]!));
}

export function emptyMatrix(classes: number): number[][] {
  return Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
}

/** Recall, precision and F1 of every class; `names` are the numbers where they are not given. */
export function classScores(matrix: readonly (readonly number[])[], names: readonly string[] = []): ClassScores[] {
  return matrix.map((row, label) => {
    const count = sum(row);
    const called = sum(matrix.map((other) => other[label]!));
    const correct = row[label]!;
    return {
      label,
      name: names[label] ?? String(label),
      count,
      recall: count > 0 ? correct / count : null,
      precision: called > 0 ? correct / called : null,
      f1: count + called > 0 ? (2 * correct) / (count + called) : null,
    };
  });
}

/** The `most` pairs of different classes that were mixed up most often, most frequent first. */
export function worstConfusions(matrix: readonly (readonly number[])[], most: number): Confusion[] {
  return matrix
    .flatMap((row, label) => row.map((count, prediction) => ({ label, prediction, count })))
    .filter(({ label, prediction, count }) => label !== prediction && count > 0)
    .sort((a, b) => b.count - a.count)
    .slice(0, most);
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
