import { int, ptr } from './arguments';

/**
 * 1-bit convolution. With a bit a sign (1 for +1) and n bits side by side, the products that are -1 are those whose bits
 * differ, so
 *
 *     sum of sign(x) sign(w) = n - 2 popcount(x ^ w).
 *
 * Channels of a group fill 64-bit words from the lowest bit up; the bits that fill up the last word are 0 in both operands
 * and never differ. A tap outside the image has the bits 0 as well: there x ^ w = w, so its popcount, known beforehand
 * for each output channel and tap, is taken off again, and the tap is not counted in n. Everything is integers until `scale`.
 *
 * `packSigns` packs x pixel by pixel, `packSignWeights` packs w in pairs of output channels, `binaryConvolution` lines up the
 * words that an output pixel sees (columns; no more than one 64th of the image's bytes for each tap) and multiplies.
 */

/** Output pixels and output channels of a tile: six sums, five loads, which the scalar registers hold. */
const TILE_PIXELS: i32 = 3;
const TILE_CHANNELS: i32 = 2;
/** Pixels whose columns are lined up at once, a multiple of TILE_PIXELS: they stay in the nearest cache beside a pair of filters. */
const BLOCK_PIXELS: i32 = 24;

/** The signs of up to 64 floats; x >= 0 is true for -0, and false for NaN. */
function signWord(from: usize, count: i32): u64 {
  const zero = f32x4.splat(0);
  let word: u64 = 0;
  let bit = 0;
  for (; bit + 16 <= count; bit += 16) {
    const low = i16x8.narrow_i32x4_s(f32x4.ge(v128.load(from), zero), f32x4.ge(v128.load(from, 16), zero));
    const high = i16x8.narrow_i32x4_s(f32x4.ge(v128.load(from, 32), zero), f32x4.ge(v128.load(from, 48), zero));
    word |= <u64>(<u32>i8x16.bitmask(i8x16.narrow_i16x8_s(low, high))) << bit;
    from += 64;
  }
  for (; bit + 4 <= count; bit += 4) {
    word |= <u64>(<u32>i32x4.bitmask(f32x4.ge(v128.load(from), zero))) << bit;
    from += 16;
  }
  for (; bit < count; bit++) {
    word |= <u64>i32(load<f32>(from) >= 0) << bit;
    from += 4;
  }
  return word;
}

/** x [rows, channels] to bits [rows, words]; a row is what a group has of a pixel. */
export function packSigns(args: usize, task: i32): void {
  const channels = int(args, 2);
  const first = task * int(args, 1);
  const last = min(first + int(args, 1), int(args, 0));
  let from = ptr(args, 3) + ((<usize>first * <usize>channels) << 2);
  let to = ptr(args, 4) + ((<usize>first * <usize>((channels + 63) >> 6)) << 3);
  for (let row = first; row < last; row++) {
    for (let left = channels; left > 0; left -= 64) {
      const count = min(left, 64);
      store<u64>(to, signWord(from, count));
      from += <usize>count << 2;
      to += 8;
    }
  }
}

/**
 * w [outChannels, taps, channels] to pairs of output channels: for each pair the popcounts int32 [taps][2], filled up to `popcountBytes`, then
 * bits [taps * words][2]. A pair without its second channel holds zeros there.
 */
export function packSignWeights(args: usize, task: i32): void {
  const groupOut = int(args, 2);
  const taps = int(args, 3);
  const channels = int(args, 4);
  const popcountBytes = <usize>int(args, 5);
  const pairBytes = <usize>int(args, 6);
  const pairs = (groupOut + 1) >> 1;
  const first = task * int(args, 1);
  const last = min(first + int(args, 1), int(args, 0));
  for (let unit = first; unit < last; unit++) {
    const firstChannel = (unit / pairs) * groupOut + (unit % pairs) * TILE_CHANNELS;
    const there = min(TILE_CHANNELS, groupOut - (unit % pairs) * TILE_CHANNELS);
    for (let side = 0; side < TILE_CHANNELS; side++) {
      let from = ptr(args, 7) + ((<usize>(firstChannel + side) * <usize>taps * <usize>channels) << 2);
      let count = ptr(args, 8) + <usize>unit * pairBytes + (<usize>side << 2);
      let to = ptr(args, 8) + <usize>unit * pairBytes + popcountBytes + (<usize>side << 3);
      for (let tap = 0; tap < taps; tap++) {
        let ones: i64 = 0;
        for (let left = channels; left > 0; left -= 64) {
          const word = side < there ? signWord(from, min(left, 64)) : 0;
          ones += popcnt<i64>(word);
          store<u64>(to, word);
          from += <usize>min(left, 64) << 2;
          to += 16;
        }
        store<i32>(count, <i32>ones);
        count += 8;
      }
    }
  }
}

/**
 * Tasks: (block of output pixels, range of pairs). Workspace of a task: columns of BLOCK_PIXELS pixels in tiles, [taps * words][3] each, then
 * for each pixel int32 [2 + taps]: bits that count, taps outside the image, and which.
 */
export function binaryConvolution(args: usize, task: i32): void {
  const outChannels = int(args, 6);
  const groups = int(args, 7);
  const taps = int(args, 8) * int(args, 9);
  const groupOut = outChannels / groups;
  const pairsOfGroup = (groupOut + 1) >> 1;
  const tapWords = (int(args, 3) / groups + 63) >> 6;
  const pixelsOfTask = int(args, 13);
  const pairsOfTask = int(args, 14);
  const parts = int(args, 15);
  const filters = ptr(args, 17);
  const scales = ptr(args, 18);
  const popcountBytes = <usize>int(args, 19);
  const pairBytes = <usize>int(args, 20);
  const columns = ptr(args, 21) + <usize>task * <usize>int(args, 22);
  const y = ptr(args, 23);
  const depth = <usize>(taps * tapWords);
  const tileBytes = depth * 24;
  const notes = columns + tileBytes * <usize>(BLOCK_PIXELS / TILE_PIXELS);
  const noteBytes = <usize>(taps + 2) << 2;
  const firstPixel = (task / parts) * pixelsOfTask;
  const lastPixel = min(firstPixel + pixelsOfTask, int(args, 0) * int(args, 4) * int(args, 5));
  const firstPair = (task % parts) * pairsOfTask;
  const lastPair = min(firstPair + pairsOfTask, groups * pairsOfGroup);

  for (let start = firstPixel; start < lastPixel; start += BLOCK_PIXELS) {
    const count = min(BLOCK_PIXELS, lastPixel - start);
    for (let pair = firstPair; pair < lastPair; pair++) {
      const group = pair / pairsOfGroup;
      const channelOfGroup = (pair % pairsOfGroup) * TILE_CHANNELS;
      if (pair === firstPair || channelOfGroup === 0) lineUp(args, group, start, count, tapWords, columns, notes);
      const channel = <usize>(group * groupOut + channelOfGroup);
      const filter = filters + <usize>pair * pairBytes;
      const scale = scales ? scales + (channel << 2) : 0;
      const two = i32(channelOfGroup + 1 < groupOut);
      let tile = columns;
      for (let pixel = 0; pixel < count; pixel += TILE_PIXELS) {
        multiplySigns(
          tile, filter + popcountBytes, depth, filter, notes + <usize>pixel * noteBytes, noteBytes, min(TILE_PIXELS, count - pixel),
          two, scale, y + ((<usize>(start + pixel) * <usize>outChannels + channel) << 2), <usize>outChannels << 2,
        );
        tile += tileBytes;
      }
    }
  }
}

/** Fills the columns and notes of `count` output pixels. Pixels that fill up the last tile keep what was there: nobody reads their sums. */
function lineUp(args: usize, group: i32, start: i32, count: i32, tapWords: i32, columns: usize, notes: usize): void {
  const height = int(args, 1);
  const width = int(args, 2);
  const groups = int(args, 7);
  const kernelHeight = int(args, 8);
  const kernelWidth = int(args, 9);
  const dilation = int(args, 12);
  const groupIn = int(args, 3) / groups;
  const wordsOfPixel = <usize>(groups * tapWords) << 3;
  const bits = ptr(args, 16) + (<usize>(group * tapWords) << 3);
  const tileBytes = <usize>(kernelHeight * kernelWidth * tapWords) * 24;
  for (let p = 0; p < count; p++) {
    const outColumn = (start + p) % int(args, 5);
    const outRow = ((start + p) / int(args, 5)) % int(args, 4);
    const image = (start + p) / (int(args, 5) * int(args, 4));
    const firstRow = outRow * int(args, 10) - int(args, 11);
    const firstColumn = outColumn * int(args, 10) - int(args, 11);
    let to = columns + <usize>(p / TILE_PIXELS) * tileBytes + (<usize>(p % TILE_PIXELS) << 3);
    let outside = notes + 8;
    let inside = 0;
    for (let tapRow = 0; tapRow < kernelHeight; tapRow++) {
      const row = firstRow + tapRow * dilation;
      for (let tapColumn = 0; tapColumn < kernelWidth; tapColumn++) {
        const column = firstColumn + tapColumn * dilation;
        if (<u32>row < <u32>height && <u32>column < <u32>width) {
          let from = bits + <usize>((image * height + row) * width + column) * wordsOfPixel;
          for (let word = 0; word < tapWords; word++) {
            store<u64>(to, load<u64>(from));
            from += 8;
            to += 24;
          }
          inside++;
        } else {
          for (let word = 0; word < tapWords; word++) {
            store<u64>(to, 0);
            to += 24;
          }
          store<i32>(outside, tapRow * kernelWidth + tapColumn);
          outside += 4;
        }
      }
    }
    store<i32>(notes, inside * groupIn);
    store<i32>(notes, kernelHeight * kernelWidth - inside, 4);
    notes += <usize>(kernelHeight * kernelWidth + 2) << 2;
  }
}

/** One tile: three pixels by two output channels, of which `pixels` and one or two are stored. */
function multiplySigns(
  tile: usize, filter: usize, depth: usize, popcounts: usize, notes: usize, noteBytes: usize,
  pixels: i32, two: i32, scale: usize, target: usize, targetStep: usize,
): void {
  let c00: i64 = 0, c01: i64 = 0, c10: i64 = 0, c11: i64 = 0, c20: i64 = 0, c21: i64 = 0;
  const end = filter + (depth << 4);
  do {
    const w0 = load<i64>(filter);
    const w1 = load<i64>(filter, 8);
    let x = load<i64>(tile);
    c00 += popcnt<i64>(x ^ w0);
    c01 += popcnt<i64>(x ^ w1);
    x = load<i64>(tile, 8);
    c10 += popcnt<i64>(x ^ w0);
    c11 += popcnt<i64>(x ^ w1);
    x = load<i64>(tile, 16);
    c20 += popcnt<i64>(x ^ w0);
    c21 += popcnt<i64>(x ^ w1);
    tile += 24;
    filter += 16;
  } while (filter < end);
  storePixel(<i32>c00, <i32>c01, popcounts, notes, two, scale, target);
  if (pixels > 1) storePixel(<i32>c10, <i32>c11, popcounts, notes + noteBytes, two, scale, target + targetStep);
  if (pixels > 2) storePixel(<i32>c20, <i32>c21, popcounts, notes + (noteBytes << 1), two, scale, target + (targetStep << 1));
}

/** n - 2 (differing - what the taps outside the image added to that), times the channel's scale. */
@inline
function storePixel(d0: i32, d1: i32, popcounts: usize, notes: usize, two: i32, scale: usize, target: usize): void {
  const counted = load<i32>(notes);
  const outside = load<i32>(notes, 4);
  for (let i = 0; i < outside; i++) {
    const tap = popcounts + (<usize>load<i32>(notes + (<usize>i << 2), 8) << 3);
    d0 -= load<i32>(tap);
    d1 -= load<i32>(tap, 4);
  }
  const y0 = <f32>(counted - (d0 << 1));
  store<f32>(target, scale ? y0 * load<f32>(scale) : y0);
  if (two) {
    const y1 = <f32>(counted - (d1 << 1));
    store<f32>(target, scale ? y1 * load<f32>(scale, 4) : y1, 4);
  }
}
