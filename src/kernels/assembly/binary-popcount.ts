import { int, ptr } from './arguments';
import { finishOutputs, tileOf } from './binary-outputs';
import { item } from './simd';

/**
 * Popcounts of a 1-bit convolution word by word, 64 products each: for layers with few pixels or few output channels. It builds nothing but
 * the order of the weights.
 * Tiles are two output pixels by two output channels: four sums and the words under way fit the scalar registers.
 */

/** Pixels whose columns are lined up at once, an even number: they stay in the nearest cache beside a pair of filters. */
const BLOCK_PIXELS: i32 = 24;

/** Rows of `packSignWeights` to pairs of output channels [words][2]; a pair without its second channel repeats the first. */
export function pairSignWeights(args: usize, task: i32): void {
  const groupOut = int(args, 2);
  const rowBytes = <usize>int(args, 3);
  const pairsOfGroup = (groupOut + 1) >> 1;
  const first = task * int(args, 1);
  const last = min(first + int(args, 1), int(args, 0));
  for (let pair = first; pair < last; pair++) {
    const channelOfGroup = (pair % pairsOfGroup) << 1;
    const row = ptr(args, 4) + <usize>((pair / pairsOfGroup) * groupOut + channelOfGroup) * rowBytes;
    const to = ptr(args, 5) + <usize>pair * (rowBytes << 1);
    spread(row, to, rowBytes);
    spread(channelOfGroup + 1 < groupOut ? row + rowBytes : row, to + 8, rowBytes);
  }
}

/** Words to every other word. */
function spread(from: usize, to: usize, bytes: usize): void {
  const end = from + bytes;
  for (; from < end; from += 8) {
    store<u64>(to, load<u64>(from));
    to += 16;
  }
}

/**
 * Tasks: (block of output pixels, range of pairs). Workspace of a task: columns of BLOCK_PIXELS pixels in pairs [words][2] each, one column as it is
 * put together, then for each pixel the address of its balances.
 */
export function popcountConvolution(args: usize, task: i32): void {
  const groups = int(args, 0);
  const groupOut = int(args, 1);
  const paddedOut = int(args, 2);
  const rowBytes = <usize>int(args, 3);
  const pixelsOfTask = int(args, 4);
  const pairsOfTask = int(args, 5);
  const parts = int(args, 6);
  const filters = ptr(args, 8);
  const y = ptr(args, 9);
  const columns = ptr(args, 10) + <usize>task * <usize>int(args, 11);
  const finish = args + (26 << 2);
  const notes = columns + rowBytes * <usize>(BLOCK_PIXELS + 1);
  const pairsOfGroup = (groupOut + 1) >> 1;
  const outChannels = groups * groupOut;
  const firstPixel = (task / parts) * pixelsOfTask;
  const lastPixel = min(firstPixel + pixelsOfTask, int(args, 7));
  const firstPair = (task % parts) * pairsOfTask;
  const lastPair = min(firstPair + pairsOfTask, groups * pairsOfGroup);
  const firstChannel = channelOfPair(firstPair, pairsOfGroup, groupOut);
  const endChannel = channelOfPair(lastPair, pairsOfGroup, groupOut);
  const tiles = tileOf(finish, task);
  const width = tiles ? endChannel - firstChannel : outChannels;

  for (let start = firstPixel; start < lastPixel; start += BLOCK_PIXELS) {
    const count = min(BLOCK_PIXELS, lastPixel - start);
    const outputs = tiles ? tiles : item(y, start * outChannels + firstChannel);
    for (let pair = firstPair; pair < lastPair; pair++) {
      const group = pair / pairsOfGroup;
      const channelOfGroup = (pair % pairsOfGroup) << 1;
      if (pair === firstPair || channelOfGroup === 0) lineUp(args, group, start, count, columns, notes);
      const channel = channelOfPair(pair, pairsOfGroup, groupOut);
      const filter = filters + <usize>pair * (rowBytes << 1);
      const two = i32(channelOfGroup + 1 < groupOut);
      const balance = (group * paddedOut + channelOfGroup) << 2;
      let tile = columns;
      for (let pixel = 0; pixel < count; pixel += 2) {
        multiplySigns(
          tile, filter, rowBytes << 1, item(notes, pixel), balance, i32(pixel + 1 < count), two,
          item(outputs, pixel * width + channel - firstChannel), <usize>width << 2,
        );
        tile += rowBytes << 1;
      }
    }
    finishOutputs(finish, tiles, y, outChannels, start, start + count, firstChannel, endChannel);
  }
}

/** The first channel of a pair, counted over all groups. */
@inline
function channelOfPair(pair: i32, pairsOfGroup: i32, groupOut: i32): i32 {
  return (pair / pairsOfGroup) * groupOut + ((pair % pairsOfGroup) << 1);
}

/** Fills the columns of `count` output pixels and notes where their balances lie. A pixel that fills up the last pair keeps what was there: nobody reads its sums. */
function lineUp(args: usize, group: i32, start: i32, count: i32, columns: usize, notes: usize): void {
  const rowBytes = <usize>int(args, 3);
  const outHeight = int(args, 12);
  const outWidth = int(args, 13);
  const stride = int(args, 14);
  const paddedHeight = int(args, 15);
  const lineBytes = int(args, 16);
  const tapBytes = int(args, 17);
  const plane = ptr(args, 18) + <usize>group * <usize>int(args, 19);
  const offsets = ptr(args, 20);
  const runs = int(args, 21);
  const runBytes = <usize>int(args, 22);
  const balances = ptr(args, 23);
  const rowKinds = ptr(args, 24);
  const columnKinds = ptr(args, 25);
  const column = columns + rowBytes * <usize>BLOCK_PIXELS;
  store<u64>(column + rowBytes - 8, 0);
  for (let i = 0; i < count; i++) {
    const x = (start + i) % outWidth;
    const line = (start + i) / outWidth;
    const row = line % outHeight;
    const source = plane + <usize>(((line / outHeight) * paddedHeight + row * stride) * lineBytes + x * stride * tapBytes);
    let to = column;
    for (let run = 0; run < runs; run++) {
      copyRun(source + <usize>load<i32>(item(offsets, run)), to, runBytes);
      to += runBytes;
    }
    spread(column, columns + <usize>(i >> 1) * (rowBytes << 1) + (<usize>(i & 1) << 3), rowBytes);
    store<u32>(item(notes, i), balances + <usize>(load<i32>(item(rowKinds, row)) + load<i32>(item(columnKinds, x))));
  }
}

/** Exactly `bytes` bytes: runs are too short for a memory.copy. */
@inline
function copyRun(from: usize, to: usize, bytes: usize): void {
  const end = from + bytes;
  for (; from + 8 <= end; from += 8) {
    store<u64>(to, load<u64>(from));
    to += 8;
  }
  for (; from < end; from++) store<u8>(to++, load<u8>(from));
}

/** One tile: two pixels by two output channels, of which one or two each are stored. */
function multiplySigns(
  tile: usize, filter: usize, bytes: usize, notes: usize, balance: i32, second: i32, two: i32, target: usize, targetStep: usize,
): void {
  let c00: i64 = 0, c01: i64 = 0, c10: i64 = 0, c11: i64 = 0;
  const end = filter + bytes;
  do {
    const w0 = load<i64>(filter);
    const w1 = load<i64>(filter, 8);
    let x = load<i64>(tile);
    c00 += popcnt<i64>(x ^ w0);
    c01 += popcnt<i64>(x ^ w1);
    x = load<i64>(tile, 8);
    c10 += popcnt<i64>(x ^ w0);
    c11 += popcnt<i64>(x ^ w1);
    tile += 16;
    filter += 16;
  } while (filter < end);
  storePixel(<i32>c00, <i32>c01, <usize>load<u32>(notes) + balance, two, target);
  if (second) storePixel(<i32>c10, <i32>c11, <usize>load<u32>(notes, 4) + balance, two, target + targetStep);
}

/** Balance - 2 * differing. */
@inline
function storePixel(d0: i32, d1: i32, balances: usize, two: i32, target: usize): void {
  store<f32>(target, <f32>(load<i32>(balances) - (d0 << 1)));
  if (two) store<f32>(target, <f32>(load<i32>(balances, 4) - (d1 << 1)), 4);
}
