import { float, int, ptr } from './arguments';
import { CENTRED_PRODUCT, columnTotal, MOMENTS, sumColumns } from './columns';
import { item, loadSome, storeSome } from './simd';

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
 * arithmetic, sets the pace. [elements, of a task, width, x, coefficients, y]
 */
export function batchNorm(args: usize, task: i32): void {
  let i = task * int(args, 1);
  const last = min(i + int(args, 1), int(args, 0));
  const width = int(args, 2);
  const stride = item(0, width);
  const x = ptr(args, 3);
  const y = ptr(args, 5);
  let row = i / width;
  while (i < last) {
    const end = min(last, (row + 1) * width);
    // The coefficient of element i is as far from `coefficients` as x's from x.
    const coefficients = item(ptr(args, 4), -row * width);
    for (; i + 4 <= end; i += 4) normalise(true, 4, item(x, i), item(coefficients, i), stride, item(y, i));
    if (i < end) normalise(false, end - i, item(x, i), item(coefficients, i), stride, item(y, i));
    i = end;
    row++;
  }
}

/** Coefficients are padded by those that follow, so only x and y are read and written in part. */
@inline
function normalise(whole: bool, count: i32, x: usize, coefficients: usize, stride: usize, y: usize): void {
  const centred = f32x4.sub(loadSome(whole, x, count), v128.load(coefficients));
  const scale = v128.load(coefficients + stride);
  storeSome(whole, y, f32x4.add(f32x4.mul(centred, scale), v128.load(coefficients + stride + stride)), count);
}

/**
 * With h = (x - mean) / deviation: dbias = sum dy, dweight = sum dy h, and through the batch's own statistics
 *
 *     dx = weight / deviation * (dy - dbias / n - h * dweight / n)
 *        = A dy + B (x - mean) + C,  A = weight / deviation, B = -A dweight / (n deviation), C = -A dbias / n.
 */
export function batchNormGradientSums(args: usize, task: i32): void { sumColumns(CENTRED_PRODUCT, args, task); }

/**
 * After the arguments of `columnTotal`: 6 channels of a task, 7 rows, 8 variance, 9 weight, 10 coefficients (A, B, C),
 * 11 dweight, 12 dbias {epsilon}
 */
export function finishBatchNormGradient(args: usize, task: i32): void {
  const channels = int(args, 4);
  const factor = int(args, 5);
  const rows = <f64>int(args, 7);
  const a = ptr(args, 10);
  const b = item(a, factor * channels);
  const c = item(b, factor * channels);
  const end = min((task + 1) * int(args, 6), channels);
  for (let channel = task * int(args, 6); channel < end; channel++) {
    const inverse = inverseDeviation(ptr(args, 8), channel, float(args, 0));
    const dbias = columnTotal(args, channel, 0);
    const dweight = columnTotal(args, channel, 1) * inverse;
    const scale = <f64>load<f32>(item(ptr(args, 9), channel)) * inverse;
    repeat(a, channels, factor, channel, scale);
    repeat(b, channels, factor, channel, (-scale * dweight * inverse) / rows);
    repeat(c, channels, factor, channel, (-scale * dbias) / rows);
    store<f32>(item(ptr(args, 11), channel), <f32>dweight);
    store<f32>(item(ptr(args, 12), channel), <f32>dbias);
  }
}

/** [elements, of a task, width, x, dy, coefficients (A, B, C, mean), dx] */
export function batchNormInputGradient(args: usize, task: i32): void {
  let i = task * int(args, 1);
  const last = min(i + int(args, 1), int(args, 0));
  const width = int(args, 2);
  const stride = item(0, width);
  const x = ptr(args, 3);
  const dy = ptr(args, 4);
  const dx = ptr(args, 6);
  let row = i / width;
  while (i < last) {
    const end = min(last, (row + 1) * width);
    const coefficients = item(ptr(args, 5), -row * width);
    for (; i + 4 <= end; i += 4) inputGradient(true, 4, item(x, i), item(dy, i), item(coefficients, i), stride, item(dx, i));
    if (i < end) inputGradient(false, end - i, item(x, i), item(dy, i), item(coefficients, i), stride, item(dx, i));
    i = end;
    row++;
  }
}

@inline
function inputGradient(whole: bool, count: i32, x: usize, dy: usize, a: usize, stride: usize, dx: usize): void {
  const b = a + stride;
  const c = b + stride;
  const centred = f32x4.sub(loadSome(whole, x, count), v128.load(c + stride));
  const own = f32x4.mul(v128.load(a), loadSome(whole, dy, count));
  storeSome(whole, dx, f32x4.add(f32x4.add(own, f32x4.mul(v128.load(b), centred)), v128.load(c)), count);
}

@inline
function inverseDeviation(variance: usize, channel: i32, epsilon: f32): f64 {
  return 1 / sqrt(<f64>load<f32>(item(variance, channel)) + <f64>epsilon);
}

/** Writes a channel's value once for each repetition of the channels. */
@inline
function repeat(target: usize, channels: i32, factor: i32, channel: i32, value: f64): void {
  for (let repetition = 0; repetition < factor; repetition++) {
    store<f32>(item(target, repetition * channels + channel), <f32>value);
  }
}
