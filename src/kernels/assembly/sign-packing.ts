import { int, ptr } from './arguments';
import { bits16, bitsOfFew, packRow, packRowAtLeast } from './sign-bits';
import { item } from './simd';

/** What a 1-bit convolution keeps of its input: rows of signs (`sign-bits.ts`) and, beside them, the derivative that stands in for the sign's. */

/** Kept besides the signs (0: nothing): a bit, |x| <= 1. */
const KEEP_CLIP = 1;
/** Or a byte an element: round(127.5 * (2 - 2|x|)), 0 outside of (-1, 1). */
const KEEP_QUADRATIC = 2;

/** One row of |x| <= 1. */
function packClip(from: usize, to: usize, channels: i32): void {
  const one = f32x4.splat(1);
  let left = channels;
  for (; left >= 16; left -= 16) {
    const bits = bits16(
      f32x4.le(f32x4.abs(v128.load(from)), one), f32x4.le(f32x4.abs(v128.load(from, 16)), one),
      f32x4.le(f32x4.abs(v128.load(from, 32)), one), f32x4.le(f32x4.abs(v128.load(from, 48)), one),
    );
    store<u16>(to, bits);
    from += 64;
    to += 2;
  }
  for (; left > 0; left -= 8) {
    store<u8>(to++, bitsOfFew(from, min(left, 8), true));
    from += 32;
  }
}

/** 127.5 * (2 - 2|x|), to be rounded to the nearest by cutting off. */
@inline
function quadratic(x: v128): v128 {
  const scaled = f32x4.sub(f32x4.splat(255.5), f32x4.mul(f32x4.abs(x), f32x4.splat(255)));
  return i32x4.trunc_sat_f32x4_s(f32x4.max(scaled, f32x4.splat(0)));
}

/** The quadratic surrogate of `count` floats, a byte each. */
function packQuadratic(from: usize, to: usize, count: i32): void {
  let left = count;
  for (; left >= 16; left -= 16) {
    const low = i16x8.narrow_i32x4_s(quadratic(v128.load(from)), quadratic(v128.load(from, 16)));
    const high = i16x8.narrow_i32x4_s(quadratic(v128.load(from, 32)), quadratic(v128.load(from, 48)));
    v128.store(to, i8x16.narrow_i16x8_u(low, high));
    from += 64;
    to += 16;
  }
  for (; left > 0; left--) {
    store<u8>(to++, i32x4.extract_lane(quadratic(v128.load32_zero(from)), 0));
    from += 4;
  }
}

/** x [rows, channels] to rows of signs, and what `keep` says beside them. */
export function packSigns(args: usize, task: i32): void {
  let channels = int(args, 2);
  const keep = int(args, 3);
  const first = task * int(args, 1);
  const last = min(first + int(args, 1), int(args, 0));
  const rowBytes = <usize>(channels + 7) >> 3;
  const from = item(ptr(args, 4), first * channels);
  if (keep === KEEP_QUADRATIC) packQuadratic(from, ptr(args, 6) + <usize>first * <usize>channels, (last - first) * channels);
  let rows = last - first;
  if ((channels & 7) === 0) {
    // Rows that end at a byte are one long row.
    channels *= rows;
    rows = 1;
  }
  for (let row = 0; row < rows; row++) {
    const offset = <usize>(first + row) * rowBytes;
    packRow(item(from, row * channels), ptr(args, 5) + offset, channels);
    if (keep === KEEP_CLIP) packClip(item(from, row * channels), ptr(args, 6) + offset, channels);
  }
}

/** x [rows, groups, channels] to rows of bits for each group: 1 where x is at least thresholds [groups, channels]. */
export function packAtLeast(args: usize, task: i32): void {
  const groups = int(args, 2);
  const channels = int(args, 3);
  const rowBytes = <usize>(channels + 7) >> 3;
  const first = task * int(args, 1);
  const last = min(first + int(args, 1), int(args, 0));
  let from = item(ptr(args, 4), first * groups * channels);
  let to = ptr(args, 6) + <usize>(first * groups) * rowBytes;
  for (let row = first; row < last; row++) {
    for (let group = 0; group < groups; group++) {
      packRowAtLeast(from, item(ptr(args, 5), group * channels), to, channels);
      from = item(from, channels);
      to += rowBytes;
    }
  }
}

/** Four floats +1 or -1 from the lowest four bits. */
@inline
function signsOf(bits: u32): v128 {
  const places = i32x4(1, 2, 4, 8);
  const set = i32x4.eq(v128.and(i32x4.splat(bits), places), places);
  return v128.or(f32x4.splat(1), v128.andnot(i32x4.splat(0x80000000), set));
}

/** Rows of signs to floats [rows, channels]. */
export function unpackSigns(args: usize, task: i32): void {
  const channels = int(args, 2);
  const rowBytes = <usize>(channels + 7) >> 3;
  const first = task * int(args, 1);
  const last = min(first + int(args, 1), int(args, 0));
  let from = ptr(args, 3) + <usize>first * rowBytes;
  let to = item(ptr(args, 4), first * channels);
  for (let row = first; row < last; row++) {
    let left = channels;
    for (; left >= 8; left -= 8) {
      const bits = <u32>load<u8>(from++);
      v128.store(to, signsOf(bits));
      v128.store(to, signsOf(bits >> 4), 16);
      to += 32;
    }
    if (left > 0) {
      const bits = <u32>load<u8>(from++);
      for (let i = 0; i < left; i++) store<f32>(item(to, i), (bits >> i) & 1 ? 1 : -1);
      to = item(to, left);
    }
  }
}

/** dx [rows, channels] times the derivative that was kept, in place. */
export function multiplyByKept(args: usize, task: i32): void {
  const channels = int(args, 2);
  const first = task * int(args, 1);
  const last = min(first + int(args, 1), int(args, 0));
  const dx = item(ptr(args, 5), first * channels);
  if (int(args, 3) === KEEP_QUADRATIC) {
    multiplyByBytes(ptr(args, 4) + <usize>first * <usize>channels, dx, (last - first) * channels);
    return;
  }
  const rowBytes = <usize>(channels + 7) >> 3;
  for (let row = first; row < last; row++) {
    keepWhereSet(ptr(args, 4) + <usize>row * rowBytes, item(dx, (row - first) * channels), channels);
  }
}

function multiplyByBytes(kept: usize, dx: usize, count: i32): void {
  const step = f32x4.splat(1 / 127.5);
  let left = count;
  for (; left >= 8; left -= 8) {
    const wide = v128.load8x8_u(kept);
    const low = f32x4.mul(f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(wide)), step);
    const high = f32x4.mul(f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(wide)), step);
    v128.store(dx, f32x4.mul(v128.load(dx), low));
    v128.store(dx, f32x4.mul(v128.load(dx, 16), high), 16);
    kept += 8;
    dx += 32;
  }
  for (; left > 0; left--) {
    store<f32>(dx, load<f32>(dx) * (<f32>load<u8>(kept++) * <f32>(1 / 127.5)));
    dx += 4;
  }
}

function keepWhereSet(bits: usize, dx: usize, channels: i32): void {
  const places = i32x4(1, 2, 4, 8);
  let left = channels;
  for (; left >= 4; left -= 4) {
    const shift = (channels - left) & 4;
    const set = i32x4.eq(v128.and(i32x4.splat(<i32>load<u8>(bits) >> shift), places), places);
    v128.store(dx, v128.and(v128.load(dx), set));
    dx += 16;
    bits += <usize>(shift >> 2);
  }
  const rest = <i32>(left > 0 ? load<u8>(bits) : 0) >> ((channels - left) & 4);
  for (let i = 0; i < left; i++) {
    if (((rest >> i) & 1) === 0) store<f32>(item(dx, i), 0);
  }
}
