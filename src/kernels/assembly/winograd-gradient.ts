/**
 * The weight gradient of a 3x3 convolution of stride 1 by the transposed Winograd algorithm (`winograd-transforms.ts`):
 *
 *     dg = G' [sum over tiles of (B d B') * (T dY T')] G,
 *
 * for each of the 36 frequencies a product of matrices whose k axis is the tiles. A task of `multiplyWinogradGradient` takes a chunk of the
 * units of some tiles, transforms each unit's x and dy and adds their products to its partial sums; `finishWinogradGradient` adds the
 * chunks in their order and transforms them back.
 *
 *     V [block of 8 channels][frequency][tile][8 channels]        of x
 *     Z [block of 4 outputs][frequency][tile][4 outputs]          of dy
 *     P [frequency][block of 4 outputs][block of 8 channels][4 outputs][8 channels]
 */
import { int, ptr } from './arguments';
import { multiplyAdd, OUTER_BYTES } from './gemm';
import { ceilDivide } from './windows';
import {
  FREQUENCIES, gatherPixels, SCRATCH_BYTES, TILE_SIDE, transformFilterGradient, transformTileGradient, transformWindow, WINDOW_SIDE,
} from './winograd-transforms';

const CHANNELS: i32 = 8;
const OUTPUTS: i32 = 4;
/** Bytes behind a frequency's tiles, lest all 36 fall on the same few lines of the nearest cache. */
const GAP_BYTES: usize = 64;

@inline
function windowStride(unitTiles: i32): usize {
  return (<usize>unitTiles << 5) + GAP_BYTES;
}

@inline
function gradientStride(unitTiles: i32): usize {
  return (<usize>unitTiles << 4) + GAP_BYTES;
}

/**
 * 0 x, 1 height, 2 width, 3 channels, 4 padding, 5 dy, 6 its height, 7 width, 8 channels, 9 groups, 10 tile rows and 11 tile columns of an
 * image, 12 tiles of all, 13 tiles of a unit, 14 units of a task, 15 P [chunks, groups, …], 16 workspaces, 17 bytes of one. A
 * workspace holds V, Z and scratch.
 */
export function multiplyWinogradGradient(args: usize, task: i32): void {
  const groups = int(args, 9);
  const unitTiles = int(args, 13);
  const groupIn = int(args, 3) / groups;
  const groupOut = int(args, 8) / groups;
  const channelBlocks = ceilDivide(groupIn, CHANNELS);
  const outputBlocks = ceilDivide(groupOut, OUTPUTS);
  const groupBytes = <usize>(FREQUENCIES * outputBlocks * channelBlocks) * OUTER_BYTES;
  const windows = ptr(args, 16) + <usize>int(args, 17) * <usize>task;
  const gradients = windows + <usize>(channelBlocks * FREQUENCIES) * windowStride(unitTiles);
  const scratch = gradients + <usize>(outputBlocks * FREQUENCIES) * gradientStride(unitTiles);
  const firstTile = task * int(args, 14) * unitTiles;
  const endTile = min(int(args, 12), firstTile + int(args, 14) * unitTiles);
  for (let start = firstTile; start < endTile; start += unitTiles) {
    const end = min(endTile, start + unitTiles);
    for (let group = 0; group < groups; group++) {
      transformUnit(args, start, end, group * groupIn, groupIn, group * groupOut, groupOut, windows, gradients, scratch);
      const partial = ptr(args, 15) + <usize>(task * groups + group) * groupBytes;
      multiplyUnit(windows, gradients, end - start, unitTiles, channelBlocks, outputBlocks, partial, i32(start > firstTile));
    }
  }
}

/** V and Z of the tiles [start, end). */
function transformUnit(
  args: usize, start: i32, end: i32, channel: i32, channels: i32, output: i32, outputs: i32, windows: usize, gradients: usize, scratch: usize,
): void {
  const padding = int(args, 4);
  const tileRows = int(args, 10);
  const tileColumns = int(args, 11);
  const unitTiles = int(args, 13);
  const imageBytes = <usize>(int(args, 1) * int(args, 2) * int(args, 3)) << 2;
  const gradientBytes = <usize>(int(args, 6) * int(args, 7) * int(args, 8)) << 2;
  for (let tile = start; tile < end; tile++) {
    const line = tile / tileColumns;
    const image = line / tileRows;
    const row = (line - image * tileRows) * TILE_SIDE;
    const column = (tile - line * tileColumns) * TILE_SIDE;
    const place = <usize>(tile - start);
    transformX(
      ptr(args, 0) + <usize>image * imageBytes + (<usize>channel << 2), int(args, 1), int(args, 2), int(args, 3), row - padding, column - padding,
      channels, scratch, windows + (place << 5), windowStride(unitTiles),
    );
    transformDy(
      ptr(args, 5) + <usize>image * gradientBytes + (<usize>output << 2), int(args, 6), int(args, 7), int(args, 8), row, column,
      outputs, scratch, gradients + (place << 4), gradientStride(unitTiles),
    );
  }
}

function transformX(
  image: usize, height: i32, width: i32, pixelChannels: i32, row: i32, column: i32, channels: i32, scratch: usize, to: usize, stride: usize,
): void {
  const pixelBytes = <usize>pixelChannels << 2;
  const pitch = <usize>width * pixelBytes;
  const inside = row >= 0 && column >= 0 && row + WINDOW_SIDE <= height && column + WINDOW_SIDE <= width;
  const shift = row * <i32>pitch + column * <i32>pixelBytes;
  const nextBlock = stride * 36 - 16;
  let half = false;
  for (let left = channels; left > 0; left -= 4) {
    if (inside && left >= 4) {
      transformWindow(image + shift, pitch, pixelBytes, scratch, to, stride);
    } else {
      gatherPixels(image, height, width, pixelBytes, row, column, WINDOW_SIDE, left, scratch);
      transformWindow(scratch, 96, 16, scratch, to, stride);
    }
    image += 16;
    to += half ? nextBlock : 16;
    half = !half;
  }
}

function transformDy(
  image: usize, height: i32, width: i32, pixelChannels: i32, row: i32, column: i32, outputs: i32, scratch: usize, to: usize, stride: usize,
): void {
  const pixelBytes = <usize>pixelChannels << 2;
  const pitch = <usize>width * pixelBytes;
  const inside = row + TILE_SIDE <= height && column + TILE_SIDE <= width;
  const shift = <usize>(row * width + column) * pixelBytes;
  for (let left = outputs; left > 0; left -= 4) {
    if (inside && left >= 4) {
      transformTileGradient(image + shift, pitch, pixelBytes, scratch, to, stride);
    } else {
      gatherPixels(image, height, width, pixelBytes, row, column, TILE_SIDE, left, scratch);
      transformTileGradient(scratch, 64, 16, scratch, to, stride);
    }
    image += 16;
    to += stride * 36;
  }
}

/** P (+)= Z' V for each frequency. */
function multiplyUnit(
  windows: usize, gradients: usize, tiles: i32, unitTiles: i32, channelBlocks: i32, outputBlocks: i32, partial: usize, accumulate: i32,
): void {
  const windowBytes = windowStride(unitTiles);
  const gradientBytes = gradientStride(unitTiles);
  for (let frequency = 0; frequency < FREQUENCIES; frequency++) {
    let left = gradients;
    for (let output = 0; output < outputBlocks; output++) {
      let right = windows;
      for (let channel = 0; channel < channelBlocks; channel++) {
        multiplyTiles(left, right, tiles, partial, accumulate);
        right += windowBytes * 36;
        partial += OUTER_BYTES;
      }
      left += gradientBytes * 36;
    }
    windows += windowBytes;
    gradients += gradientBytes;
  }
}

/** The micro-kernel `accumulateOuter` of `gemm.ts` over tiles that lie side by side. */
function multiplyTiles(left: usize, right: usize, tiles: i32, to: usize, accumulate: i32): void {
  let c00: v128, c01: v128, c10: v128, c11: v128, c20: v128, c21: v128, c30: v128, c31: v128;
  if (accumulate) {
    c00 = v128.load(to); c01 = v128.load(to, 16);
    c10 = v128.load(to, 32); c11 = v128.load(to, 48);
    c20 = v128.load(to, 64); c21 = v128.load(to, 80);
    c30 = v128.load(to, 96); c31 = v128.load(to, 112);
  } else {
    c00 = c01 = c10 = c11 = c20 = c21 = c30 = c31 = f32x4.splat(0);
  }
  const end = left + (<usize>tiles << 4);
  do {
    const b0 = v128.load(right), b1 = v128.load(right, 16);
    let a = v128.load32_splat(left);
    c00 = multiplyAdd(a, b0, c00); c01 = multiplyAdd(a, b1, c01);
    a = v128.load32_splat(left, 4);
    c10 = multiplyAdd(a, b0, c10); c11 = multiplyAdd(a, b1, c11);
    a = v128.load32_splat(left, 8);
    c20 = multiplyAdd(a, b0, c20); c21 = multiplyAdd(a, b1, c21);
    a = v128.load32_splat(left, 12);
    c30 = multiplyAdd(a, b0, c30); c31 = multiplyAdd(a, b1, c31);
    left += 16;
    right += 32;
  } while (left < end);
  v128.store(to, c00); v128.store(to, c01, 16);
  v128.store(to, c10, 32); v128.store(to, c11, 48);
  v128.store(to, c20, 64); v128.store(to, c21, 80);
  v128.store(to, c30, 96); v128.store(to, c31, 112);
}

/**
 * [P, dw, chunks, groups, outputs of a group, channels of a group, blocks of outputs of a task, workspaces]. A task makes the filters of
 * some blocks of outputs, those of all groups counted on.
 */
export function finishWinogradGradient(args: usize, task: i32): void {
  const chunks = int(args, 2);
  const groups = int(args, 3);
  const outputs = int(args, 4);
  const channels = int(args, 5);
  const outputBlocks = ceilDivide(outputs, OUTPUTS);
  const channelBlocks = ceilDivide(channels, CHANNELS);
  const frequencyBytes = <usize>(outputBlocks * channelBlocks) * OUTER_BYTES;
  const groupBytes = frequencyBytes * 36;
  const scratch = ptr(args, 7) + <usize>task * SCRATCH_BYTES;
  const end = min(groups * outputBlocks, (task + 1) * int(args, 6));
  for (let index = task * int(args, 6); index < end; index++) {
    const group = index / outputBlocks;
    const block = index - group * outputBlocks;
    const sums = ptr(args, 0) + <usize>group * groupBytes + <usize>(block * channelBlocks) * OUTER_BYTES;
    const first = block * OUTPUTS;
    const count = min(OUTPUTS, outputs - first);
    for (let i = 0; i < count; i++) {
      let from = sums + (<usize>i << 5);
      let to = ptr(args, 1) + (<usize>((group * outputs + first + i) * 9 * channels) << 2);
      for (let channel = 0; channel < channels; channel += 4) {
        sumChunks(from, frequencyBytes, groupBytes * <usize>groups, chunks, scratch);
        transformFilterGradient(scratch, to, <usize>channels << 2, channels - channel);
        from += channel & 4 ? OUTER_BYTES - 16 : 16;
        to += 16;
      }
    }
  }
}

/** One vector of each frequency, of all chunks. */
function sumChunks(from: usize, frequencyBytes: usize, chunkBytes: usize, chunks: i32, to: usize): void {
  for (let frequency = 0; frequency < FREQUENCIES; frequency++) {
    let at = from;
    let sum = v128.load(at);
    for (let chunk = 1; chunk < chunks; chunk++) {
      at += chunkBytes;
      sum = f32x4.add(sum, v128.load(at));
    }
    v128.store(to, sum);
    to += 16;
    from += frequencyBytes;
  }
}
