import { float, int, ptr } from './arguments';
import { exponential } from './math';
import { item, loadPart, loadSome, storePart, storeSome } from './simd';

/**
 * Operations that treat each element alone. A kernel is `map` with its number; each takes [elements, elements of a task,
 * addresses, the output's last] and walks its stretch once, four floats at a time.
 */
const COPY = 0;
const FILL = 1;
const AFFINE = 2;
const ACCUMULATE = 3;
const RELU = 4;
const RELU_GRADIENT = 5;
const SIGMOID = 6;
const SIGMOID_GRADIENT = 7;
const HARD_TANH = 8;
const HARD_TANH_GRADIENT = 9;
const SIGN = 10;
const SIGN_GRADIENT_CLIP = 11;
const SIGN_GRADIENT_QUADRATIC = 12;

export function copy(args: usize, task: i32): void { map(COPY, 1, args, task); }
export function fill(args: usize, task: i32): void { map(FILL, 0, args, task); }
export function affine(args: usize, task: i32): void { map(AFFINE, 1, args, task); }
export function accumulate(args: usize, task: i32): void { map(ACCUMULATE, 1, args, task); }
export function relu(args: usize, task: i32): void { map(RELU, 1, args, task); }
export function reluGradient(args: usize, task: i32): void { map(RELU_GRADIENT, 2, args, task); }
export function sigmoid(args: usize, task: i32): void { map(SIGMOID, 1, args, task); }
export function sigmoidGradient(args: usize, task: i32): void { map(SIGMOID_GRADIENT, 2, args, task); }
export function hardTanh(args: usize, task: i32): void { map(HARD_TANH, 1, args, task); }
export function hardTanhGradient(args: usize, task: i32): void { map(HARD_TANH_GRADIENT, 2, args, task); }
export function sign(args: usize, task: i32): void { map(SIGN, 1, args, task); }
export function signGradientClip(args: usize, task: i32): void { map(SIGN_GRADIENT_CLIP, 2, args, task); }
export function signGradientQuadratic(args: usize, task: i32): void { map(SIGN_GRADIENT_QUADRATIC, 2, args, task); }

@inline
function map(kind: i32, inputs: i32, args: usize, task: i32): void {
  const first = task * int(args, 1);
  const count = min(int(args, 1), int(args, 0) - first);
  const x = item(ptr(args, 2), first);
  const second = inputs == 2 ? item(ptr(args, 3), first) : x;
  const y = item(ptr(args, 2 + inputs), first);
  const a = f32x4.splat(float(args, 0));
  const b = f32x4.splat(float(args, 1));
  let i = 0;
  for (; i + 4 <= count; i += 4) mapVector(kind, inputs, true, item(x, i), item(second, i), item(y, i), a, b, 4);
  if (i < count) mapVector(kind, inputs, false, item(x, i), item(second, i), item(y, i), a, b, count - i);
}

@inline
function mapVector(
  kind: i32, inputs: i32, whole: bool, xAt: usize, secondAt: usize, yAt: usize, a: v128, b: v128, count: i32,
): void {
  const x = kind == FILL ? a : loadSome(whole, xAt, count);
  const second = inputs == 2 ? loadSome(whole, secondAt, count) : kind == ACCUMULATE ? loadSome(whole, yAt, count) : x;
  storeSome(whole, yAt, value(kind, x, second, a, b), count);
}

@inline
function value(kind: i32, x: v128, second: v128, a: v128, b: v128): v128 {
  const one = f32x4.splat(1);
  const minusOne = f32x4.splat(-1);
  if (kind == AFFINE) return f32x4.add(f32x4.mul(a, x), b);
  if (kind == ACCUMULATE) return f32x4.add(second, f32x4.mul(a, x));
  // Not pmax: a NaN must come through. Nor max, which takes engines several instructions.
  if (kind == RELU) return v128.andnot(x, f32x4.le(x, f32x4.splat(0)));
  if (kind == RELU_GRADIENT) return v128.and(second, f32x4.gt(x, f32x4.splat(0)));
  if (kind == SIGMOID) return f32x4.div(one, f32x4.add(one, exponential(f32x4.neg(x))));
  if (kind == SIGMOID_GRADIENT) return f32x4.mul(second, f32x4.mul(x, f32x4.sub(one, x)));
  if (kind == HARD_TANH) return f32x4.min(f32x4.max(x, minusOne), one);
  if (kind == HARD_TANH_GRADIENT) return v128.and(second, f32x4.lt(f32x4.abs(x), one));
  if (kind == SIGN) return v128.bitselect(one, minusOne, f32x4.ge(x, f32x4.splat(0)));
  if (kind == SIGN_GRADIENT_CLIP) return v128.and(second, f32x4.le(f32x4.abs(x), one));
  if (kind == SIGN_GRADIENT_QUADRATIC) {
    // Beyond 1 the slope would be negative.
    const slope = f32x4.max(f32x4.sub(one, f32x4.abs(x)), f32x4.splat(0));
    return f32x4.mul(second, f32x4.add(slope, slope));
  }
  return x;
}

/** [elements, of a task, x, counts]: counts[task] = NaNs and infinities, whose exponent bits are all set. */
export function countNonFinite(args: usize, task: i32): void {
  const first = task * int(args, 1);
  const count = min(int(args, 1), int(args, 0) - first);
  const x = item(ptr(args, 2), first);
  let found = i32x4.splat(0);
  let i = 0;
  for (; i + 4 <= count; i += 4) found = i32x4.sub(found, nonFinite(v128.load(item(x, i))));
  if (i < count) found = i32x4.sub(found, nonFinite(loadPart(item(x, i), count - i)));
  const pairs = i32x4.add(found, v128.shuffle<i64>(found, found, 1, 0));
  store<i32>(item(ptr(args, 3), task), i32x4.extract_lane(pairs, 0) + i32x4.extract_lane(pairs, 1));
}

@inline
function nonFinite(x: v128): v128 {
  const exponent = i32x4.splat(0x7f800000);
  return i32x4.eq(v128.and(x, exponent), exponent);
}

/**
 * y[r, c] = a[r, c] op b[r / repeats, c] or (spread) factor * b[r / repeats, c] or (accumulate) the sum of a and that, over any stretch of
 * elements. A sum has the bits of `accumulate` behind a spread.
 * [elements, of a task, width, repeats, a, b, y]
 */
export function addColumns(args: usize, task: i32): void { mapColumns(ADD, args, task); }
export function multiplyColumns(args: usize, task: i32): void { mapColumns(MULTIPLY, args, task); }
export function spreadColumns(args: usize, task: i32): void { mapColumns(SPREAD, args, task); }
export function accumulateColumns(args: usize, task: i32): void { mapColumns(ADD_SPREAD, args, task); }

const ADD = 0;
const MULTIPLY = 1;
const SPREAD = 2;
const ADD_SPREAD = 3;

@inline
function mapColumns(kind: i32, args: usize, task: i32): void {
  let i = task * int(args, 1);
  const last = min(i + int(args, 1), int(args, 0));
  const width = int(args, 2);
  const repeats = int(args, 3);
  const a = ptr(args, 4);
  const b = ptr(args, 5);
  const y = ptr(args, 6);
  const factor = f32x4.splat(float(args, 0));
  let row = i / width;
  while (i < last) {
    const end = min(last, (row + 1) * width);
    // The operand's element for element i is as far from `operand` as a's from a.
    const operand = item(b, (row / repeats - row) * width);
    for (; i + 4 <= end; i += 4) {
      const x = kind == SPREAD ? factor : v128.load(item(a, i));
      const other = v128.load(item(operand, i));
      v128.store(item(y, i), combine(kind, x, kind == ADD_SPREAD ? f32x4.mul(factor, other) : other));
    }
    if (i < end) {
      const x = kind == SPREAD ? factor : loadPart(item(a, i), end - i);
      const other = loadPart(item(operand, i), end - i);
      storePart(item(y, i), combine(kind, x, kind == ADD_SPREAD ? f32x4.mul(factor, other) : other), end - i);
    }
    i = end;
    row++;
  }
}

/** y[r, c] = a[r, c] op b[r % period] or (spread) factor * b[r % period]. [elements, of a task, width, period, a, b, y] */
export function addRows(args: usize, task: i32): void { mapRows(ADD, args, task); }
export function multiplyRows(args: usize, task: i32): void { mapRows(MULTIPLY, args, task); }
export function spreadRows(args: usize, task: i32): void { mapRows(SPREAD, args, task); }

@inline
function mapRows(kind: i32, args: usize, task: i32): void {
  let i = task * int(args, 1);
  const last = min(i + int(args, 1), int(args, 0));
  const width = int(args, 2);
  const period = int(args, 3);
  const a = ptr(args, 4);
  const b = ptr(args, 5);
  const y = ptr(args, 6);
  const factor = f32x4.splat(float(args, 0));
  let row = i / width;
  while (i < last) {
    const end = min(last, (row + 1) * width);
    const operand = v128.load32_splat(item(b, row % period));
    for (; i + 4 <= end; i += 4) {
      const x = kind == SPREAD ? factor : v128.load(item(a, i));
      v128.store(item(y, i), combine(kind, x, operand));
    }
    if (i < end) {
      const x = kind == SPREAD ? factor : loadPart(item(a, i), end - i);
      storePart(item(y, i), combine(kind, x, operand), end - i);
    }
    i = end;
    row++;
  }
}

@inline
function combine(kind: i32, x: v128, operand: v128): v128 {
  return kind == ADD || kind == ADD_SPREAD ? f32x4.add(x, operand) : f32x4.mul(x, operand);
}

/** [elements, of a task, width, x, positive, negative, y]: the slopes repeat with the width, a multiple of four. */
export function fprelu(args: usize, task: i32): void {
  let i = task * int(args, 1);
  const last = min(i + int(args, 1), int(args, 0));
  const width = int(args, 2);
  const x = ptr(args, 3);
  const y = ptr(args, 6);
  let row = i / width;
  while (i < last) {
    const end = min(last, (row + 1) * width);
    const positive = item(ptr(args, 4), -row * width);
    const negative = item(ptr(args, 5), -row * width);
    for (; i + 4 <= end; i += 4) {
      v128.store(item(y, i), prelu(v128.load(item(x, i)), v128.load(item(positive, i)), v128.load(item(negative, i))));
    }
    if (i < end) {
      const rest = prelu(loadPart(item(x, i), end - i), v128.load(item(positive, i)), v128.load(item(negative, i)));
      storePart(item(y, i), rest, end - i);
    }
    i = end;
    row++;
  }
}

@inline
function prelu(x: v128, positive: v128, negative: v128): v128 {
  return f32x4.mul(x, v128.bitselect(positive, negative, f32x4.ge(x, f32x4.splat(0))));
}
