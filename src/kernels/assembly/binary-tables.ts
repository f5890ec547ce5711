import { int, ptr } from './arguments';
import { finishOutputs, tileOf } from './binary-outputs';
import { fillTable } from './sign-tables';
import { item } from './simd';

/**
 * Popcounts of a 1-bit convolution by tables of the weights. For one byte position of the window and each of the 256 values that eight
 * activations can have, `buildSignTables` writes the popcounts against the weights of up to 64 output channels, a byte each. Then a
 * pixel's sums are additions of whole table rows: one load and one addition are 128 binary multiply-accumulates, and the activations'
 * packed bytes are the indices as they lie.
 *
 * Building costs about as much as 256 pixels: for layers with few pixels the other kernels are faster. Sums of bytes hold 31 positions (248 bits);
 * a window of more is cut into groups of positions, whose sums add up as 16 bits.
 */

/** Pixels whose byte sums are made before they go on: they stay in the nearest cache. */
const LINE_PIXELS: i32 = 64;

/**
 * Tables of `positions` positions for `vectors` x 16 output channels: bytes [position][256][vectors * 16], from the rows of
 * `packSignWeights`. Channels that fill up the last vector repeat the last one.
 */
export function buildSignTables(args: usize, task: i32): void {
  const rowBytes = <usize>int(args, 2);
  const channels = int(args, 3);
  const lanes = <usize>int(args, 4) << 4;
  const first = task * int(args, 1);
  const last = min(first + int(args, 1), int(args, 0));
  for (let position = first; position < last; position++) {
    const table = ptr(args, 6) + <usize>position * (lanes << 8);
    // The channels' bytes wait in the table's last row, which is written last.
    const bytes = table + lanes * 255;
    let weights = ptr(args, 5) + <usize>position;
    for (let lane: usize = 0; lane < lanes; lane++) {
      store<u8>(bytes + lane, load<u8>(weights));
      if (<i32>lane + 1 < channels) weights += rowBytes;
    }
    fillTable(table, bytes, lanes);
  }
}

/**
 * Adds table rows for a range of output pixels and one group of positions (`segments` runs of `length` bytes of the padded plane, at
 * `offsets`); sums go to 16-bit partial sums unless this group is the last, which finishes the outputs.
 */
export function sumSignTables(args: usize, task: i32): void {
  const outHeight = int(args, 3);
  const outWidth = int(args, 4);
  const stride = int(args, 5);
  const paddedHeight = int(args, 6);
  const lineBytes = int(args, 7);
  const tapBytes = int(args, 8);
  const plane = ptr(args, 9);
  const offsets = ptr(args, 10);
  const segments = int(args, 11);
  const length = <usize>int(args, 12);
  const vectors = int(args, 13);
  const tables = ptr(args, 14);
  const partials = ptr(args, 15);
  const isFirst = int(args, 16);
  const isLast = int(args, 17);
  const channels = int(args, 18);
  const outChannels = int(args, 19);
  const firstChannel = int(args, 20);
  const balances = ptr(args, 21);
  const rowKinds = ptr(args, 22);
  const columnKinds = ptr(args, 23);
  const y = ptr(args, 24);
  const sums = ptr(args, 25) + <usize>task * <usize>int(args, 26);
  const finish = args + (27 << 2);
  const tile = tileOf(finish, task);
  const lanes = <usize>vectors << 4;
  const start = int(args, 0);
  const first = start + task * int(args, 2);
  const last = min(first + int(args, 2), start + int(args, 1));
  const step = <usize>(stride * tapBytes);

  for (let pixel = first; pixel < last; ) {
    const column = pixel % outWidth;
    const line = pixel / outWidth;
    const row = line % outHeight;
    const count = min(min(outWidth - column, last - pixel), LINE_PIXELS);
    const source = plane + <usize>(((line / outHeight) * paddedHeight + row * stride) * lineBytes + column * stride * tapBytes);
    if (vectors === 4) addRows64(source, step, count, offsets, segments, length, tables, sums);
    else if (vectors === 2) addRows32(source, step, count, offsets, segments, length, tables, sums);
    else addRows16(source, step, count, offsets, segments, length, tables, sums);
    const partial = partials + <usize>(pixel - start) * (lanes << 1);
    if (!isLast) {
      widen(sums, partial, <usize>count * lanes, isFirst);
    } else {
      const rowBalances = balances + <usize>load<i32>(item(rowKinds, row));
      let target = tile ? tile : item(y, pixel * outChannels + firstChannel);
      for (let i = 0; i < count; i++) {
        const balance = rowBalances + <usize>load<i32>(item(columnKinds, column + i));
        storeSums(sums + <usize>i * lanes, isFirst ? 0 : partial + <usize>i * (lanes << 1), balance, channels, target);
        target = item(target, tile ? channels : outChannels);
      }
      finishOutputs(finish, tile, y, outChannels, pixel, pixel + count, firstChannel, firstChannel + channels);
    }
    pixel += count;
  }
}

function addRows64(
  source: usize, step: usize, count: i32, offsets: usize, segments: i32, length: usize, tables: usize, sums: usize,
): void {
  for (; count > 0; count--) {
    let a = i64x2.splat(0), b = a, c = a, d = a;
    let table = tables;
    for (let segment = 0; segment < segments; segment++) {
      let at = source + <usize>load<i32>(item(offsets, segment));
      const end = at + length;
      do {
        const row = table + (<usize>load<u8>(at) << 6);
        a = i8x16.add(a, v128.load(row));
        b = i8x16.add(b, v128.load(row, 16));
        c = i8x16.add(c, v128.load(row, 32));
        d = i8x16.add(d, v128.load(row, 48));
        table += 16384;
        at++;
      } while (at < end);
    }
    v128.store(sums, a);
    v128.store(sums, b, 16);
    v128.store(sums, c, 32);
    v128.store(sums, d, 48);
    sums += 64;
    source += step;
  }
}

/** Two pixels at a time, for the loop takes as long as so few additions. An odd last pixel is added up twice. */
function addRows32(
  source: usize, step: usize, count: i32, offsets: usize, segments: i32, length: usize, tables: usize, sums: usize,
): void {
  for (; count > 0; count -= 2) {
    let a = i64x2.splat(0), b = a, c = a, d = a;
    const other = count > 1 ? step : 0;
    let table = tables;
    for (let segment = 0; segment < segments; segment++) {
      let at = source + <usize>load<i32>(item(offsets, segment));
      const end = at + length;
      do {
        let row = table + (<usize>load<u8>(at) << 5);
        a = i8x16.add(a, v128.load(row));
        b = i8x16.add(b, v128.load(row, 16));
        row = table + (<usize>load<u8>(at + other) << 5);
        c = i8x16.add(c, v128.load(row));
        d = i8x16.add(d, v128.load(row, 16));
        table += 8192;
        at++;
      } while (at < end);
    }
    v128.store(sums, a);
    v128.store(sums, b, 16);
    v128.store(sums, c, 32);
    v128.store(sums, d, 48);
    sums += 64;
    source += step << 1;
  }
}

function addRows16(
  source: usize, step: usize, count: i32, offsets: usize, segments: i32, length: usize, tables: usize, sums: usize,
): void {
  for (; count > 0; count -= 2) {
    let a = i64x2.splat(0), b = a;
    const other = count > 1 ? step : 0;
    let table = tables;
    for (let segment = 0; segment < segments; segment++) {
      let at = source + <usize>load<i32>(item(offsets, segment));
      const end = at + length;
      do {
        a = i8x16.add(a, v128.load(table + (<usize>load<u8>(at) << 4)));
        b = i8x16.add(b, v128.load(table + (<usize>load<u8>(at + other) << 4)));
        table += 4096;
        at++;
      } while (at < end);
    }
    v128.store(sums, a);
    v128.store(sums, b, 16);
    sums += 32;
    source += step << 1;
  }
}

/** Byte sums to 16-bit partial sums, or onto them. */
function widen(sums: usize, partials: usize, bytes: usize, isFirst: i32): void {
  const end = sums + bytes;
  for (; sums < end; sums += 16) {
    const bytes16 = v128.load(sums);
    let low = i16x8.extend_low_i8x16_u(bytes16);
    let high = i16x8.extend_high_i8x16_u(bytes16);
    if (!isFirst) {
      low = i16x8.add(low, v128.load(partials));
      high = i16x8.add(high, v128.load(partials, 16));
    }
    v128.store(partials, low);
    v128.store(partials, high, 16);
    partials += 32;
  }
}

/** Outputs of a pixel: balance - 2 * (sums + partial sums). */
function storeSums(sums: usize, partials: usize, balances: usize, channels: i32, target: usize): void {
  for (; channels >= 16; channels -= 16) {
    store16(sums, partials, balances, target);
    sums += 16;
    if (partials) partials += 32;
    balances += 64;
    target += 64;
  }
  for (let i = 0; i < channels; i++) {
    let sum = <i32>load<u8>(sums + i);
    if (partials) sum += <i32>load<u16>(partials + (<usize>i << 1));
    store<f32>(item(target, i), <f32>(load<i32>(item(balances, i)) - (sum << 1)));
  }
}

@inline
function store16(sums: usize, partials: usize, balances: usize, target: usize): void {
  const bytes = v128.load(sums);
  let low = i16x8.extend_low_i8x16_u(bytes);
  let high = i16x8.extend_high_i8x16_u(bytes);
  if (partials) {
    low = i16x8.add(low, v128.load(partials));
    high = i16x8.add(high, v128.load(partials, 16));
  }
  store4(i32x4.extend_low_i16x8_u(low), balances, target);
  store4(i32x4.extend_high_i16x8_u(low), balances + 16, target + 16);
  store4(i32x4.extend_low_i16x8_u(high), balances + 32, target + 32);
  store4(i32x4.extend_high_i16x8_u(high), balances + 48, target + 48);
}

@inline
function store4(sums: v128, balances: usize, target: usize): void {
  v128.store(target, f32x4.convert_i32x4_s(i32x4.sub(v128.load(balances), i32x4.add(sums, sums))));
}
