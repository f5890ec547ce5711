import { item } from './simd';

/**
 * Signs as bits: 1 for x >= 0 (and for -0), 0 elsewhere (NaN too). A row of `channels` signs fills bytes from the lowest bit up;
 * bits that fill up its last byte are 0.
 */

/** 16 comparisons as 16 bits. */
@inline
export function bits16(a: v128, b: v128, c: v128, d: v128): u32 {
  return <u32>i8x16.bitmask(i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d)));
}

/** The bits of up to 8 floats: the signs, or |x| <= 1. */
export function bitsOfFew(from: usize, count: i32, clips: bool): u32 {
  let bits: u32 = 0;
  for (let i = 0; i < count; i++) {
    const x = load<f32>(item(from, i));
    bits |= u32(clips ? abs<f32>(x) <= 1 : x >= 0) << i;
  }
  return bits;
}

/** One row of signs. */
export function packRow(from: usize, to: usize, channels: i32): void {
  const zero = f32x4.splat(0);
  let left = channels;
  for (; left >= 16; left -= 16) {
    const bits = bits16(
      f32x4.ge(v128.load(from), zero), f32x4.ge(v128.load(from, 16), zero),
      f32x4.ge(v128.load(from, 32), zero), f32x4.ge(v128.load(from, 48), zero),
    );
    store<u16>(to, bits);
    from += 64;
    to += 2;
  }
  for (; left > 0; left -= 8) {
    store<u8>(to++, bitsOfFew(from, min(left, 8), false));
    from += 32;
  }
}

/** One row of bits: 1 where x is at least the threshold of its place. */
export function packRowAtLeast(from: usize, thresholds: usize, to: usize, channels: i32): void {
  let left = channels;
  for (; left >= 16; left -= 16) {
    const bits = bits16(
      f32x4.ge(v128.load(from), v128.load(thresholds)), f32x4.ge(v128.load(from, 16), v128.load(thresholds, 16)),
      f32x4.ge(v128.load(from, 32), v128.load(thresholds, 32)), f32x4.ge(v128.load(from, 48), v128.load(thresholds, 48)),
    );
    store<u16>(to, bits);
    from += 64;
    thresholds += 64;
    to += 2;
  }
  for (; left > 0; left -= 8) {
    let bits: u32 = 0;
    for (let i = 0; i < min(left, 8); i++) bits |= u32(load<f32>(item(from, i)) >= load<f32>(item(thresholds, i))) << i;
    store<u8>(to++, bits);
    from += 32;
    thresholds += 32;
  }
}

/** Number of bits that are 1. */
export function popcountBytes(at: usize, bytes: usize): i32 {
  const end = at + bytes;
  let ones: i64 = 0;
  for (; at + 8 <= end; at += 8) ones += popcnt<i64>(load<i64>(at));
  for (; at < end; at++) ones += popcnt<i64>(<i64>load<u8>(at));
  return <i32>ones;
}
