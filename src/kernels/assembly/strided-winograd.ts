import { int, ptr } from './arguments';
import { ceilDivide } from './windows';
import { BLOCK_CHANNELS, PANEL_BLOCK_BYTES, PANEL_COLUMNS, PANEL_FREQUENCY_BYTES, panelBytes } from './winograd-filters';
import { transformFourTaps } from './winograd-transforms';

/**
 * Convolutions of stride 2 by Winograd's algorithm. Each 2x2 pixels of the padded image become one pixel of four times as many channels:
 *
 *     s[i, j, (2 r + c) channels + channel] = x[2 i + r - padding, 2 j + c - padding, channel],  zero outside.
 *
 * Over s the convolution has stride 1 and half as many taps, rounded up: tap (a, b) of channel (r, c) is w's tap (2 a + r, 2 b + c), zero where w has
 * none. A 7x7 kernel so becomes 4x4, which F(3x3, 4x4) does at the six points of F(4x4, 3x3): 36 products for a folded channel and nine outputs
 * instead of 144.
 */

/** Taps of a folded kernel, down and across. */
const SIDE: i32 = 4;

/** s of all images. [x, height, width, channels, padding, s, height of s, width of s, rows of s in all, rows of a task] */
export function foldPixels(args: usize, task: i32): void {
  const height = int(args, 1);
  const width = int(args, 2);
  const channels = int(args, 3);
  const padding = int(args, 4);
  const foldedHeight = int(args, 6);
  const foldedWidth = int(args, 7);
  const pixelBytes = <usize>channels << 2;
  const rowBytes = <usize>width * pixelBytes;
  const end = min(int(args, 8), (task + 1) * int(args, 9));
  let to = ptr(args, 5) + <usize>(task * int(args, 9) * foldedWidth) * (pixelBytes << 2);
  for (let line = task * int(args, 9); line < end; line++) {
    const image = line / foldedHeight;
    const row = (line % foldedHeight) * 2 - padding;
    for (let i = row; i < row + 2; i++) {
      const from = ptr(args, 0) + <usize>(image * height + i) * rowBytes;
      const isInside = <u32>i < <u32>height;
      let target = to + <usize>(i - row) * (pixelBytes << 1);
      for (let column = -padding; column < foldedWidth * 2 - padding; column += 2) {
        if (isInside && column >= 0 && column + 1 < width) {
          copyPairs(from + <usize>column * pixelBytes, channels, target);
        } else {
          copyOrClear(isInside && <u32>column < <u32>width, from + <usize>column * pixelBytes, pixelBytes, target);
          copyOrClear(isInside && <u32>(column + 1) < <u32>width, from + <usize>(column + 1) * pixelBytes, pixelBytes, target + pixelBytes);
        }
        target += pixelBytes << 2;
      }
    }
    to += <usize>foldedWidth * (pixelBytes << 2);
  }
}

/** Two pixels side by side are as many pairs of floats as they have channels. */
@inline
function copyPairs(from: usize, channels: i32, to: usize): void {
  const bytes = <usize>channels << 3;
  for (let at: usize = 0; at < bytes; at += 8) store<u64>(to + at, load<u64>(from + at));
}

@inline
function copyOrClear(copies: bool, from: usize, bytes: usize, to: usize): void {
  for (let at: usize = 0; at < bytes; at += 4) store<f32>(to + at, copies ? load<f32>(from + at) : 0);
}

/**
 * Transformed filters of a folded kernel, in the panels of `winograd-filters.ts`. [weights OHWI, U, outputs, channels, kernel's side, panels of a task,
 * scratch of the tasks]. A task packs some panels; its scratch is 16 + 24 vectors.
 */
export function packFoldedFilters(args: usize, task: i32): void {
  const outputs = int(args, 2);
  const channels = int(args, 3);
  const side = int(args, 4);
  const depth = 4 * channels;
  const scratch = ptr(args, 6) + <usize>task * FOLDED_SCRATCH_BYTES;
  const end = min(ceilDivide(outputs, PANEL_COLUMNS), (task + 1) * int(args, 5));
  for (let index = task * int(args, 5); index < end; index++) {
    const panel = ptr(args, 1) + <usize>index * panelBytes(depth);
    for (let folded = 0; folded < depth; folded++) {
      const phase = folded / channels;
      const channel = folded % channels;
      const to = panel + <usize>(folded / BLOCK_CHANNELS) * PANEL_BLOCK_BYTES + (<usize>(folded % BLOCK_CHANNELS) << 5);
      for (let half = 0; half < PANEL_COLUMNS; half += 4) {
        const first = index * PANEL_COLUMNS + half;
        gatherFolded(ptr(args, 0), outputs - first, first, channels, side, phase >> 1, phase & 1, channel, scratch);
        transformFourTaps(scratch, scratch + TAPS_BYTES, to + (<usize>half << 2), PANEL_FREQUENCY_BYTES);
      }
    }
  }
}

const TAPS_BYTES: usize = 16 * 16;
const FOLDED_SCRATCH_BYTES: usize = TAPS_BYTES + 24 * 16;

/** The 4x4 taps of one folded channel, of four outputs each: zeros for what is not there. */
function gatherFolded(
  weights: usize, outputs: i32, first: i32, channels: i32, side: i32, row: i32, column: i32, channel: i32, to: usize,
): void {
  for (let i = row; i < 2 * SIDE; i += 2) {
    for (let j = column; j < 2 * SIDE; j += 2) {
      for (let output = 0; output < 4; output++) {
        const isThere = i < side && j < side && output < outputs;
        const at = (((first + output) * side + i) * side + j) * channels + channel;
        store<f32>(to, isThere ? load<f32>(weights + (<usize>at << 2)) : 0);
        to += 4;
      }
    }
  }
}
