import { int, ptr } from './arguments';
import { loadSome, storeSome } from './simd';

/**
 * How a computation ends in a model that is only run: all that follows it element by element, in one pass over memory. Kernels call it for
 * what they have just computed, while that is in the nearest cache.
 *
 * A finish is six integers: the addresses of scale, bias and shortcut, the code of the activation, the addresses of the slopes where x >= 0 and
 * elsewhere. An address 0 leaves its part out; all 0 changes nothing.
 */

/** Codes of the activation. */
const NONE: i32 = 0;
const RELU: i32 = 1;
const PRELU: i32 = 2;
const FPRELU: i32 = 3;

/**
 * y = activation(x * scale + bias + shortcut) in the rows [firstRow, endRow) and channels [first, end) of matrices of `width` channels: x, y and
 * the shortcut. y may be x.
 */
export function finishRows(finish: usize, x: usize, y: usize, width: i32, firstRow: i32, endRow: i32, first: i32, end: i32): void {
  const activation = int(finish, 3);
  if (activation === NONE) {
    if (x === y && !(ptr(finish, 0) | ptr(finish, 1) | ptr(finish, 2))) return;
    rows(NONE, finish, x, y, width, firstRow, endRow, first, end);
  } else if (activation === RELU) rows(RELU, finish, x, y, width, firstRow, endRow, first, end);
  else if (activation === PRELU) rows(PRELU, finish, x, y, width, firstRow, endRow, first, end);
  else rows(FPRELU, finish, x, y, width, firstRow, endRow, first, end);
}

@inline
function rows(
  activation: i32, finish: usize, x: usize, y: usize, width: i32, firstRow: i32, endRow: i32, first: i32, end: i32,
): void {
  const scale = ptr(finish, 0);
  const bias = ptr(finish, 1);
  const shortcut = ptr(finish, 2);
  const positive = ptr(finish, 4);
  const negative = ptr(finish, 5);
  const whole = end - ((end - first) & 3);
  for (let row = firstRow; row < endRow; row++) {
    let at = <usize>(row * width + first) << 2;
    let channel = <usize>first << 2;
    for (const stop = <usize>whole << 2; channel < stop; channel += 16) {
      finishSome(activation, true, 4, scale, bias, shortcut, positive, negative, x, y, at, channel);
      at += 16;
    }
    if (whole < end) finishSome(activation, false, end - whole, scale, bias, shortcut, positive, negative, x, y, at, channel);
  }
}

/** Four channels, or the `count` last ones of a row. `activation` and `isWhole` are known when compiled. */
@inline
function finishSome(
  activation: i32, isWhole: bool, count: i32, scale: usize, bias: usize, shortcut: usize, positive: usize, negative: usize,
  x: usize, y: usize, at: usize, channel: usize,
): void {
  let value = loadSome(isWhole, x + at, count);
  if (scale) value = f32x4.mul(value, loadSome(isWhole, scale + channel, count));
  if (bias) value = f32x4.add(value, loadSome(isWhole, bias + channel, count));
  if (shortcut) value = f32x4.add(value, loadSome(isWhole, shortcut + at, count));
  if (activation === RELU) value = f32x4.max(value, f32x4.splat(0));
  if (activation === PRELU || activation === FPRELU) {
    const below = f32x4.mul(value, loadSome(isWhole, negative + channel, count));
    const above = activation === FPRELU ? f32x4.mul(value, loadSome(isWhole, positive + channel, count)) : value;
    value = v128.bitselect(above, below, f32x4.ge(value, f32x4.splat(0)));
  }
  storeSome(isWhole, y + at, value, count);
}
