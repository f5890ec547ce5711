import { int, ptr } from './arguments';

/** Below the keys of all numbers, minus infinity included: fills up the last vector of a row. */
const NO_KEY: i32 = i32.MIN_VALUE;

/**
 * Keeps the `kept` largest saliencies of each row; see `DynamicKernels.selectChannels`.
 *
 * Floats become integers of the same order (the bits of a negative one, but for the sign, are turned round), with -0 as 0 and
 * NaN as minus infinity. The kept-th largest is then found by halving the range of integers: 32 counts at most, whatever the
 * values, and far fewer where no two saliencies are equal, since any bound that exactly `kept` keys reach will do.
 */
export function selectChannels(args: usize, task: i32): void {
  const channels = int(args, 2);
  const kept = int(args, 3);
  const keyBytes = <usize>int(args, 5);
  const keys = ptr(args, 8) + <usize>task * keyBytes;
  const first = task * int(args, 1);
  const last = min(first + int(args, 1), int(args, 0));
  for (let row = first; row < last; row++) {
    const index = ptr(args, 7) + ((<usize>row * <usize>kept) << 2);
    if (kept === channels) {
      for (let c = 0; c < channels; c++) store<i32>(index + (<usize>c << 2), c);
      continue;
    }
    writeKeys(ptr(args, 6) + ((<usize>row * <usize>channels) << 2), channels, keys, keyBytes);
    const bound = boundOf(keys, keyBytes, kept);
    const ties = countReaching(keys, keyBytes, bound) - kept;
    const above = ties === 0 ? bound : bound + 1;
    // How many of those that equal the bound stay.
    let equals = ties === 0 || int(args, 4) ? 0 : kept - countReaching(keys, keyBytes, above);
    let place = index;
    for (let c = 0; c < channels; c++) {
      const key = load<i32>(keys + (<usize>c << 2));
      const tied = key === bound && equals > 0;
      if (key < above && !tied) continue;
      if (key < above) equals--;
      store<i32>(place, c);
      place += 4;
    }
    for (; place < index + (<usize>kept << 2); place += 4) store<i32>(place, -1);
  }
}

function writeKeys(from: usize, channels: i32, keys: usize, keyBytes: usize): void {
  const end = <usize>channels << 2;
  let at: usize = 0;
  for (; at + 16 <= end; at += 16) v128.store(keys + at, keysOf(v128.load(from + at)));
  for (; at < end; at += 4) store<i32>(keys + at, i32x4.extract_lane(keysOf(v128.load32_zero(from + at)), 0));
  for (; at < keyBytes; at += 4) store<i32>(keys + at, NO_KEY);
}

@inline
function keysOf(values: v128): v128 {
  const numbers = v128.bitselect(f32x4.add(values, f32x4.splat(0)), f32x4.splat(-Infinity), f32x4.eq(values, values));
  return v128.xor(numbers, v128.and(i32x4.shr_s(numbers, 31), i32x4.splat(i32.MAX_VALUE)));
}

function countReaching(keys: usize, keyBytes: usize, bound: i32): i32 {
  const bounds = i32x4.splat(bound);
  let counts = i32x4.splat(0);
  for (const end = keys + keyBytes; keys < end; keys += 16) {
    counts = i32x4.sub(counts, i32x4.ge_s(v128.load(keys), bounds));
  }
  return (
    i32x4.extract_lane(counts, 0) + i32x4.extract_lane(counts, 1) + i32x4.extract_lane(counts, 2) + i32x4.extract_lane(counts, 3)
  );
}

/** A key's value that exactly `kept` keys reach, or, where ties leave none, the largest that at least `kept` reach. */
function boundOf(keys: usize, keyBytes: usize, kept: i32): i32 {
  let low: i64 = i32.MIN_VALUE + 1;
  let high: i64 = i32.MAX_VALUE;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    const count = countReaching(keys, keyBytes, <i32>middle);
    if (count === kept) return <i32>middle;
    if (count > kept) low = middle;
    else high = middle;
  }
  return <i32>low;
}
