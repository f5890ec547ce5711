/**
 * The transformed filters of `winograd.ts`, in panels of 8 outputs:
 *
 *     U [panel][block of 16 channels][frequency][16 channels][8 outputs]
 *
 * For the convolution they are made of the filters as they are, for its input gradient flipped: channels and outputs change places and taps come
 * in reverse. Lanes of a transform are neighbours in a panel, so that it writes where its results belong.
 */
import { int, ptr } from './arguments';
import { ceilDivide } from './windows';
import { loadLanes, SCRATCH_BYTES, transformFilter } from './winograd-transforms';

export const PANEL_COLUMNS: i32 = 8;
export const BLOCK_CHANNELS: i32 = 16;
/** Bytes of a frequency, and of all, in a block. */
export const PANEL_FREQUENCY_BYTES: usize = 16 * 8 * 4;
export const PANEL_BLOCK_BYTES: usize = 36 * 16 * 8 * 4;

const TAPS: usize = 9;
/** Bytes of a channel's and of all 16 channels' taps, four outputs each. */
const CHANNEL_BYTES: usize = 9 * 16;
const HALF_BYTES: usize = 16 * 9 * 16;
/** Bytes of scratch to make a panel in. */
export const PANEL_SCRATCH_BYTES: usize = SCRATCH_BYTES + 2 * HALF_BYTES;

@inline
export function panelBytes(depth: i32): usize {
  return <usize>ceilDivide(depth, BLOCK_CHANNELS) * PANEL_BLOCK_BYTES;
}

/** Where a channel's eight outputs of frequency 0 lie in a panel. */
@inline
function panelOffset(channel: i32): usize {
  return <usize>(channel / BLOCK_CHANNELS) * PANEL_BLOCK_BYTES + (<usize>(channel & (BLOCK_CHANNELS - 1)) << 5);
}

/**
 * [weights OHWI, U, groups, columns of a group, depth of a group, panels of a task, scratch of the tasks, whether flipped]. Columns are the outputs
 * and depth the channels, or the other way round when flipped. A task packs some panels.
 */
export function packWinogradFilters(args: usize, task: i32): void {
  const columns = int(args, 3);
  const depth = int(args, 4);
  const groupPanels = ceilDivide(columns, PANEL_COLUMNS);
  const scratch = ptr(args, 6) + <usize>task * PANEL_SCRATCH_BYTES;
  const end = min(int(args, 2) * groupPanels, (task + 1) * int(args, 5));
  for (let index = task * int(args, 5); index < end; index++) {
    let block = ptr(args, 1) + <usize>index * panelBytes(depth);
    for (let first = 0; first < depth; first += BLOCK_CHANNELS) {
      packBlock(int(args, 7), ptr(args, 0), index / groupPanels, index % groupPanels, first, columns, depth, block, scratch);
      block += PANEL_BLOCK_BYTES;
    }
  }
}

/** Of panel `index` of a group, columns from 8 index on and zeros behind the last, the block of the depth from `first` on. */
export function packBlock(
  flips: i32, weights: usize, group: i32, index: i32, first: i32, columns: i32, depth: i32, block: usize, scratch: usize,
): void {
  if (flips) packFlipped(weights, group, index, first, depth, columns, block, scratch);
  else packPlain(weights, group, index, first, columns, depth, block, scratch);
}

function packPlain(
  weights: usize, group: i32, index: i32, first: i32, outputs: i32, channels: i32, block: usize, scratch: usize,
): void {
  const column = index * PANEL_COLUMNS;
  const tapBytes = <usize>channels << 2;
  const filterBytes = tapBytes * TAPS;
  const filters = weights + <usize>(group * outputs + column) * filterBytes + (<usize>first << 2);
  const gathered = scratch + SCRATCH_BYTES;
  gatherTaps(filters, filterBytes, min(PANEL_COLUMNS, outputs - column), tapBytes, channels - first, gathered);
  const end = block + (<usize>min(BLOCK_CHANNELS, channels - first) << 5);
  let from = gathered;
  for (let to = block; to < end; to += 32) {
    transformFilter(from, scratch, to, PANEL_FREQUENCY_BYTES);
    transformFilter(from + HALF_BYTES, scratch, to + 16, PANEL_FREQUENCY_BYTES);
    from += CHANNEL_BYTES;
  }
}

/**
 * Up to 16 channels of up to 8 outputs to [2 halves][16 channels][9 taps][4 outputs], a cache line of each tap at a time; zeros for outputs that are
 * not there.
 */
function gatherTaps(filters: usize, filterBytes: usize, outputs: i32, tapBytes: usize, channels: i32, gathered: usize): void {
  const zero = f32x4.splat(0);
  const most = min(channels, BLOCK_CHANNELS);
  for (let half = 0; half < 2; half++) {
    for (let tap: usize = 0; tap < TAPS; tap++) {
      let from = filters + tap * tapBytes;
      let to = gathered + (tap << 4);
      for (let left = most; left > 0; left -= 4) {
        const a = outputs > 0 ? loadLanes(from, left) : zero;
        const b = outputs > 1 ? loadLanes(from + filterBytes, left) : zero;
        const c = outputs > 2 ? loadLanes(from + (filterBytes << 1), left) : zero;
        const d = outputs > 3 ? loadLanes(from + filterBytes * 3, left) : zero;
        const evenLow = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
        const evenHigh = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
        const oddLow = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
        const oddHigh = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
        v128.store(to, v128.shuffle<i64>(evenLow, oddLow, 0, 2));
        v128.store(to + CHANNEL_BYTES, v128.shuffle<i64>(evenLow, oddLow, 1, 3));
        v128.store(to + CHANNEL_BYTES * 2, v128.shuffle<i64>(evenHigh, oddHigh, 0, 2));
        v128.store(to + CHANNEL_BYTES * 3, v128.shuffle<i64>(evenHigh, oddHigh, 1, 3));
        from += 16;
        to += CHANNEL_BYTES * 4;
      }
    }
    outputs -= 4;
    filters += filterBytes << 2;
    gathered += HALF_BYTES;
  }
}

/** Columns are channels, the depth is the outputs, and taps come in reverse. */
function packFlipped(
  weights: usize, group: i32, index: i32, first: i32, outputs: i32, channels: i32, block: usize, scratch: usize,
): void {
  const column = index * PANEL_COLUMNS;
  const tapBytes = <usize>channels << 2;
  const end = block + (<usize>min(BLOCK_CHANNELS, outputs - first) << 5);
  let last = weights + (<usize>(group * outputs + first) * TAPS + TAPS - 1) * tapBytes;
  for (let to = block; to < end; to += 32) {
    for (let half = 0; half < PANEL_COLUMNS; half += 4) {
      const left = channels - column - half;
      let from = last + (<usize>(column + half) << 2);
      for (let tap: usize = 0; tap < TAPS; tap++) {
        v128.store(scratch + (tap << 4), left > 0 ? loadLanes(from, left) : f32x4.splat(0));
        from -= tapBytes;
      }
      transformFilter(scratch, scratch, to + (<usize>half << 2), PANEL_FREQUENCY_BYTES);
    }
    last += tapBytes * TAPS;
  }
}
