import { int, ptr } from './arguments';
import { item, loadSome, storeSome } from './simd';

/**
 * How a computation ends in a model that is only run: all that follows it element by element, in one pass over memory. Kernels call it for
 * what they have just computed, while that is in the nearest cache.
 *
 * A finish is six integers: the addresses of scale, bias and shortcut, the code of the activation, the addresses of the slopes where x >= 0 and
 * elsewhere. An address 0 leaves its part out; all 0 changes nothing.
 */

/** Codes of the activation; a PReLU is an FPReLU whose slope is 1 where x >= 0. */
const NONE: i32 = 0;
const RELU: i32 = 1;
const FPRELU: i32 = 3;

/**
 * y = activation(x * scale + bias + shortcut) in the rows [firstRow, endRow) and channels [first, end) of matrices of `width` channels: x, y and
 * the shortcut. y may be x. Four channels at a time go down the rows, so that what belongs to them stays in registers: some rows a call, few
 * enough for the nearest cache.
 */
export function finishRows(finish: usize, x: usize, y: usize, width: i32, firstRow: i32, endRow: i32, first: i32, end: i32): void {
  const hasScale = ptr(finish, 0) != 0;
  const hasBias = ptr(finish, 1) != 0;
  const hasShortcut = ptr(finish, 2) != 0;
  const activation = int(finish, 3);
  if (x === y && activation === NONE && !hasScale && !hasBias && !hasShortcut) return;
  if (firstRow >= endRow) return;
  const offset = firstRow * width;
  const rowBytes = <usize>width << 2;
  const bytes = rowBytes * <usize>(endRow - firstRow);
  for (let channel = first; channel < end; channel += 4) {
    const at = <usize>(offset + channel) << 2;
    const count = end - channel;
    if (activation === NONE) finishFour(NONE, hasScale, hasBias, hasShortcut, finish, x, y, channel, count, at, bytes, rowBytes);
    else if (activation === RELU) finishFour(RELU, hasScale, hasBias, hasShortcut, finish, x, y, channel, count, at, bytes, rowBytes);
    else finishFour(FPRELU, hasScale, hasBias, hasShortcut, finish, x, y, channel, count, at, bytes, rowBytes);
  }
}

/** Of x, y and the shortcut: the nearest cache holds them. */
const ELEMENTS_AT_ONCE: i32 = 2048;

/** The same for any number of rows. */
export function finishBlock(finish: usize, x: usize, y: usize, width: i32, firstRow: i32, endRow: i32, first: i32, end: i32): void {
  const atOnce = max(1, ELEMENTS_AT_ONCE / max(1, end - first));
  for (let row = firstRow; row < endRow; row += atOnce) {
    finishRows(finish, x, y, width, row, min(row + atOnce, endRow), first, end);
  }
}

/** Four channels, or the `count` last ones, by a loop of their own for the usual combinations of parts. */
@inline
function finishFour(
  activation: i32, hasScale: bool, hasBias: bool, hasShortcut: bool, finish: usize, x: usize, y: usize, channel: i32, count: i32,
  at: usize, bytes: usize, rowBytes: usize,
): void {
  if (count < 4) walk(activation, hasScale, hasBias, hasShortcut, false, finish, x, y, channel, count, at, bytes, rowBytes);
  else if (hasScale !== hasBias) walk(activation, hasScale, hasBias, hasShortcut, true, finish, x, y, channel, 4, at, bytes, rowBytes);
  else if (hasScale && hasShortcut) walk(activation, true, true, true, true, finish, x, y, channel, 4, at, bytes, rowBytes);
  else if (hasScale) walk(activation, true, true, false, true, finish, x, y, channel, 4, at, bytes, rowBytes);
  else if (hasShortcut) walk(activation, false, false, true, true, finish, x, y, channel, 4, at, bytes, rowBytes);
  else walk(activation, false, false, false, true, finish, x, y, channel, 4, at, bytes, rowBytes);
}

/** What is known when compiled leaves its branches out. */
@inline
function walk(
  activation: i32, hasScale: bool, hasBias: bool, hasShortcut: bool, isWhole: bool, finish: usize, x: usize, y: usize, channel: i32, count: i32,
  at: usize, bytes: usize, rowBytes: usize,
): void {
  const scale = hasScale ? loadSome(isWhole, item(ptr(finish, 0), channel), count) : f32x4.splat(1);
  const bias = hasBias ? loadSome(isWhole, item(ptr(finish, 1), channel), count) : f32x4.splat(0);
  const shortcut = ptr(finish, 2);
  let positive = f32x4.splat(1);
  let negative = positive;
  if (activation === FPRELU) {
    if (ptr(finish, 4)) positive = loadSome(isWhole, item(ptr(finish, 4), channel), count);
    negative = loadSome(isWhole, item(ptr(finish, 5), channel), count);
  }
  for (const stop = at + bytes; at < stop; at += rowBytes) {
    let value = loadSome(isWhole, x + at, count);
    if (hasScale) value = f32x4.mul(value, scale);
    if (hasBias) value = f32x4.add(value, bias);
    if (hasShortcut) value = f32x4.add(value, loadSome(isWhole, shortcut + at, count));
    if (activation === RELU) value = f32x4.max(value, f32x4.splat(0));
    if (activation === FPRELU) {
      const isPositive = f32x4.ge(value, f32x4.splat(0));
      value = v128.bitselect(f32x4.mul(value, positive), f32x4.mul(value, negative), isPositive);
    }
    storeSome(isWhole, y + at, value, count);
  }
}
