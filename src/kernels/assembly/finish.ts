import { int, ptr } from './arguments';
import { item, loadSome, storeSome } from './simd';

/** How a computation ends in a model that is only run: all that follows it element by element, in one pass over memory. */

/** Codes of the activation. */
const RELU: i32 = 1;
const PRELU: i32 = 2;
const FPRELU: i32 = 3;

/**
 * y = activation(x * scale + bias + shortcut) over rows of channels. [rows, rows of a task, channels, x, scale, bias, shortcut, activation, positive,
 * negative, y]; an address 0 leaves its part out.
 */
export function finish(args: usize, task: i32): void {
  const channels = int(args, 2);
  const first = task * int(args, 1);
  const last = min(first + int(args, 1), int(args, 0));
  const whole = channels & ~3;
  for (let row = first; row < last; row++) {
    const offset = row * channels;
    for (let channel = 0; channel < whole; channel += 4) finishSome(args, offset, channel, true, 4);
    if (whole < channels) finishSome(args, offset, whole, false, channels - whole);
  }
}

@inline
function finishSome(args: usize, offset: i32, channel: i32, isWhole: bool, count: i32): void {
  const scale = ptr(args, 4);
  const bias = ptr(args, 5);
  const shortcut = ptr(args, 6);
  const activation = int(args, 7);
  let value = loadSome(isWhole, item(ptr(args, 3), offset + channel), count);
  if (scale) value = f32x4.mul(value, loadSome(isWhole, item(scale, channel), count));
  if (bias) value = f32x4.add(value, loadSome(isWhole, item(bias, channel), count));
  if (shortcut) value = f32x4.add(value, loadSome(isWhole, item(shortcut, offset + channel), count));
  if (activation === RELU) {
    value = f32x4.max(value, f32x4.splat(0));
  } else if (activation === PRELU || activation === FPRELU) {
    const negative = f32x4.mul(value, loadSome(isWhole, item(ptr(args, 9), channel), count));
    const positive = activation === FPRELU ? f32x4.mul(value, loadSome(isWhole, item(ptr(args, 8), channel), count)) : value;
    value = v128.bitselect(positive, negative, f32x4.ge(value, f32x4.splat(0)));
  }
  storeSome(isWhole, item(ptr(args, 10), offset + channel), value, count);
}
