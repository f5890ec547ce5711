/** A class and the score that it was given. */
export interface RankedClass {
  readonly label: number;
  readonly score: number;
}

/** A class as an answer to an image. */
export interface NamedClass {
  readonly label: number;
  readonly name: string;
  /** Softmax of the logits: sums to 1 over all classes; no promise of being right so often. */
  readonly score: number;
}

/** The `top` classes of each row of `logits` [rows, classes], best first; `names` in the order of the classes. */
export function nameClasses(
  logits: Float32Array | Float64Array | Int32Array,
  names: readonly string[],
  top: number,
): NamedClass[][] {
  return Array.from({ length: logits.length / names.length }, (_, row) =>
    topClasses(softmax(logits.subarray(row * names.length, (row + 1) * names.length)), top).map(({ label, score }) => ({
      label,
      name: names[label]!,
      score,
    })),
  );
}

/**
 * The `k` classes of the highest scores, best first; of equal scores the lower label stands first. Fewer when there are fewer
 * classes.
 */
export function topClasses(scores: ArrayLike<number>, k: number): RankedClass[] {
  return Array.from(scores, (score, label) => ({ label, score }))
    .sort((a, b) => b.score - a.score || a.label - b.label)
    .slice(0, k);
}

/** Probabilities from the logits of one image; they sum to 1. */
export function softmax(logits: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(logits);
  const largest = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = values.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}
