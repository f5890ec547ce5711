import { int, ptr } from './arguments';
import { finishOutputs, storeCounts, tileOf } from './binary-outputs';
import { item } from './simd';

/**
 * Popcounts of a 1-bit convolution four bits at a time. A vector holds what an activation nibble a makes of each of the 16 weight nibbles,
 *
 *     T[a][w] = popcount(a ^ w),
 *
 * and the weights of 16 output channels, a nibble a byte, are the indices into it: one shuffle and one addition are 64 binary
 * multiply-accumulates. There is nothing to build but the order of the weights (`spreadSignWeights`), and all of it stays in the nearest
 * cache, so few pixels are enough. Where a shuffle is one instruction (relaxed SIMD: no index is out of range here, so its results are
 * the same) it is faster than the larger tables of `binary-tables.ts` as well.
 *
 * Sums of bytes hold 63 nibbles (252 bits); they are added up as 16 bits. Tiles are 2 pixels by 64 channels or 4 pixels by 32 or 16: the sums,
 * tables and weights under way fit the 16 vector registers, in a loop over one nibble.
 */

/** Nibbles that a byte can count. */
const MOST_NIBBLES: i32 = 63;
/** Pixels whose outputs are finished together. */
const PIXELS_AT_ONCE: i32 = 16;
/** Bytes of a tile's 16-bit sums. */
const SUM_BYTES: usize = 256;

@inline
function lookUp(table: v128, nibbles: v128): v128 {
  if (RELAXED) return i8x16.relaxed_swizzle(table, nibbles);
  return i8x16.swizzle(table, nibbles);
}

/** Bytes of signs to two bytes each: 16 times the lower nibble, then 16 times the upper one. */
export function spreadSigns(args: usize, task: i32): void {
  const first = task * int(args, 1);
  const last = min(first + int(args, 1), int(args, 0));
  let from = ptr(args, 2) + <usize>first;
  let to = ptr(args, 3) + (<usize>first << 1);
  let left = last - first;
  for (; left >= 16; left -= 16) {
    const bytes = v128.load(from);
    const low = i8x16.shl(bytes, 4);
    const high = v128.and(bytes, i8x16.splat(<i8>0xf0));
    v128.store(to, v128.shuffle<i8>(low, high, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
    v128.store(to, v128.shuffle<i8>(low, high, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31), 16);
    from += 16;
    to += 32;
  }
  for (; left > 0; left--) {
    const byte = load<u8>(from++);
    store<u8>(to, byte << 4);
    store<u8>(to, byte & 0xf0, 1);
    to += 2;
  }
}

/**
 * Rows of `packSignWeights` to nibbles [block of `lanes` channels][byte of the window][lower, upper][lanes]. Blocks do not cross groups; zeros
 * fill up the last one of each.
 */
export function spreadSignWeights(args: usize, task: i32): void {
  const groupOut = int(args, 2);
  const lanes = int(args, 3);
  const rowBytes = <usize>int(args, 4);
  const bytes = int(args, 5);
  const blocksOfGroup = (groupOut + lanes - 1) / lanes;
  const first = task * int(args, 1);
  const last = min(first + int(args, 1), int(args, 0));
  for (let block = first; block < last; block++) {
    const channel = (block % blocksOfGroup) * lanes;
    const channels = min(lanes, groupOut - channel);
    let rows = ptr(args, 6) + <usize>((block / blocksOfGroup) * groupOut + channel) * rowBytes;
    let to = ptr(args, 7) + (<usize>block * <usize>bytes * <usize>lanes << 1);
    for (let byte = 0; byte < bytes; byte++) {
      let row = rows++;
      for (let lane = 0; lane < lanes; lane++) {
        const value = lane < channels ? load<u8>(row) : 0;
        store<u8>(to + <usize>lane, value & 15);
        store<u8>(to + <usize>(lanes + lane), value >> 4);
        row += rowBytes;
      }
      to += <usize>lanes << 1;
    }
  }
}

/**
 * Tasks: (range of output pixels, block of output channels). `pieces` are runs of the window in the spread planes, int32 [offset, length] each,
 * of 63 nibbles at most. Workspace of a task: the 16-bit sums of a tile, then for each of its pixels the addresses of its window and balances.
 */
export function nibbleConvolution(args: usize, task: i32): void {
  const blocks = int(args, 2);
  const blocksOfGroup = int(args, 3);
  const groupOut = int(args, 4);
  const outChannels = int(args, 6);
  const outHeight = int(args, 7);
  const outWidth = int(args, 8);
  const stride = int(args, 9);
  const lineBytes = int(args, 11);
  const pieces = ptr(args, 15);
  const piecesEnd = pieces + (<usize>int(args, 16) << 3);
  const lanes = int(args, 18);
  const rowKinds = ptr(args, 21);
  const columnKinds = ptr(args, 22);
  const y = ptr(args, 23);
  const popcounts = ptr(args, 24);
  const sums = ptr(args, 25) + <usize>task * <usize>int(args, 26);
  const notes = sums + SUM_BYTES;
  const finish = args + (27 << 2);
  const tile = tileOf(finish, task);
  const block = task % blocks;
  const group = block / blocksOfGroup;
  const channelOfGroup = (block % blocksOfGroup) * lanes;
  const channel = group * groupOut + channelOfGroup;
  const channels = min(lanes, groupOut - channelOfGroup);
  const weights = ptr(args, 19) + <usize>block * <usize>int(args, 17) * <usize>lanes;
  const balances = item(ptr(args, 20), group * int(args, 5) + channelOfGroup);
  const step = <usize>(stride * int(args, 12));
  const tilePixels = lanes === 64 ? 2 : 4;
  const imageBytes = <usize>(int(args, 10) * lineBytes);
  const first = (task / blocks) * int(args, 1);
  const last = min(first + int(args, 1), int(args, 0));

  let column = first % outWidth;
  let row = (first / outWidth) % outHeight;
  let image = ptr(args, 13) + <usize>group * <usize>int(args, 14) + <usize>(first / outWidth / outHeight) * imageBytes;
  let source: usize = 0;
  let unfinished = first;
  for (let pixel = first; pixel < last; pixel += tilePixels) {
    const count = min(last - pixel, tilePixels);
    for (let i = 0; i < tilePixels; i++) {
      // Pixels that fill up a tile repeat its last one.
      if (i < count) {
        source = image + <usize>(row * stride * lineBytes) + <usize>column * step;
        const note = notes + (<usize>i << 3);
        store<u32>(note, source);
        store<u32>(note, balances + <usize>(load<i32>(item(rowKinds, row)) + load<i32>(item(columnKinds, column))), 4);
        if (++column === outWidth) {
          column = 0;
          if (++row === outHeight) {
            row = 0;
            image += imageBytes;
          }
        }
      } else {
        store<u32>(notes + (<usize>i << 3), source);
      }
    }
    const base = <usize>load<u32>(notes);
    const second = <usize>load<u32>(notes, 8) - base;
    if (lanes === 64) {
      add64(base, second, pieces, piecesEnd, weights, popcounts, sums);
    } else {
      const third = <usize>load<u32>(notes, 16) - base;
      const fourth = <usize>load<u32>(notes, 24) - base;
      if (lanes === 32) add32(base, second, third, fourth, pieces, piecesEnd, weights, popcounts, sums);
      else add16(base, second, third, fourth, pieces, piecesEnd, weights, popcounts, sums);
    }
    let target = tile ? item(tile, (pixel - unfinished) * channels) : item(y, pixel * outChannels + channel);
    for (let i = 0; i < count; i++) {
      storeCounts(sums + (<usize>(i * lanes) << 1), <usize>load<u32>(notes + (<usize>i << 3), 4), channels, target);
      target = item(target, tile ? channels : outChannels);
    }
    if (pixel + count - unfinished >= PIXELS_AT_ONCE || pixel + count === last) {
      finishOutputs(finish, tile, y, outChannels, unfinished, pixel + count, channel, channel + channels);
      unfinished = pixel + count;
    }
  }
}

/** Adds 16 bytes to 16-bit sums, or begins them. */
@inline
function widen(sums: usize, bytes: v128, begins: bool): void {
  let low = i16x8.extend_low_i8x16_u(bytes);
  let high = i16x8.extend_high_i8x16_u(bytes);
  if (!begins) {
    low = i16x8.add(low, v128.load(sums));
    high = i16x8.add(high, v128.load(sums, 16));
  }
  v128.store(sums, low);
  v128.store(sums, high, 16);
}

function widen8(sums: usize, begins: bool, a: v128, b: v128, c: v128, d: v128, e: v128, f: v128, g: v128, h: v128): void {
  widen(sums, a, begins);
  widen(sums + 32, b, begins);
  widen(sums + 64, c, begins);
  widen(sums + 96, d, begins);
  widen(sums + 128, e, begins);
  widen(sums + 160, f, begins);
  widen(sums + 192, g, begins);
  widen(sums + 224, h, begins);
}

/** 2 pixels (the other `second` bytes behind) by 64 channels. */
function add64(source: usize, second: usize, pieces: usize, piecesEnd: usize, weights: usize, popcounts: usize, sums: usize): void {
  const zero = i64x2.splat(0);
  let a = zero, b = zero, c = zero, d = zero, e = zero, f = zero, g = zero, h = zero;
  let begins = true;
  let held = 0;
  for (; pieces < piecesEnd; pieces += 8) {
    const length = load<i32>(pieces, 4);
    held += length;
    if (held > MOST_NIBBLES) {
      widen8(sums, begins, a, b, c, d, e, f, g, h);
      a = zero; b = zero; c = zero; d = zero; e = zero; f = zero; g = zero; h = zero;
      begins = false;
      held = length;
    }
    let at = source + load<u32>(pieces);
    const end = at + <usize>length;
    do {
      const t = v128.load(popcounts + <usize>load<u8>(at));
      const u = v128.load(popcounts + <usize>load<u8>(at + second));
      let w = v128.load(weights);
      a = i8x16.add(a, lookUp(t, w));
      e = i8x16.add(e, lookUp(u, w));
      w = v128.load(weights, 16);
      b = i8x16.add(b, lookUp(t, w));
      f = i8x16.add(f, lookUp(u, w));
      w = v128.load(weights, 32);
      c = i8x16.add(c, lookUp(t, w));
      g = i8x16.add(g, lookUp(u, w));
      w = v128.load(weights, 48);
      d = i8x16.add(d, lookUp(t, w));
      h = i8x16.add(h, lookUp(u, w));
      weights += 64;
      at++;
    } while (at < end);
  }
  widen8(sums, begins, a, b, c, d, e, f, g, h);
}

/** 4 pixels by 32 channels. */
function add32(
  source: usize, second: usize, third: usize, fourth: usize,
  pieces: usize, piecesEnd: usize, weights: usize, popcounts: usize, sums: usize,
): void {
  const zero = i64x2.splat(0);
  let a = zero, b = zero, c = zero, d = zero, e = zero, f = zero, g = zero, h = zero;
  let begins = true;
  let held = 0;
  for (; pieces < piecesEnd; pieces += 8) {
    const length = load<i32>(pieces, 4);
    held += length;
    if (held > MOST_NIBBLES) {
      widen8(sums, begins, a, b, c, d, e, f, g, h);
      a = zero; b = zero; c = zero; d = zero; e = zero; f = zero; g = zero; h = zero;
      begins = false;
      held = length;
    }
    let at = source + load<u32>(pieces);
    const end = at + <usize>length;
    do {
      const v = v128.load(weights);
      const w = v128.load(weights, 16);
      let t = v128.load(popcounts + <usize>load<u8>(at));
      a = i8x16.add(a, lookUp(t, v));
      b = i8x16.add(b, lookUp(t, w));
      t = v128.load(popcounts + <usize>load<u8>(at + second));
      c = i8x16.add(c, lookUp(t, v));
      d = i8x16.add(d, lookUp(t, w));
      t = v128.load(popcounts + <usize>load<u8>(at + third));
      e = i8x16.add(e, lookUp(t, v));
      f = i8x16.add(f, lookUp(t, w));
      t = v128.load(popcounts + <usize>load<u8>(at + fourth));
      g = i8x16.add(g, lookUp(t, v));
      h = i8x16.add(h, lookUp(t, w));
      weights += 32;
      at++;
    } while (at < end);
  }
  widen8(sums, begins, a, b, c, d, e, f, g, h);
}

/** 4 pixels by 16 channels. */
function add16(
  source: usize, second: usize, third: usize, fourth: usize,
  pieces: usize, piecesEnd: usize, weights: usize, popcounts: usize, sums: usize,
): void {
  const zero = i64x2.splat(0);
  let a = zero, b = zero, c = zero, d = zero;
  let begins = true;
  let held = 0;
  for (; pieces < piecesEnd; pieces += 8) {
    const length = load<i32>(pieces, 4);
    held += length;
    if (held > MOST_NIBBLES) {
      widen4(sums, begins, a, b, c, d);
      a = zero; b = zero; c = zero; d = zero;
      begins = false;
      held = length;
    }
    let at = source + load<u32>(pieces);
    const end = at + <usize>length;
    do {
      const w = v128.load(weights);
      a = i8x16.add(a, lookUp(v128.load(popcounts + <usize>load<u8>(at)), w));
      b = i8x16.add(b, lookUp(v128.load(popcounts + <usize>load<u8>(at + second)), w));
      c = i8x16.add(c, lookUp(v128.load(popcounts + <usize>load<u8>(at + third)), w));
      d = i8x16.add(d, lookUp(v128.load(popcounts + <usize>load<u8>(at + fourth)), w));
      weights += 16;
      at++;
    } while (at < end);
  }
  widen4(sums, begins, a, b, c, d);
}

function widen4(sums: usize, begins: bool, a: v128, b: v128, c: v128, d: v128): void {
  widen(sums, a, begins);
  widen(sums + 32, b, begins);
  widen(sums + 64, c, begins);
  widen(sums + 96, d, begins);
}
