import { int, ptr } from './arguments';
import { finishRows } from './finish-rows';
import { packRowAtLeast } from './sign-bits';
import { item } from './simd';

/**
 * How 1-bit convolutions end: in floats, by a finish (`finish-rows.ts`), or in bits, by a threshold a channel. Bits are made of a few pixels at a
 * time: their sums wait in a tile [pixels][channels] of the task's own, which stays in the nearest cache. The channels of a tile fill whole bytes, so
 * that no two tasks write one byte.
 *
 * Where bits are wanted, the six integers of the finish are the address of the thresholds, that of the tiles, the bytes of each, SIGNS, 0 and 0, and y
 * is where the bits go.
 */

/** Beside the codes of activations. */
const SIGNS: i32 = 4;

/** The tile of a task; 0 where floats are wanted, which are finished where they lie. */
@inline
export function tileOf(finish: usize, task: i32): usize {
  return int(finish, 3) === SIGNS ? ptr(finish, 1) + <usize>task * ptr(finish, 2) : 0;
}

/** Ends the outputs of the pixels [firstPixel, endPixel) and channels [first, end): those in y, or, of that first pixel on, in `tile`. */
export function finishOutputs(
  finish: usize, tile: usize, y: usize, outChannels: i32, firstPixel: i32, endPixel: i32, first: i32, end: i32,
): void {
  if (!tile) {
    finishRows(finish, y, y, outChannels, firstPixel, endPixel, first, end);
    return;
  }
  const thresholds = item(ptr(finish, 0), first);
  const pixelBytes = <usize>outChannels >> 3;
  let to = y + <usize>firstPixel * pixelBytes + (<usize>first >> 3);
  for (let pixel = firstPixel; pixel < endPixel; pixel++) {
    packRowAtLeast(tile, thresholds, to, end - first);
    tile = item(tile, end - first);
    to += pixelBytes;
  }
}

/** The outputs of a pixel before its finish, from the 16-bit counts of differing bits: balance - 2 * count (`binary.ts`). */
export function storeCounts(counts: usize, balances: usize, channels: i32, target: usize): void {
  for (; channels >= 4; channels -= 4) {
    const differing = v128.load16x4_u(counts);
    v128.store(target, f32x4.convert_i32x4_s(i32x4.sub(v128.load(balances), i32x4.add(differing, differing))));
    counts += 8;
    balances += 16;
    target += 16;
  }
  for (let i = 0; i < channels; i++) {
    store<f32>(item(target, i), <f32>(load<i32>(item(balances, i)) - (<i32>load<u16>(counts + (<usize>i << 1)) << 1)));
  }
}
