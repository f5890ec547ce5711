import { float, int, ptr } from './arguments';
import {
  CENTRED_PRODUCT, columnTotal, GATED_CENTRED_PRODUCT, MASKED_CENTRED_PRODUCT, MOMENTS, sumColumns,
} from './columns';
import { fetch, isFar } from './fetch';
import { item, loadPart, storeSome } from './simd';

/**
 * Batch norm over [rows, channels], its rows folded (`FoldedRows` of the caller): coefficients repeat with the width.
 *
 * Statistics in one pass: with d = x - pivot, mean = pivot + S / n and variance = (Q - S² / n) / n for S = sum d, Q = sum
 * d². The difference cancels by (mean - pivot)² / variance, so the pivot is the mean of sixteen rows spread over all: near
 * the mean by a quarter of the deviation, whatever a single row holds (black borders, zeros after a ReLU).
 */
const PIVOT_ROWS = 16;

/** [rows, channels, factor, x, pivot] */
export function batchNormPivot(args: usize, task: i32): void {
  const channels = int(args, 1);
  const samples = min(PIVOT_ROWS, int(args, 0));
  const step = <usize>(int(args, 0) / samples) * <usize>channels << 2;
  for (let channel = 0; channel < channels; channel++) {
    let at = item(ptr(args, 3), channel);
    let sum: f64 = 0;
    for (let sample = 0; sample < samples; sample++) {
      sum += <f64>load<f32>(at);
      at += step;
    }
    repeat(ptr(args, 4), channels, int(args, 2), channel, sum / <f64>samples);
  }
}

/** Sums of x - pivot and of its square. */
export function batchNormMoments(args: usize, task: i32): void { sumColumns(MOMENTS, args, task); }

/** After the arguments of `columnTotal`: 6 channels of a task, 7 rows, 8 pivot, 9 mean, 10 variance. */
export function finishBatchNormMoments(args: usize, task: i32): void {
  const end = min((task + 1) * int(args, 6), int(args, 4));
  const rows = <f64>int(args, 7);
  for (let channel = task * int(args, 6); channel < end; channel++) {
    const offset = columnTotal(args, channel, 0) / rows;
    const squares = columnTotal(args, channel, 1) / rows;
    store<f32>(item(ptr(args, 9), channel), <f32>(<f64>load<f32>(item(ptr(args, 8), channel)) + offset));
    store<f32>(item(ptr(args, 10), channel), <f32>max(squares - offset * offset, 0));
  }
}

/**
 * Statistics over the rows of several processes: each sums x and x² over its own, doubles [2, channels] and behind them its rows, and
 * what goes on from there are the sums of these. mean = S / n and variance = Q / n - mean² for S = sum x, Q = sum x²: that difference of
 * doubles is good to (1 + mean² / variance) 2^-52, less than the rounding to float32 while the mean is within ten thousand deviations
 * of 0. Q = sum (x - p)² + 2 p sum (x - p) + n p² for this process's pivot p, so that what is summed in float32 stays small.
 *
 * After the arguments of `columnTotal`: 6 channels of a task, 7 pivot, 8 sums.
 */
export function finishBatchNormPowerSums(args: usize, task: i32): void {
  const channels = int(args, 4);
  const end = min((task + 1) * int(args, 6), channels);
  const rows = load<f64>(double(ptr(args, 8), 2 * channels));
  for (let channel = task * int(args, 6); channel < end; channel++) {
    const pivot = <f64>load<f32>(item(ptr(args, 7), channel));
    const sum = columnTotal(args, channel, 0);
    const squares = columnTotal(args, channel, 1);
    store<f64>(double(ptr(args, 8), channel), sum + rows * pivot);
    store<f64>(double(ptr(args, 8), channels + channel), squares + pivot * (2 * sum + rows * pivot));
  }
}

/** [channels, sums, mean, variance] */
export function batchNormOfPowerSums(args: usize, task: i32): void {
  const channels = int(args, 0);
  const sums = ptr(args, 1);
  const rows = load<f64>(double(sums, 2 * channels));
  for (let channel = 0; channel < channels; channel++) {
    const mean = load<f64>(double(sums, channel)) / rows;
    store<f32>(item(ptr(args, 2), channel), <f32>mean);
    store<f32>(item(ptr(args, 3), channel), <f32>max(load<f64>(double(sums, channels + channel)) / rows - mean * mean, 0));
  }
}

/** [channels, factor, mean, variance, weight, bias, coefficients] {epsilon}: coefficients = mean, weight / deviation, bias. */
export function batchNormCoefficients(args: usize, task: i32): void {
  const channels = int(args, 0);
  const factor = int(args, 1);
  const out = ptr(args, 6);
  const scale = item(out, factor * channels);
  const shift = item(scale, factor * channels);
  for (let channel = 0; channel < channels; channel++) {
    const inverse = inverseDeviation(ptr(args, 3), channel, float(args, 0));
    repeat(out, channels, factor, channel, <f64>load<f32>(item(ptr(args, 2), channel)));
    repeat(scale, channels, factor, channel, <f64>load<f32>(item(ptr(args, 4), channel)) * inverse);
    repeat(shift, channels, factor, channel, <f64>load<f32>(item(ptr(args, 5), channel)));
  }
}

/**
 * y = (x - mean) * scale + bias. Not x * scale + (bias - mean * scale), which rounds at the size of mean * scale: memory, not
 * arithmetic, sets the pace. So what follows is done in the same pass: a shortcut added, negative values cut off.
 * Arguments as of `walk`: x, shortcut, y.
 */
export function batchNorm(args: usize, task: i32): void { walk(NORM, false, args, task); }
export function batchNormRelu(args: usize, task: i32): void { walk(NORM_RELU, false, args, task); }
export function batchNormAdd(args: usize, task: i32): void { walk(NORM_ADD, false, args, task); }
export function batchNormAddRelu(args: usize, task: i32): void { walk(NORM_ADD_RELU, false, args, task); }

/**
 * With h = (x - mean) / deviation: dbias = sum dy, dweight = sum dy h, and through the batch's own statistics
 *
 *     dx = weight / deviation * (dy - dbias / n - h * dweight / n)
 *        = A dy + B (x - mean) + C,  A = weight / deviation, B = -A dweight / (n deviation), C = -A dbias / n.
 *
 * Behind a ReLU, dy is what passed it. Its output need not be read for that: (x - mean) A + bias, computed from x as in the forward
 * pass, has the same bits. After a shortcut the output says it, and what is left of dy is written, since the shortcut wants it.
 */
export function batchNormGradientSums(args: usize, task: i32): void { sumColumns(CENTRED_PRODUCT, args, task); }
export function batchNormReluGradientSums(args: usize, task: i32): void { sumColumns(GATED_CENTRED_PRODUCT, args, task); }
export function batchNormAddReluGradientSums(args: usize, task: i32): void { sumColumns(MASKED_CENTRED_PRODUCT, args, task); }

/**
 * After the arguments of `columnTotal`: 6 channels of a task, 7 variance, 8 sums (doubles: sum dy [channels], sum dy (x - mean) [channels]),
 * 9 dweight, 10 dbias {epsilon}
 */
export function finishBatchNormGradientSums(args: usize, task: i32): void {
  const channels = int(args, 4);
  const end = min((task + 1) * int(args, 6), channels);
  for (let channel = task * int(args, 6); channel < end; channel++) {
    const sum = columnTotal(args, channel, 0);
    const products = columnTotal(args, channel, 1);
    store<f64>(double(ptr(args, 8), channel), sum);
    store<f64>(double(ptr(args, 8), channels + channel), products);
    store<f32>(item(ptr(args, 9), channel), <f32>(products * inverseDeviation(ptr(args, 7), channel, float(args, 0))));
    store<f32>(item(ptr(args, 10), channel), <f32>sum);
  }
}

/**
 * Adds B and C to the coefficients (mean, A, bias), from those sums and the number of rows behind them: over all processes, where several share
 * the statistics. [channels, factor, variance, weight, sums, coefficients] {epsilon}
 */
export function batchNormGradientCoefficients(args: usize, task: i32): void {
  const channels = int(args, 0);
  const factor = int(args, 1);
  const sums = ptr(args, 4);
  const rows = load<f64>(double(sums, 2 * channels));
  const b = item(ptr(args, 5), 3 * factor * channels);
  const c = item(b, factor * channels);
  for (let channel = 0; channel < channels; channel++) {
    const inverse = inverseDeviation(ptr(args, 2), channel, float(args, 0));
    const dweight = load<f64>(double(sums, channels + channel)) * inverse;
    const scale = <f64>load<f32>(item(ptr(args, 3), channel)) * inverse;
    repeat(b, channels, factor, channel, (-scale * dweight * inverse) / rows);
    repeat(c, channels, factor, channel, (-scale * load<f64>(double(sums, channel))) / rows);
  }
}

/** Arguments as of `walk`: x, dy, dx. */
export function batchNormInputGradient(args: usize, task: i32): void { walk(GRADIENT, false, args, task); }
export function batchNormReluInputGradient(args: usize, task: i32): void { walk(RELU_GRADIENT, false, args, task); }
/** Where mean and variance are constants: dx = A dy. */
export function batchNormFixedInputGradient(args: usize, task: i32): void { walk(FIXED_GRADIENT, false, args, task); }
export function batchNormFixedReluInputGradient(args: usize, task: i32): void { walk(FIXED_RELU_GRADIENT, false, args, task); }
/** The same, added to what is in dx: the bits of `accumulate` behind them. */
export function batchNormInputGradientAdding(args: usize, task: i32): void { walk(GRADIENT, true, args, task); }
export function batchNormReluInputGradientAdding(args: usize, task: i32): void { walk(RELU_GRADIENT, true, args, task); }
export function batchNormFixedInputGradientAdding(args: usize, task: i32): void { walk(FIXED_GRADIENT, true, args, task); }
export function batchNormFixedReluInputGradientAdding(args: usize, task: i32): void { walk(FIXED_RELU_GRADIENT, true, args, task); }

const NORM = 0;
const NORM_RELU = 1;
const NORM_ADD = 2;
const NORM_ADD_RELU = 3;
const GRADIENT = 4;
const RELU_GRADIENT = 5;
const FIXED_GRADIENT = 6;
const FIXED_RELU_GRADIENT = 7;

/** Elements of a chunk of rows: what is read and written of it stays in the first-level cache. */
const CHUNK = 2048;

/**
 * One element of x and one of a second operand to one of the output, all over a stretch of rows. Eight columns at a time go down a chunk
 * of rows, their coefficients in registers.
 *
 * Arguments: 0 elements, 1 rows of a task, 2 width, 3 coefficients [3 (forward) or 5 (mean, A, bias, B, C), width], 4 x, 5 the second
 * operand, 6 output, which `adds` adds to.
 */
@inline
function walk(kind: i32, adds: bool, args: usize, task: i32): void {
  const width = int(args, 2);
  const size = int(args, 1) * width;
  const last = min((task + 1) * size, int(args, 0));
  const chunk = max(1, CHUNK / width) * width;
  for (let start = task * size; start < last; start += chunk) {
    const end = min(start + chunk, last);
    let column = 0;
    if (isFar(width, chunk / width)) {
      fetch(item(ptr(args, 4), start), end - start);
      if (hasSecond(kind)) fetch(item(ptr(args, 5), start), end - start);
      fetch(item(ptr(args, 6), start), end - start);
    }
    for (; column + 8 <= width; column += 8) walkColumns(kind, adds, true, args, start + column, column, end, width);
    if (column < width) walkColumns(kind, adds, false, args, start + column, column, end, width);
  }
}

/** Eight columns, or the last four; `i`: their first element, `end`: that behind the last row, which may be cut short. */
@inline
function walkColumns(kind: i32, adds: bool, eight: bool, args: usize, i: i32, column: i32, end: i32, width: i32): void {
  const step = item(0, width);
  const coefficients = item(ptr(args, 3), column);
  const m0 = v128.load(coefficients), m1 = eight ? v128.load(coefficients, 16) : m0;
  const a0 = v128.load(coefficients + step), a1 = eight ? v128.load(coefficients + step, 16) : a0;
  const bias = coefficients + 2 * step, b = coefficients + 3 * step, c = coefficients + 4 * step;
  const s0 = v128.load(bias), s1 = eight ? v128.load(bias, 16) : s0;
  const b0 = isTrained(kind) ? v128.load(b) : s0, b1 = isTrained(kind) && eight ? v128.load(b, 16) : s1;
  const c0 = isTrained(kind) ? v128.load(c) : s0, c1 = isTrained(kind) && eight ? v128.load(c, 16) : s1;
  let x = item(ptr(args, 4), i);
  let y = item(ptr(args, 5), i);
  let out = item(ptr(args, 6), i);
  for (; i + (eight ? 8 : 4) <= end; i += width) {
    const x0 = v128.load(x);
    const y0 = hasSecond(kind) ? v128.load(y) : x0;
    const v0 = value(kind, x0, y0, m0, a0, s0, b0, c0);
    v128.store(out, adds ? f32x4.add(v128.load(out), v0) : v0);
    if (eight) {
      const x1 = v128.load(x, 16);
      const y1 = hasSecond(kind) ? v128.load(y, 16) : x1;
      const v1 = value(kind, x1, y1, m1, a1, s1, b1, c1);
      v128.store(out, adds ? f32x4.add(v128.load(out, 16), v1) : v1, 16);
    }
    x += step;
    y += step;
    out += step;
  }
  for (let rest = end - i; rest > 0; rest -= 4) {
    const first = rest == end - i;
    const count = min(rest, 4);
    const x0 = loadUpTo(x, count);
    const y0 = hasSecond(kind) ? loadUpTo(y, count) : x0;
    const result = first ? value(kind, x0, y0, m0, a0, s0, b0, c0) : value(kind, x0, y0, m1, a1, s1, b1, c1);
    storeSome(count == 4, out, adds ? f32x4.add(loadUpTo(out, count), result) : result, count);
    x += 16;
    y += 16;
    out += 16;
  }
}

@inline
function loadUpTo(at: usize, count: i32): v128 {
  return count == 4 ? v128.load(at) : loadPart(at, count);
}

@inline
function value(kind: i32, x: v128, second: v128, mean: v128, a: v128, bias: v128, b: v128, c: v128): v128 {
  const zero = f32x4.splat(0);
  const centred = f32x4.sub(x, mean);
  const affine = f32x4.add(f32x4.mul(centred, a), bias);
  if (kind < GRADIENT) {
    const sum = kind == NORM_ADD || kind == NORM_ADD_RELU ? f32x4.add(affine, second) : affine;
    return kind == NORM_RELU || kind == NORM_ADD_RELU ? v128.andnot(sum, f32x4.le(sum, zero)) : sum;
  }
  const gated = kind == RELU_GRADIENT || kind == FIXED_RELU_GRADIENT;
  const own = f32x4.mul(a, gated ? v128.and(second, f32x4.gt(affine, zero)) : second);
  return isTrained(kind) ? f32x4.add(f32x4.add(own, f32x4.mul(b, centred)), c) : own;
}

/** Gradients that pass through the batch's own statistics too. */
@inline
function isTrained(kind: i32): bool {
  return kind == GRADIENT || kind == RELU_GRADIENT;
}

@inline
function hasSecond(kind: i32): bool {
  return kind >= NORM_ADD;
}

@inline
function inverseDeviation(variance: usize, channel: i32, epsilon: f32): f64 {
  return 1 / sqrt(<f64>load<f32>(item(variance, channel)) + <f64>epsilon);
}

/** Address of the index-th double from `start`. */
@inline
function double(start: usize, index: i32): usize {
  return start + (<usize>index << 3);
}

/** Writes a channel's value once for each repetition of the channels. */
@inline
function repeat(target: usize, channels: i32, factor: i32, channel: i32, value: f64): void {
  for (let repetition = 0; repetition < factor; repetition++) {
    store<f32>(item(target, repetition * channels + channel), <f32>value);
  }
}
