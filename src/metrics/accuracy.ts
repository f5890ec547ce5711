import { ShapeError } from '../errors.js';

/**
 * How many rows of `logits` [rows, classes], row-major, have their label among the `k` highest. Ties count as `topClasses` ranks
 * them, and a row in which the label's score is not a number is wrong: it never counts as correct by accident.
 * @throws ShapeError when the counts do not fit together
 */
export function countCorrect(logits: ArrayLike<number>, labels: ArrayLike<number>, k = 1): number {
  const classes = classesOf(logits, labels);
  let correct = 0;
  for (let row = 0; row < labels.length; row++) {
    const start = row * classes;
    const label = labels[row]!;
    const own = logits[start + label]!;
    let better = 0;
    for (let other = 0; other < classes; other++) {
      const score = logits[start + other]!;
      if (!(score < own) && (score !== own || other < label) && other !== label) better++;
    }
    if (!Number.isNaN(own) && better < k) correct++;
  }
  return correct;
}

/** The class of the highest score in each row of `logits` [rows, classes]; of equal scores, the lowest label. */
export function predictions(logits: ArrayLike<number>, classes: number): Int32Array {
  const result = new Int32Array(logits.length / classes);
  for (let row = 0; row < result.length; row++) {
    let best = 0;
    for (let label = 1; label < classes; label++) {
      if (logits[row * classes + label]! > logits[row * classes + best]!) best = label;
    }
    result[row] = best;
  }
  return result;
}

function classesOf(logits: ArrayLike<number>, labels: ArrayLike<number>): number {
  const classes = labels.length === 0 ? 0 : logits.length / labels.length;
  if (!Number.isInteger(classes) || (labels.length === 0 && logits.length > 0)) {
    throw new ShapeError('accuracy', `${logits.length} logits for ${labels.length} labels`, 'as many logits for each label');
  }
  return classes;
}
