/** What both forms of dynamic convolution by Winograd's algorithm (`dynamic-winograd.ts`, `dynamic-winograd-panels.ts`) share. */
import { int, ptr } from './arguments';
import { transpose } from './transpose';
import { ceilDivide } from './windows';
import { BLOCK_BYTES } from './winograd';
import { BLOCK_CHANNELS, PANEL_COLUMNS } from './winograd-filters';

const TAPS: i32 = 9;
/** Bytes of four, and of all eight, outputs of a channel in packed filters. */
export const HALF_BYTES: usize = 9 * 16;
export const CHANNEL_BYTES: usize = 2 * 9 * 16;

/**
 * Filters w [outputs, 9, channels] to panels of eight outputs in which a channel is a row, zeros where a head has no eighth output:
 *
 *     [head][panel][channel][2 halves][9 taps][4 outputs].
 *
 * They are not transformed: that would be four times as much to read, and they are what is largest where tiles are few. [outputs of a
 * head, channels, channels of a task, blocks of channels, w, panels]. Tasks: (head, panel, block of channels).
 */
export function packDynamicFilters(args: usize, task: i32): void {
  const headOut = int(args, 0);
  const channels = int(args, 1);
  const blocks = int(args, 3);
  const first = (task % blocks) * int(args, 2);
  const count = min(int(args, 2), channels - first);
  const headPanels = ceilDivide(headOut, PANEL_COLUMNS);
  const panel = task / blocks;
  const column = (panel % headPanels) * PANEL_COLUMNS;
  const filterBytes = <usize>(TAPS * channels) << 2;
  const to = ptr(args, 5) + (<usize>panel * <usize>channels + <usize>first) * CHANNEL_BYTES;
  if (headOut - column < PANEL_COLUMNS) memory.fill(to, 0, <usize>count * CHANNEL_BYTES);
  for (let half = 0; half < 2; half++) {
    const left = headOut - column - 4 * half;
    if (left <= 0) break;
    const from = ptr(args, 4) + <usize>((panel / headPanels) * headOut + column + 4 * half) * filterBytes + (<usize>first << 2);
    for (let tap = 0; tap < TAPS; tap++) {
      const target = to + <usize>half * HALF_BYTES + (<usize>tap << 4);
      transpose(from + (<usize>(tap * channels) << 2), filterBytes, min(4, left), count, target, CHANNEL_BYTES);
    }
  }
}

/** Bytes of four transformed tiles. */
@inline
export function quadBytesOf(channels: i32): usize {
  return <usize>ceilDivide(channels, BLOCK_CHANNELS) * BLOCK_BYTES;
}

/** Bytes of a list of kept channels. */
@inline
export function listBytes(kept: i32): usize {
  return <usize>(3 * kept + 15 & -16) << 2;
}

/**
 * Lists the kept channels of an image's head (`row` of index and gates): where each lies in transformed tiles, where its filters lie in a panel,
 * its gate. Returns how many there are, which is also the length of the three arrays.
 *
 * @param step bytes from channel to channel within a block of tiles
 */
export function listKept(
  indices: usize, allGates: usize, row: i32, kept: i32, channels: i32, step: usize, list: usize,
): i32 {
  const index = indices + (<usize>row * <usize>kept << 2);
  const gates = allGates + (<usize>row * <usize>channels << 2);
  let count = kept;
  while (count > 0 && load<i32>(index + (<usize>(count - 1) << 2)) < 0) count--;
  const bytes = <usize>count << 2;
  for (let at: usize = 0; at < bytes; at += 4) {
    const channel = <usize>load<u32>(index + at);
    const place = list + at;
    store<u32>(place, <u32>((channel >> 4) * BLOCK_BYTES + (channel & 15) * step));
    store<u32>(place + bytes, <u32>(channel * CHANNEL_BYTES));
    store<f32>(place + 2 * bytes, load<f32>(gates + (channel << 2)));
  }
  return count;
}
