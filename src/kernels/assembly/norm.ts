import { float, int, ptr } from './arguments';
import {
  CENTRED_PRODUCT, columnTotal, GATED_CENTRED_PRODUCT, MASKED_CENTRED_PRODUCT, MOMENTS, sumColumns,
} from './columns';
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
 * arithmetic, sets the pace. So what follows is done in the same pass: a shortcut added, negative values cut off.
 * [elements, of a task, width, x, coefficients, shortcut, y]
 */
export function batchNorm(args: usize, task: i32): void { normaliseStretch(false, false, args, task); }
export function batchNormRelu(args: usize, task: i32): void { normaliseStretch(false, true, args, task); }
export function batchNormAdd(args: usize, task: i32): void { normaliseStretch(true, false, args, task); }
export function batchNormAddRelu(args: usize, task: i32): void { normaliseStretch(true, true, args, task); }

@inline
function normaliseStretch(adds: bool, relu: bool, args: usize, task: i32): void {
  let i = task * int(args, 1);
  const last = min(i + int(args, 1), int(args, 0));
  const width = int(args, 2);
  const stride = item(0, width);
  const x = ptr(args, 3);
  const shortcut = ptr(args, 5);
  const y = ptr(args, 6);
  let row = i / width;
  while (i < last) {
    const end = min(last, (row + 1) * width);
    // The coefficient of element i is as far from `coefficients` as x's from x.
    const coefficients = item(ptr(args, 4), -row * width);
    for (; i + 4 <= end; i += 4) {
      normalise(adds, relu, true, 4, item(x, i), item(coefficients, i), stride, item(shortcut, i), item(y, i));
    }
    if (i < end) {
      normalise(adds, relu, false, end - i, item(x, i), item(coefficients, i), stride, item(shortcut, i), item(y, i));
    }
    i = end;
    row++;
  }
}

/** Coefficients are padded by those that follow, so only x and y are read and written in part. */
@inline
function normalise(
  adds: bool, relu: bool, whole: bool, count: i32, x: usize, coefficients: usize, stride: usize, shortcut: usize, y: usize,
): void {
  let value = affine(loadSome(whole, x, count), coefficients, stride);
  if (adds) value = f32x4.add(value, loadSome(whole, shortcut, count));
  // Not pmax: a NaN must come through.
  if (relu) value = f32x4.max(value, f32x4.splat(0));
  storeSome(whole, y, value, count);
}

@inline
function affine(x: v128, coefficients: usize, stride: usize): v128 {
  const centred = f32x4.sub(x, v128.load(coefficients));
  return f32x4.add(f32x4.mul(centred, v128.load(coefficients + stride)), v128.load(coefficients + stride + stride));
}

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
 * After the arguments of `columnTotal`: 6 channels of a task, 7 rows, 8 variance, 9 weight, 10 coefficients (mean, A, bias, and here B
 * and C are added), 11 dweight, 12 dbias {epsilon}
 */
export function finishBatchNormGradient(args: usize, task: i32): void {
  const channels = int(args, 4);
  const factor = int(args, 5);
  const rows = <f64>int(args, 7);
  const b = item(ptr(args, 10), 3 * factor * channels);
  const c = item(b, factor * channels);
  const end = min((task + 1) * int(args, 6), channels);
  for (let channel = task * int(args, 6); channel < end; channel++) {
    const inverse = inverseDeviation(ptr(args, 8), channel, float(args, 0));
    const dbias = columnTotal(args, channel, 0);
    const dweight = columnTotal(args, channel, 1) * inverse;
    const scale = <f64>load<f32>(item(ptr(args, 9), channel)) * inverse;
    repeat(b, channels, factor, channel, (-scale * dweight * inverse) / rows);
    repeat(c, channels, factor, channel, (-scale * dbias) / rows);
    store<f32>(item(ptr(args, 11), channel), <f32>dweight);
    store<f32>(item(ptr(args, 12), channel), <f32>dbias);
  }
}

/** [elements, of a task, width, x, dy, coefficients (mean, A, bias, B, C), dx] */
export function batchNormInputGradient(args: usize, task: i32): void { inputGradientStretch(true, false, args, task); }
export function batchNormReluInputGradient(args: usize, task: i32): void { inputGradientStretch(true, true, args, task); }
/** Where mean and variance are constants: dx = A dy. */
export function batchNormFixedInputGradient(args: usize, task: i32): void { inputGradientStretch(false, false, args, task); }
export function batchNormFixedReluInputGradient(args: usize, task: i32): void { inputGradientStretch(false, true, args, task); }

@inline
function inputGradientStretch(training: bool, relu: bool, args: usize, task: i32): void {
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
    for (; i + 4 <= end; i += 4) {
      inputGradient(training, relu, true, 4, item(x, i), item(dy, i), item(coefficients, i), stride, item(dx, i));
    }
    if (i < end) {
      inputGradient(training, relu, false, end - i, item(x, i), item(dy, i), item(coefficients, i), stride, item(dx, i));
    }
    i = end;
    row++;
  }
}

@inline
function inputGradient(
  training: bool, relu: bool, whole: bool, count: i32, xAt: usize, dyAt: usize, coefficients: usize, stride: usize, dx: usize,
): void {
  const x = training || relu ? loadSome(whole, xAt, count) : f32x4.splat(0);
  let dy = loadSome(whole, dyAt, count);
  if (relu) dy = v128.and(dy, f32x4.gt(affine(x, coefficients, stride), f32x4.splat(0)));
  let value = f32x4.mul(v128.load(coefficients + stride), dy);
  if (training) {
    const b = coefficients + stride + stride + stride;
    const centred = f32x4.sub(x, v128.load(coefficients));
    value = f32x4.add(f32x4.add(value, f32x4.mul(v128.load(b), centred)), v128.load(b + stride));
  }
  storeSome(whole, dx, value, count);
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
