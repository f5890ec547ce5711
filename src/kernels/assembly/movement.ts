import { int, ptr } from './arguments';
import { item, loadPart, storePart } from './simd';
import { transpose } from './transpose';

/** Kernels that only move elements. Copies are loops: a row of channels is too short for `memory.copy`, a call to the host. */

/** [rows, of a task, count, from's width, to's width, x, y]: `count` elements of each row. */
export function copyColumns(args: usize, task: i32): void {
  const end = min((task + 1) * int(args, 1), int(args, 0));
  for (let row = task * int(args, 1); row < end; row++) {
    copyRow(item(ptr(args, 5), row * int(args, 3)), item(ptr(args, 6), row * int(args, 4)), int(args, 2));
  }
}

/** Each row, seen as [groups, channels / groups], is transposed. [rows, of a task, channels, groups, x, y] */
export function shuffleChannels(args: usize, task: i32): void {
  const end = min((task + 1) * int(args, 1), int(args, 0));
  const channels = int(args, 2);
  const groups = int(args, 3);
  const width = channels / groups;
  for (let row = task * int(args, 1); row < end; row++) {
    const x = item(ptr(args, 4), row * channels);
    const y = item(ptr(args, 5), row * channels);
    transpose(x, item(0, width), groups, width, y, item(0, groups));
  }
}

/**
 * Row by row of y: zeros, the stretch of x's row that the shift leaves, zeros.
 * [rows of all outputs, of a task, height, width, channels, output's height, and width, top, left, x, y]
 */
export function pad(args: usize, task: i32): void {
  const end = min((task + 1) * int(args, 1), int(args, 0));
  const height = int(args, 2);
  const width = int(args, 3);
  const channels = int(args, 4);
  const outHeight = int(args, 5);
  const outWidth = int(args, 6);
  const left = int(args, 8);
  for (let row = task * int(args, 1); row < end; row++) {
    const y = item(ptr(args, 10), row * outWidth * channels);
    const fromRow = (row % outHeight) - int(args, 7);
    const isInside = fromRow >= 0 && fromRow < height;
    const first = isInside ? min(max(left, 0), outWidth) : outWidth;
    const last = max(first, min(left + width, outWidth));
    memory.fill(y, 0, <usize>(first * channels) << 2);
    const source = (((row / outHeight) * height + fromRow) * width + first - left) * channels;
    copyRow(item(ptr(args, 9), source), item(y, first * channels), (last - first) * channels);
    memory.fill(item(y, last * channels), 0, <usize>((outWidth - last) * channels) << 2);
  }
}

@inline
function copyRow(x: usize, y: usize, count: i32): void {
  let i = 0;
  for (; i + 4 <= count; i += 4) v128.store(item(y, i), v128.load(item(x, i)));
  if (i < count) storePart(item(y, i), loadPart(item(x, i), count - i), count - i);
}
