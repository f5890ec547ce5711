import { int, ptr } from './arguments';
import { TILE_COLUMNS } from './gemm';

/**
 * What the kernels of dynamic convolution share: how an image's head finds its kept channels, and how they lie.
 *
 * All take the geometry as their first arguments: batch, height, width, inChannels, outHeight, outWidth, outChannels, heads, kept,
 * kernelHeight, kernelWidth, stride, padding, dilation. Weights come as `packDynamicWeights` makes them: for each head
 * [taps, inChannels, columns], the head's output channels innermost and filled up with zeros to a multiple of eight, so that a
 * kept channel is a row that can be read as it is.
 *
 * The products of an image and a head are listed once as terms, tap by tap, kept channel by kept channel. A term has four
 * words, in four arrays one behind the other: bytes from a point's own source to the element, bytes into the head's weights,
 * the gate, and the channel.
 */
export const GEOMETRY: i32 = 14;

/** Bytes of one of the four arrays. */
@inline
export function termBytes(args: usize): usize {
  return <usize>(int(args, 8) * int(args, 9) * int(args, 10)) << 2;
}

/** A head's output channels, filled up to whole vectors. */
@inline
export function headColumns(args: usize): i32 {
  return (int(args, 6) / int(args, 7) + TILE_COLUMNS - 1) & -TILE_COLUMNS;
}

@inline
export function headWeightBytes(args: usize): usize {
  return <usize>(int(args, 9) * int(args, 10)) * <usize>int(args, 3) * <usize>headColumns(args) << 2;
}

/** One tap on every pixel, no border: kept channels are read where they are. Otherwise they are gathered into an image of their own. */
@inline
export function readsInPlace(args: usize): bool {
  return int(args, 9) * int(args, 10) === 1 && int(args, 12) === 0;
}

/** Channels that an image's head keeps: `kept`, less those that `index` marks with -1, which are the last. */
export function keptChannels(args: usize, indices: usize, image: i32, head: i32): i32 {
  const kept = int(args, 8);
  const index = indices + (<usize>((image * int(args, 7) + head) * kept) << 2);
  let count = kept;
  while (count > 0 && load<i32>(index + (<usize>(count - 1) << 2)) < 0) count--;
  return count;
}

/** Writes the terms of an image's head and returns how many channels it keeps: `kept`, less those that `index` marks with -1. */
export function listTerms(args: usize, gates: usize, indices: usize, image: i32, head: i32, terms: usize): i32 {
  const inChannels = int(args, 3);
  const row = image * int(args, 7) + head;
  const index = indices + (<usize>(row * int(args, 8)) << 2);
  const gate = gates + ((<usize>row * <usize>inChannels) << 2);
  const array = termBytes(args);
  const weightRow = headColumns(args) << 2;
  let count = 0;
  for (let k = 0; k < int(args, 8); k++) {
    const channel = load<i32>(index + (<usize>k << 2));
    if (channel < 0) continue;
    const at = terms + (<usize>count << 2);
    store<i32>(at, (readsInPlace(args) ? channel : count) << 2);
    store<i32>(at + array, channel * weightRow);
    store<f32>(at + 2 * array, load<f32>(gate + (<usize>channel << 2)));
    store<i32>(at + 3 * array, channel);
    count++;
  }
  const paddedWidth = int(args, 2) + 2 * int(args, 12);
  for (let tap = 1; tap < int(args, 9) * int(args, 10); tap++) {
    const pixel = ((tap / int(args, 10)) * paddedWidth + (tap % int(args, 10))) * int(args, 13);
    for (let k = 0; k < count; k++) {
      const from = terms + (<usize>k << 2);
      const at = from + (<usize>(tap * count) << 2);
      store<i32>(at, load<i32>(from) + ((pixel * count) << 2));
      store<i32>(at + array, load<i32>(from + array) + tap * inChannels * weightRow);
      store<f32>(at + 2 * array, load<f32>(from + 2 * array));
      store<i32>(at + 3 * array, load<i32>(from + 3 * array));
    }
  }
  return count;
}

/** The kept channels of the rows [first, first + rows) of the padded image, [rows, width + 2 padding, count]. */
export function gatherChannels(args: usize, image: usize, terms: usize, count: i32, first: i32, rows: i32, to: usize): void {
  const padding = int(args, 12);
  const pixelBytes = <usize>int(args, 3) << 2;
  const rowBytes = <usize>int(args, 2) * pixelBytes;
  const sideBytes = <usize>(padding * count) << 2;
  const channels = terms + 3 * termBytes(args);
  const channelsEnd = channels + (<usize>count << 2);
  for (let row = first - padding; row < first - padding + rows; row++) {
    if (<u32>row >= <u32>int(args, 1)) {
      const bytes = <usize>((int(args, 2) + 2 * padding) * count) << 2;
      memory.fill(to, 0, bytes);
      to += bytes;
      continue;
    }
    memory.fill(to, 0, sideBytes);
    to += sideBytes;
    const end = image + <usize>(row + 1) * rowBytes;
    for (let pixel = end - rowBytes; pixel < end; pixel += pixelBytes) {
      for (let channel = channels; channel < channelsEnd; channel += 4) {
        store<f32>(to, load<f32>(pixel + (<usize>load<u32>(channel) << 2)));
        to += 4;
      }
    }
    memory.fill(to, 0, sideBytes);
    to += sideBytes;
  }
}
