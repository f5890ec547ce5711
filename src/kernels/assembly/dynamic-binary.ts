/**
 * 1-bit dynamic convolution: of each image and head, only the kept channels' signs meet the signs of the head's weights. With the kept
 * channels as the bits of a mask,
 *
 *     sum over kept channels of sign(x) sign(w) = kept - 2 popcount((x ^ w) & mask),
 *
 * so a dropped channel is neither +1 nor -1. The mask goes into both operands beforehand, for (x ^ w) & mask = (x & mask) ^ (w & mask):
 * a head's weights once for a band of an image, a pixel once for all of the head's output channels. A tap outside of the image is not visited, and
 * not counted. Everything is integers until the level, one factor for each image and head, at the end.
 *
 * x [pixels, inChannels] and w [outChannels * taps, inChannels] are packed into rows of 64-bit words.
 */
import { int, ptr } from './arguments';
import { GEOMETRY, keptChannels } from './dynamic-heads';
import { packRow } from './sign-bits';
import { item } from './simd';

/** Output channels of a tile. */
const TILE_CHANNELS: i32 = 4;

/** x [rows, channels] to rows of signs in whole words; bits behind the last channel are 0. [rows, of a task, channels, x, bits] */
export function packSignWords(args: usize, task: i32): void {
  const channels = int(args, 2);
  const rowBytes = <usize>((channels + 63) >> 6) << 3;
  const end = min((task + 1) * int(args, 1), int(args, 0));
  for (let row = task * int(args, 1); row < end; row++) {
    const to = ptr(args, 4) + <usize>row * rowBytes;
    memory.fill(to, 0, rowBytes);
    packRow(item(ptr(args, 3), row * channels), to, channels);
  }
}

/**
 * levels [rows, channels]: in every place of a row the mean of the gates that its index names, 0 where it names none.
 * [rows, of a task, channels, kept, gates, index, levels]
 */
export function levelGates(args: usize, task: i32): void {
  const channels = int(args, 2);
  const kept = int(args, 3);
  const end = min((task + 1) * int(args, 1), int(args, 0));
  for (let row = task * int(args, 1); row < end; row++) {
    const gates = item(ptr(args, 4), row * channels);
    const index = item(ptr(args, 5), row * kept);
    let sum: f64 = 0;
    let count = 0;
    for (; count < kept; count++) {
      const channel = load<i32>(item(index, count));
      if (channel < 0) break;
      sum += <f64>load<f32>(item(gates, channel));
    }
    const level = count > 0 ? <f32>(sum / <f64>count) : 0;
    const levels = item(ptr(args, 6), row * channels);
    for (let channel = 0; channel < channels; channel++) store<f32>(item(levels, channel), level);
  }
}

/**
 * Units: (image, band of output rows). After the geometry: units, units of a task, rows of a band, bands, bits of x, bits of w, levels, index,
 * y, workspaces, bytes of one. A task's workspace: the mask, the head's masked weights [tiles][taps * words][4], the band's masked pixels.
 */
export function dynamicBinaryConvolution(args: usize, task: i32): void {
  const heads = int(args, 7);
  const taps = int(args, 9) * int(args, 10);
  const words = (int(args, 3) + 63) >> 6;
  const headOut = int(args, 6) / heads;
  const rowsOfBand = int(args, GEOMETRY + 2);
  const bands = int(args, GEOMETRY + 3);
  const mask = ptr(args, GEOMETRY + 9) + <usize>task * <usize>int(args, GEOMETRY + 10);
  const filters = mask + (<usize>words << 3);
  const pixels = filters + <usize>(((headOut + TILE_CHANNELS - 1) / TILE_CHANNELS) * taps * words) * 32;
  for (let unit = task * int(args, GEOMETRY + 1); unit < min((task + 1) * int(args, GEOMETRY + 1), int(args, GEOMETRY)); unit++) {
    const image = unit / bands;
    const first = (unit % bands) * rowsOfBand;
    const end = min(first + rowsOfBand, int(args, 4));
    const firstSource = max(0, first * int(args, 11) - int(args, 12));
    const lastSource = (end - 1) * int(args, 11) - int(args, 12) + (int(args, 9) - 1) * int(args, 13);
    const sourceRows = max(0, min(int(args, 1), lastSource + 1) - firstSource);
    const bits = ptr(args, GEOMETRY + 4) + (<usize>((image * int(args, 1) + firstSource) * int(args, 2)) * <usize>words << 3);
    for (let head = 0; head < heads; head++) {
      const row = image * heads + head;
      const count = keptChannels(args, ptr(args, GEOMETRY + 7), image, head);
      writeMask(item(ptr(args, GEOMETRY + 7), row * int(args, 8)), count, mask, words);
      maskPixels(bits, sourceRows * int(args, 2), mask, words, pixels);
      const weights = ptr(args, GEOMETRY + 5) + (<usize>(head * headOut * taps) * <usize>words << 3);
      maskFilters(weights, headOut, taps, mask, words, filters);
      const level = load<f32>(item(ptr(args, GEOMETRY + 6), row * int(args, 3)));
      for (let y = first; y < end; y++) convolveRow(args, image, head, y, pixels, firstSource, filters, words, count, level);
    }
  }
}

function writeMask(index: usize, count: i32, mask: usize, words: i32): void {
  memory.fill(mask, 0, <usize>words << 3);
  for (let k = 0; k < count; k++) {
    const channel = load<i32>(item(index, k));
    const at = mask + (<usize>(channel >> 6) << 3);
    store<u64>(at, load<u64>(at) | ((<u64>1) << (channel & 63)));
  }
}

function maskPixels(from: usize, pixels: i32, mask: usize, words: i32, to: usize): void {
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let word: usize = 0; word < <usize>words << 3; word += 8) {
      store<u64>(to, load<u64>(from) & load<u64>(mask + word));
      from += 8;
      to += 8;
    }
  }
}

/** Channels that fill up the last tile are 0: nobody reads their sums. */
function maskFilters(from: usize, headOut: i32, taps: i32, mask: usize, words: i32, to: usize): void {
  const channelBytes = <usize>(taps * words) << 3;
  for (let channel = 0; channel < headOut; channel += TILE_CHANNELS) {
    for (let tap = 0; tap < taps; tap++) {
      for (let word = 0; word < words; word++) {
        const at = from + (<usize>(tap * words + word) << 3);
        for (let i = 0; i < TILE_CHANNELS; i++) {
          const bits = channel + i < headOut ? load<u64>(at + <usize>i * channelBytes) : 0;
          store<u64>(to, bits & load<u64>(mask + (<usize>word << 3)));
          to += 8;
        }
      }
    }
    from += <usize>TILE_CHANNELS * channelBytes;
  }
}

/** One output row of a head. */
function convolveRow(
  args: usize, image: i32, head: i32, row: i32, pixels: usize, firstSource: i32, filters: usize, words: i32, count: i32, level: f32,
): void {
  const outChannels = int(args, 6);
  const headOut = outChannels / int(args, 7);
  const tileBytes = <usize>(int(args, 9) * int(args, 10) * words) << 5;
  const top = row * int(args, 11) - int(args, 12);
  let target = item(ptr(args, GEOMETRY + 8), (image * int(args, 4) + row) * int(args, 5) * outChannels + head * headOut);
  for (let column = 0; column < int(args, 5); column++) {
    const left = column * int(args, 11) - int(args, 12);
    let filter = filters;
    for (let channel = 0; channel < headOut; channel += TILE_CHANNELS) {
      const channels = min(TILE_CHANNELS, headOut - channel);
      convolvePixel(args, pixels, firstSource, top, left, filter, words, count, level, channels, item(target, channel));
      filter += tileBytes;
    }
    target = item(target, outChannels);
  }
}

/** One output pixel, up to four output channels. */
function convolvePixel(
  args: usize, pixels: usize, firstSource: i32, top: i32, left: i32, filter: usize, words: i32, count: i32, level: f32, channels: i32,
  target: usize,
): void {
  const width = int(args, 2);
  let d0: i64 = 0, d1: i64 = 0, d2: i64 = 0, d3: i64 = 0;
  let products = 0;
  for (let tapRow = 0; tapRow < int(args, 9); tapRow++) {
    const row = top + tapRow * int(args, 13);
    for (let tapColumn = 0; tapColumn < int(args, 10); tapColumn++) {
      const column = left + tapColumn * int(args, 13);
      if (<u32>row < <u32>int(args, 1) && <u32>column < <u32>width) {
        let x = pixels + (<usize>((row - firstSource) * width + column) * <usize>words << 3);
        const end = x + (<usize>words << 3);
        let w = filter;
        do {
          const word = load<i64>(x);
          d0 += popcnt<i64>(word ^ load<i64>(w));
          d1 += popcnt<i64>(word ^ load<i64>(w, 8));
          d2 += popcnt<i64>(word ^ load<i64>(w, 16));
          d3 += popcnt<i64>(word ^ load<i64>(w, 24));
          x += 8;
          w += 32;
        } while (x < end);
        products += count;
      }
      filter += <usize>words << 5;
    }
  }
  store<f32>(target, level * <f32>(products - (<i32>d0 << 1)));
  if (channels > 1) store<f32>(target, level * <f32>(products - (<i32>d1 << 1)), 4);
  if (channels > 2) store<f32>(target, level * <f32>(products - (<i32>d2 << 1)), 8);
  if (channels > 3) store<f32>(target, level * <f32>(products - (<i32>d3 << 1)), 12);
}
