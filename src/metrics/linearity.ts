import { ShapeError } from '../errors.js';

/** Numbers by column: `columns[c][r]` is what row r has in column c. */
export type Columns = readonly Float64Array[];

/** Added to the diagonal of the normal equations, as a share of its mean: columns may be constant, or more than there are rows. */
const RIDGE = 1e-4;
/** Rows that are multiplied at a time: a slice of all columns stays in the cache. */
const SLICE = 512;

/**
 * How linear a map is that took `inputs` to `outputs`: the share of the outputs' variance that the best affine map of the inputs
 * explains. It is fitted to the first half of the rows by least squares and judged on the others (so that it may come out below 0): 1 - sum
 * of squared errors / sum of squared distances from the mean, over all columns together. One number for each set of outputs; 1 for a set that does not vary.
 */
export function linearShares(inputs: Columns, outputs: readonly Columns[]): number[] {
  const rows = inputs[0]?.length ?? 0;
  if (rows < 4) throw new ShapeError('linearShares', `${inputs.length} columns of ${rows} rows`, 'columns of at least four');
  const half = Math.floor(rows / 2);
  const x = centre(inputs, half);
  const fitted = x.map((column) => column.subarray(0, half));
  const factor = cholesky(withRidge(products(fitted, fitted), x.length), x.length);
  return outputs.map((columns) => {
    const y = centre(columns, half);
    const moments = products(
      fitted,
      y.map((column) => column.subarray(0, half)),
    );
    let [errors, distances] = [0, 0];
    for (const [c, column] of y.entries()) {
      const weights = solve(
        factor,
        x.map((_, i) => moments[i * y.length + c]!),
      );
      const seen = column.subarray(half);
      const predicted = new Float64Array(seen.length);
      for (const [i, weight] of weights.entries()) {
        const values = x[i]!;
        for (let r = 0; r < predicted.length; r++) predicted[r]! += weight * values[half + r]!;
      }
      const mean = seen.reduce((sum, value) => sum + value, 0) / seen.length;
      for (const [r, value] of seen.entries()) {
        errors += (value - predicted[r]!) ** 2;
        distances += (value - mean) ** 2;
      }
    }
    return distances === 0 ? 1 : 1 - errors / distances;
  });
}

/** Less the mean of the first `half` rows: the constant of the affine map. */
function centre(columns: Columns, half: number): Float64Array[] {
  return columns.map((column) => {
    let sum = 0;
    for (let r = 0; r < half; r++) sum += column[r]!;
    const mean = sum / half;
    return column.map((value) => value - mean);
  });
}

/** Sums over rows of a[i] * b[j], row-major [a.length, b.length]; when both are the same, the half below the diagonal only. */
function products(a: Columns, b: Columns): Float64Array {
  const sums = new Float64Array(a.length * b.length);
  const rows = a[0]!.length;
  for (let start = 0; start < rows; start += SLICE) {
    const end = Math.min(rows, start + SLICE);
    for (let i = 0; i < a.length; i++) {
      const last = a === b ? i + 1 : b.length;
      for (let j = 0; j < last; j++) sums[i * b.length + j]! += dot(a[i]!, b[j]!, start, end);
    }
  }
  return sums;
}

function dot(a: Float64Array, b: Float64Array, start: number, end: number): number {
  let [even, odd] = [0, 0];
  let r = start;
  for (; r + 1 < end; r += 2) {
    even += a[r]! * b[r]!;
    odd += a[r + 1]! * b[r + 1]!;
  }
  return r < end ? even + odd + a[r]! * b[r]! : even + odd;
}

function withRidge(matrix: Float64Array, n: number): Float64Array {
  let trace = 0;
  for (let i = 0; i < n; i++) trace += matrix[i * n + i]!;
  // A matrix of zeros (nothing varies) has a solution too: all weights 0.
  const ridge = trace === 0 ? 1 : (RIDGE * trace) / n;
  for (let i = 0; i < n; i++) matrix[i * n + i]! += ridge;
  return matrix;
}

interface Factor {
  readonly n: number;
  /** Row-major; what stands above the diagonal is not used. */
  readonly lower: Float64Array;
}

/** The lower triangular L of L Lᵀ = matrix, in its place. */
function cholesky(matrix: Float64Array, n: number): Factor {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= matrix[i * n + k]! * matrix[j * n + k]!;
      matrix[i * n + j] = i === j ? Math.sqrt(sum) : sum / matrix[j * n + j]!;
    }
  }
  return { n, lower: matrix };
}

/** w of L Lᵀ w = right: forwards through L, backwards through its transpose. */
function solve({ n, lower }: Factor, right: readonly number[]): Float64Array {
  const w = Float64Array.from(right);
  for (let i = 0; i < n; i++) {
    let sum = w[i]!;
    for (let k = 0; k < i; k++) sum -= lower[i * n + k]! * w[k]!;
    w[i] = sum / lower[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    w[i]! /= lower[i * n + i]!;
    for (let k = 0; k < i; k++) w[k]! -= lower[i * n + k]! * w[i]!;
  }
  return w;
}
