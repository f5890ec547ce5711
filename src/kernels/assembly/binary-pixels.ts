import { int, ptr } from './arguments';
import { finishOutputs, storeCounts, tileOf } from './binary-outputs';
import { fillTable } from './sign-tables';
import { item } from './simd';

/**
 * Popcounts of a 1-bit convolution by tables of the activations: for many output channels over few pixels, where tables of the weights
 * (`binary-tables.ts`) would be used too seldom. A row of a table is what one byte w of weights (eight input channels of a tap) makes of that byte
 * of every pixel,
 *
 *     T[w][lane] = popcount(pixel[lane] ^ w),
 *
 * so that one addition of 16 bytes is 128 binary multiply-accumulates. All taps read the same table: the pixel that a tap sees lies a fixed
 * number of lanes behind the one that the first tap sees. A strip of output rows has a table at a time, of the byte's place among the channels; all
 * output channels add its rows, a byte for each lane and channel.
 *
 * Lanes are the pixels that the strip's windows see, row by row, in parts of their own for each remainder of row and column by the stride: so
 * neighbouring outputs are neighbouring lanes. Lanes between the rows' ends carry sums that nobody reads.
 *
 * Sums of bytes hold 31 bytes of weights (248 bits), then they are added to 16-bit ones.
 */

const VECTOR: usize = 16;

/** Rows of `packSignWeights` to bytes [group][byte of a tap][channel of the group][tap]. */
export function columnSignWeights(args: usize, task: i32): void {
  const groupOut = int(args, 2);
  const taps = int(args, 3);
  const tapBytes = int(args, 4);
  const rowBytes = <usize>int(args, 5);
  const first = task * int(args, 1);
  const last = min(first + int(args, 1), int(args, 0));
  for (let column = first; column < last; column++) {
    let row = ptr(args, 6) + <usize>((column / tapBytes) * groupOut) * rowBytes + <usize>(column % tapBytes);
    let to = ptr(args, 7) + <usize>column * <usize>(groupOut * taps);
    for (let channel = 0; channel < groupOut; channel++) {
      let from = row;
      for (let tap = 0; tap < taps; tap++) {
        store<u8>(to++, load<u8>(from));
        from += <usize>tapBytes;
      }
      row += rowBytes;
    }
  }
}

/**
 * Tasks: (range of strips of output rows of an image and group, share of the bytes of a tap). 16-bit sums [strip][share][channels][lanes].
 * Workspace of a task: a table, the bytes of its lanes, the byte sums.
 */
export function sumPixelTables(args: usize, task: i32): void {
  const shares = int(args, 2);
  const tapBytes = int(args, 3);
  const bytesOfShare = int(args, 4);
  const taps = int(args, 6);
  const groupOut = int(args, 7);
  const strips = int(args, 8);
  const stripRows = int(args, 9);
  const batch = int(args, 11);
  const sourceLanes = int(args, 16);
  const vectors = int(args, 19);
  const sumBytes = <usize>groupOut * <usize>vectors * VECTOR;
  const share = task % shares;
  const firstByte = share * bytesOfShare;
  const lastByte = min(firstByte + bytesOfShare, tapBytes);
  const first = (task / shares) * int(args, 1);
  const last = min(first + int(args, 1), int(args, 0));
  for (let strip = first; strip < last; strip++) {
    const imageOfGroup = strip / strips;
    const group = imageOfGroup / batch;
    const row = min((strip % strips) * stripRows, int(args, 10) - stripRows);
    const image = ptr(args, 13) + <usize>group * <usize>int(args, 14) + <usize>(imageOfGroup % batch) * <usize>int(args, 15);
    sumStrip(
      image + <usize>(row * int(args, 12)), firstByte, lastByte, int(args, 5), ptr(args, 17), sourceLanes, ptr(args, 18), taps, vectors,
      ptr(args, 20) + <usize>group * <usize>(tapBytes * groupOut * taps), groupOut,
      ptr(args, 22) + <usize>task * <usize>int(args, 23), ptr(args, 21) + (<usize>(strip * shares + share) * sumBytes << 1),
    );
  }
}

function sumStrip(
  source: usize, firstByte: i32, lastByte: i32, bytesAtOnce: i32, laneSources: usize, sourceLanes: i32, tapLanes: usize, taps: i32,
  vectors: i32, weights: usize, channels: i32, table: usize, sums: usize,
): void {
  const rowBytes = <usize>sourceLanes;
  const bytes = table + (rowBytes << 8);
  const byteSums = bytes + rowBytes;
  const columnBytes = <usize>(channels * taps);
  for (let byte = firstByte; byte < lastByte; byte += bytesAtOnce) {
    const end = min(byte + bytesAtOnce, lastByte);
    for (let next = byte; next < end; next++) {
      gather(source + <usize>next, laneSources, sourceLanes, bytes);
      fillTable(table, bytes, rowBytes);
      addRows(table, rowBytes, weights + <usize>next * columnBytes, channels, tapLanes, taps, byteSums, vectors, next === byte);
    }
    widen(byteSums, sums, <usize>channels * <usize>vectors * VECTOR, byte === firstByte);
  }
}

/** The byte of every lane. */
function gather(source: usize, laneSources: usize, lanes: i32, to: usize): void {
  const end = item(laneSources, lanes);
  for (; laneSources < end; laneSources += 4) store<u8>(to++, load<u8>(source + <usize>load<i32>(laneSources)));
}

/** Adds the taps' rows of the table to the sums of all channels, or begins these. */
function addRows(
  table: usize, rowBytes: usize, weights: usize, channels: i32, tapLanes: usize, taps: i32, sums: usize, vectors: i32, begins: bool,
): void {
  const step = <usize>vectors * VECTOR;
  let first = 0;
  for (; first + 4 <= vectors; first += 4) {
    addVectors(4, table, rowBytes, weights, channels, tapLanes, taps, sums, step, begins);
    table += 4 * VECTOR;
    sums += 4 * VECTOR;
  }
  const left = vectors - first;
  if (left === 3) addVectors(3, table, rowBytes, weights, channels, tapLanes, taps, sums, step, begins);
  else if (left === 2) addVectors(2, table, rowBytes, weights, channels, tapLanes, taps, sums, step, begins);
  else if (left === 1) addVectors(1, table, rowBytes, weights, channels, tapLanes, taps, sums, step, begins);
}

/** The same for up to four vectors of lanes; `vectors` is known when compiled. */
@inline
function addVectors(
  vectors: i32, table: usize, rowBytes: usize, weights: usize, channels: i32, tapLanes: usize, taps: i32, sums: usize, step: usize,
  begins: bool,
): void {
  const tapsEnd = item(tapLanes, taps);
  for (; channels > 0; channels--) {
    let a = i64x2.splat(0), b = a, c = a, d = a;
    if (!begins) {
      a = v128.load(sums);
      if (vectors > 1) b = v128.load(sums, 16);
      if (vectors > 2) c = v128.load(sums, 32);
      if (vectors > 3) d = v128.load(sums, 48);
    }
    for (let tap = tapLanes; tap < tapsEnd; tap += 4) {
      const row = table + <usize>load<u8>(weights++) * rowBytes + <usize>load<u32>(tap);
      a = i8x16.add(a, v128.load(row));
      if (vectors > 1) b = i8x16.add(b, v128.load(row, 16));
      if (vectors > 2) c = i8x16.add(c, v128.load(row, 32));
      if (vectors > 3) d = i8x16.add(d, v128.load(row, 48));
    }
    v128.store(sums, a);
    if (vectors > 1) v128.store(sums, b, 16);
    if (vectors > 2) v128.store(sums, c, 32);
    if (vectors > 3) v128.store(sums, d, 48);
    sums += step;
  }
}

/** Adds bytes to 16-bit sums, or begins these. */
function widen(bytes: usize, sums: usize, count: usize, begins: bool): void {
  for (const end = bytes + count; bytes < end; bytes += 16) {
    const vector = v128.load(bytes);
    let low = i16x8.extend_low_i8x16_u(vector);
    let high = i16x8.extend_high_i8x16_u(vector);
    if (!begins) {
      low = i16x8.add(low, v128.load(sums));
      high = i16x8.add(high, v128.load(sums, 16));
    }
    v128.store(sums, low);
    v128.store(sums, high, 16);
    sums += 32;
  }
}

/**
 * Outputs from the sums of all shares. Tasks: (strip, block of output channels of a multiple of 8). Workspace of a task: counts of one output row
 * [lanes][block].
 */
export function storePixelTables(args: usize, task: i32): void {
  const shares = int(args, 0);
  const blocks = int(args, 1);
  const blockChannels = int(args, 2);
  const groupOut = int(args, 3);
  const paddedOut = int(args, 4);
  const outChannels = int(args, 5);
  const strips = int(args, 6);
  const stripRows = int(args, 7);
  const outHeight = int(args, 8);
  const outWidth = int(args, 9);
  const batch = int(args, 10);
  const pitch = int(args, 11);
  const lanes = int(args, 12);
  const sums = ptr(args, 13);
  const balances = ptr(args, 14);
  const rowKinds = ptr(args, 15);
  const columnKinds = ptr(args, 16);
  const y = ptr(args, 17);
  const counts = ptr(args, 18) + <usize>task * <usize>int(args, 19);
  const finish = args + (20 << 2);
  const tile = tileOf(finish, task);
  const strip = task / blocks;
  const imageOfGroup = strip / strips;
  const group = imageOfGroup / batch;
  const wanted = (strip % strips) * stripRows;
  const start = min(wanted, outHeight - stripRows);
  const end = start + stripRows;
  const channelOfGroup = (task % blocks) * blockChannels;
  const channels = min(blockChannels, groupOut - channelOfGroup);
  const channel = group * groupOut + channelOfGroup;
  const shareBytes = <usize>(groupOut * lanes) << 1;
  const first = sums + <usize>(strip * shares) * shareBytes + (<usize>(channelOfGroup * lanes) << 1);
  for (let row = wanted; row < end; row++) {
    const lane = (row - start) * pitch;
    for (let from = 0; from < channels; from += 8) {
      const here = first + (<usize>(from * lanes + lane) << 1);
      for (let column = 0; column < outWidth; column += 8) {
        turn(
          here + (<usize>column << 1), <usize>lanes << 1, min(8, channels - from), shares, shareBytes,
          counts + (<usize>(column * blockChannels + from) << 1), <usize>blockChannels << 1,
        );
      }
    }
    const pixel = ((imageOfGroup % batch) * outHeight + row) * outWidth;
    const rowBalances = balances + <usize>load<i32>(item(rowKinds, row)) + (<usize>(group * paddedOut + channelOfGroup) << 2);
    let target = tile ? tile : item(y, pixel * outChannels + channel);
    for (let column = 0; column < outWidth; column++) {
      const balance = rowBalances + <usize>load<i32>(item(columnKinds, column));
      storeCounts(counts + (<usize>(column * blockChannels) << 1), balance, channels, target);
      target = item(target, tile ? channels : outChannels);
    }
    finishOutputs(finish, tile, y, outChannels, pixel, pixel + outWidth, channel, channel + channels);
  }
}

/** 8 channels x 8 lanes of 16-bit sums, added up over the shares, to 8 lanes x 8 channels. A channel that is not there repeats the last one. */
function turn(from: usize, channelBytes: usize, channels: i32, shares: i32, shareBytes: usize, to: usize, laneBytes: usize): void {
  const last = <usize>(channels - 1) * channelBytes;
  const a = sumShares(from, shares, shareBytes);
  const b = sumShares(from + min(channelBytes, last), shares, shareBytes);
  const c = sumShares(from + min(channelBytes * 2, last), shares, shareBytes);
  const d = sumShares(from + min(channelBytes * 3, last), shares, shareBytes);
  const e = sumShares(from + min(channelBytes * 4, last), shares, shareBytes);
  const f = sumShares(from + min(channelBytes * 5, last), shares, shareBytes);
  const g = sumShares(from + min(channelBytes * 6, last), shares, shareBytes);
  const h = sumShares(from + min(channelBytes * 7, last), shares, shareBytes);
  turnHalf(lowPairs(a, b), lowPairs(c, d), lowPairs(e, f), lowPairs(g, h), to, laneBytes);
  turnHalf(highPairs(a, b), highPairs(c, d), highPairs(e, f), highPairs(g, h), to + laneBytes * 4, laneBytes);
}

@inline
function sumShares(from: usize, shares: i32, shareBytes: usize): v128 {
  let sum = v128.load(from);
  for (let share = 1; share < shares; share++) {
    from += shareBytes;
    sum = i16x8.add(sum, v128.load(from));
  }
  return sum;
}

@inline
function lowPairs(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

@inline
function highPairs(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

/** Pairs of channels (ab, cd, ef, gh) of four lanes to the lanes' eight channels. */
@inline
function turnHalf(ab: v128, cd: v128, ef: v128, gh: v128, to: usize, laneBytes: usize): void {
  const abcdLow = v128.shuffle<i32>(ab, cd, 0, 4, 1, 5);
  const abcdHigh = v128.shuffle<i32>(ab, cd, 2, 6, 3, 7);
  const efghLow = v128.shuffle<i32>(ef, gh, 0, 4, 1, 5);
  const efghHigh = v128.shuffle<i32>(ef, gh, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(abcdLow, efghLow, 0, 2));
  v128.store(to + laneBytes, v128.shuffle<i64>(abcdLow, efghLow, 1, 3));
  v128.store(to + laneBytes * 2, v128.shuffle<i64>(abcdHigh, efghHigh, 0, 2));
  v128.store(to + laneBytes * 3, v128.shuffle<i64>(abcdHigh, efghHigh, 1, 3));
}
