import { int, ptr } from './arguments';
import { multiplyAdd } from './gemm';
import { transpose } from './transpose';
import { ceilDivide } from './windows';
import { storeTiles, transformTiles } from './winograd';
import { BLOCK_CHANNELS, PANEL_COLUMNS } from './winograd-filters';
import { FREQUENCIES, SCRATCH_BYTES, transformFilter } from './winograd-transforms';

/**
 * Dynamic 3x3 convolution of stride 1 by Winograd's F(4x4, 3x3). An image's tiles V are transformed as in `winograd.ts`, once, and shared by all
 * heads. Of a head's filters only those of the image's kept channels are transformed, each times its gate, since the transform is linear:
 *
 *     M[frequency] [tiles, outputs] = sum over kept channels of V[frequency] [tiles, channel] * (gate U)[frequency] [channel, outputs].
 *
 * So V needs no gathering: the multiplication walks a list of the kept channels' places in it. Filters are kept as they are, in panels of
 * eight outputs whose channels are rows, and not transformed beforehand: that would be four times as much to read, and they are what is largest
 * where tiles are few.
 *
 *     w    [head][panel][channel][2 halves][9 taps][4 outputs]
 *     V    [quad of tiles][block of 16 channels][frequency][4 tiles][16 channels], quads not across images
 *     U    [frequency][kept channels][8 outputs], `panelStride` from frequency to frequency
 *     M    [frequency][4 quads][4 tiles][8 outputs]
 */
const QUAD: i32 = 4;
const QUADS_AT_ONCE: i32 = 4;
const FREQUENCY_BYTES: usize = 4 * 16 * 4;
const BLOCK_BYTES: usize = 36 * 4 * 16 * 4;
const QUAD_BYTES: usize = 4 * 8 * 4;
const PRODUCT_BYTES: usize = 4 * 4 * 8 * 4;
const PRODUCTS_BYTES: usize = 36 * 4 * 4 * 8 * 4;

const TAPS: i32 = 9;
/** Bytes of four, and of all eight, outputs of a channel in `w`. */
const HALF_BYTES: usize = 9 * 16;
const CHANNEL_BYTES: usize = 2 * 9 * 16;
/** Bytes of 16 kept channels of a quad in V', and of a frequency, of six and of all of them in U'. */
const PICKED_BYTES: usize = 16 * 4 * 4;
const FILTER_FREQUENCY_BYTES: usize = 16 * 8 * 4;
const ROW_BYTES: usize = 6 * 16 * 8 * 4;
const FILTER_BLOCK_BYTES: usize = 36 * 16 * 8 * 4;

const A: f32 = 0.625;
const B: f32 = 1.5;
const POINTS = memory.data<f32>([A, B, A * A, B * B], 16);
const G0: f32 = 1 / (A * A * B * B);
const GA: f32 = 1 / (2 * A * A * (A * A - B * B));
const GB: f32 = 1 / (2 * B * B * (B * B - A * A));
const NORMS = memory.data<f32>([
  G0 * G0, G0 * GA, G0 * GA, G0 * GB, G0 * GB, G0,
  GA * G0, GA * GA, GA * GA, GA * GB, GA * GB, GA,
  GA * G0, GA * GA, GA * GA, GA * GB, GA * GB, GA,
  GB * G0, GB * GA, GB * GA, GB * GB, GB * GB, GB,
  GB * G0, GB * GA, GB * GA, GB * GB, GB * GB, GB,
  G0, GA, GA, GB, GB, 1,
], 16);

/**
 * w [outputs, 9, channels] to the panels above, zeros where a head has no eighth output. [outputs of a head, channels, channels of a
 * task, blocks of channels, w, panels]. Tasks: (head, panel, block of channels).
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

/**
 * For many tiles: U of each image's heads is made beforehand, V in units that the cache holds.
 *
 * U of all images: [image][panel]. [heads, kept, channels, panels of a head, gates, index, w, U, lists and scratch of the tasks, bytes of one].
 * Tasks: (image, panel).
 */
export function packKeptFilters(args: usize, task: i32): void {
  const heads = int(args, 0);
  const kept = int(args, 1);
  const headPanels = int(args, 3);
  const panels = heads * headPanels;
  const list = ptr(args, 8) + <usize>task * <usize>int(args, 9);
  const scratch = list + listBytes(kept);
  const row = (task / panels) * heads + (task % panels) / headPanels;
  const filters = ptr(args, 6) + <usize>(task % panels) * <usize>int(args, 2) * CHANNEL_BYTES;
  const stride = panelStride(kept);
  const count = listKept(ptr(args, 5), ptr(args, 4), row, kept, int(args, 2), 4, list);
  packKept(filters, list, count, ptr(args, 7) + <usize>task * stride * FREQUENCIES, stride, scratch);
}

/**
 * 0 source, 1 height, 2 width, 3 channels, 4 padding, 5 target, 6 target height, 7 target width, 8 target channels, 9 heads, 10 tile
 * rows and 11 tile columns of an image, 12 kept, 13 quads of a unit, 14 units of an image, 15 gates, 16 U, 17 zero, 18 workspaces, 19 bytes of
 * one, 20 index. Tasks: (image, unit). A workspace holds M, scratch, the kept channels' list and V of a unit.
 */
export function dynamicWinogradTiles(args: usize, task: i32): void {
  const channels = int(args, 3);
  const heads = int(args, 9);
  const kept = int(args, 12);
  const unitQuads = int(args, 13);
  const units = int(args, 14);
  const tiles = int(args, 10) * int(args, 11);
  const headOut = int(args, 8) / heads;
  const headPanels = ceilDivide(headOut, PANEL_COLUMNS);
  const quadBytes = quadBytesOf(channels);
  const stride = panelStride(kept);
  const image = task / units;
  const base = image * tiles;
  const first = (task % units) * unitQuads * QUAD;
  const end = min(tiles, first + unitQuads * QUAD);
  const quads = ceilDivide(end - first, QUAD);
  const products = ptr(args, 18) + <usize>task * <usize>int(args, 19);
  const scratch = products + PRODUCTS_BYTES;
  const list = scratch + SCRATCH_BYTES;
  const transformed = list + listBytes(kept);
  transformTiles(args, base + first, base + end, 0, channels, scratch, transformed, quadBytes);
  let panel = ptr(args, 16) + <usize>(image * heads * headPanels) * stride * FREQUENCIES;
  for (let head = 0; head < heads; head++) {
    const count = listKept(ptr(args, 20), ptr(args, 15), image * heads + head, kept, channels, 4, list);
    const listEnd = list + (<usize>count << 2);
    for (let column = 0; column < headOut; column += PANEL_COLUMNS) {
      for (let quad = 0; quad < quads; quad += QUADS_AT_ONCE) {
        const some = min(QUADS_AT_ONCE, quads - quad);
        multiplyQuads(transformed + <usize>quad * quadBytes, quadBytes, some, list, listEnd, panel, stride, products);
        const start = first + quad * QUAD;
        const stop = min(end, start + some * QUAD);
        const columns = min(PANEL_COLUMNS, headOut - column);
        storeTiles(args, base + start, base + stop, head * headOut + column, columns, products, PRODUCT_BYTES, scratch);
      }
      panel += stride * FREQUENCIES;
    }
  }
}

@inline
function quadBytesOf(channels: i32): usize {
  return <usize>ceilDivide(channels, BLOCK_CHANNELS) * BLOCK_BYTES;
}

/** An odd number of cache lines: a filter's 36 frequencies, which are written together, fall into as many sets of the cache. */
@inline
function panelStride(kept: i32): usize {
  return <usize>(ceilDivide(kept, 2) | 1) << 6;
}

@inline
function listBytes(kept: i32): usize {
  return <usize>(3 * kept + 15 & -16) << 2;
}

/**
 * Writes where the kept channels of an image's head lie in V, then where their filters lie in a panel, then their gates; returns how many there are.
 */
function listKept(indices: usize, allGates: usize, row: i32, kept: i32, channels: i32, step: usize, list: usize): i32 {
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

/** U of a panel. */
function packKept(filters: usize, list: usize, kept: i32, panel: usize, stride: usize, scratch: usize): void {
  const bytes = <usize>kept << 2;
  const end = list + 2 * bytes;
  for (let place = list + bytes; place < end; place += 4) {
    const gate = v128.load32_splat(place + bytes);
    const from = filters + <usize>load<u32>(place);
    for (let half: usize = 0; half < 2; half++) {
      const taps = from + half * HALF_BYTES;
      for (let tap: usize = 0; tap < HALF_BYTES; tap += 16) v128.store(scratch + tap, f32x4.mul(gate, v128.load(taps + tap)));
      transformFilter(scratch, scratch, panel + (half << 4), stride);
    }
    panel += 32;
  }
}

/** All frequencies of some quads of tiles by one panel. */
function multiplyQuads(
  quads: usize, quadBytes: usize, count: i32, places: usize, placesEnd: usize, panel: usize, stride: usize, products: usize,
): void {
  for (let frequency = 0; frequency < FREQUENCIES; frequency++) {
    let from = quads;
    let to = products;
    for (let quad = 0; quad < count; quad++) {
      multiplyPlaces(from, places, placesEnd, panel, to);
      from += quadBytes;
      to += QUAD_BYTES;
    }
    quads += FREQUENCY_BYTES;
    products += PRODUCT_BYTES;
    panel += stride;
  }
}

/** products [4 tiles, 8 outputs] = tiles [4, places] * panel [places, 8]. */
function multiplyPlaces(tiles: usize, places: usize, placesEnd: usize, panel: usize, products: usize): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  while (places < placesEnd) {
    const at = tiles + load<u32>(places);
    const b0 = v128.load(panel), b1 = v128.load(panel, 16);
    let a = v128.load32_splat(at);
    c00 = multiplyAdd(a, b0, c00); c01 = multiplyAdd(a, b1, c01);
    a = v128.load32_splat(at, 64);
    c10 = multiplyAdd(a, b0, c10); c11 = multiplyAdd(a, b1, c11);
    a = v128.load32_splat(at, 128);
    c20 = multiplyAdd(a, b0, c20); c21 = multiplyAdd(a, b1, c21);
    a = v128.load32_splat(at, 192);
    c30 = multiplyAdd(a, b0, c30); c31 = multiplyAdd(a, b1, c31);
    places += 4;
    panel += 32;
  }
  v128.store(products, c00); v128.store(products, c01, 16);
  v128.store(products, c10, 32); v128.store(products, c11, 48);
  v128.store(products, c20, 64); v128.store(products, c21, 80);
  v128.store(products, c30, 96); v128.store(products, c31, 112);
}

/**
 * For few tiles: V is made beforehand, by `transformDynamicTiles`, and filters where they are used, a block of kept channels at a time, which stays in the
 * first-level cache. So that transforming them costs least, their gates and the factors 1 / N of their transform go into each head's own
 * tiles:
 *
 *     V'   [block of 16 kept channels][frequency][quad][16 channels][4 tiles]
 *     U'   [frequency][16 kept channels][8 outputs]
 *     M    [frequency][quad][4 tiles][8 outputs]
 *
 * Arguments 0 to 12 as above; 13 quads of an image, 14 shares of the heads' panels, 15 panels of a share, 16 w, 17 zero, 18 workspaces, 19
 * bytes of one, 20 gates, 21 index, 22 V. Tasks: (image, share), a share being some panels of one head. A workspace holds U', M, scratch, the kept
 * channels' list and V'.
 */
export function dynamicWinogradPanels(args: usize, task: i32): void {
  const channels = int(args, 3);
  const heads = int(args, 9);
  const kept = int(args, 12);
  const quads = int(args, 13);
  const shares = int(args, 14);
  const panelsOfShare = int(args, 15);
  const tiles = int(args, 10) * int(args, 11);
  const headOut = int(args, 8) / heads;
  const headPanels = ceilDivide(headOut, PANEL_COLUMNS);
  const quadBytes = quadBytesOf(channels);
  const image = task / shares;
  const sharesOfHead = shares / heads;
  const head = (task % shares) / sharesOfHead;
  const firstPanel = (task % sharesOfHead) * panelsOfShare;
  const endPanel = min(headPanels, firstPanel + panelsOfShare);
  const stride = <usize>quads * QUAD_BYTES;
  const block = ptr(args, 18) + <usize>task * <usize>int(args, 19);
  const products = block + FILTER_BLOCK_BYTES;
  const scratch = products + stride * FREQUENCIES;
  const list = scratch + SCRATCH_BYTES;
  const picked = list + listBytes(kept);
  const count = listKept(ptr(args, 21), ptr(args, 20), image * heads + head, kept, channels, 16, list);
  pickTiles(ptr(args, 22) + <usize>(image * quads) * quadBytes, quadBytes, quads, list, count, picked);
  for (let panel = firstPanel; panel < endPanel; panel++) {
    const filters = ptr(args, 16) + <usize>((head * headPanels + panel) * channels) * CHANNEL_BYTES;
    memory.fill(products, 0, stride * FREQUENCIES);
    let from = picked;
    for (let first = 0; first < count; first += BLOCK_CHANNELS) {
      const some = min(BLOCK_CHANNELS, count - first);
      evaluateFilters(filters, list + (<usize>(count + first) << 2), some, scratch, block);
      from = addBlock(from, quads, block, some, products);
    }
    const column = panel * PANEL_COLUMNS;
    const columns = min(PANEL_COLUMNS, headOut - column);
    storeTiles(args, image * tiles, (image + 1) * tiles, head * headOut + column, columns, products, stride, scratch);
  }
}

/**
 * V of all images, with the tiles of a quad innermost: [image][quad][block of 16 channels][frequency][16 channels][4 tiles]. Arguments 0 to 11
 * as above; 12 quads of all images, 13 quads of a task, 14 V, 15 workspaces of the tasks, 16 bytes of one.
 */
export function transformDynamicTiles(args: usize, task: i32): void {
  const channels = int(args, 3);
  const tiles = int(args, 10) * int(args, 11);
  const quads = ceilDivide(tiles, QUAD);
  const block = ptr(args, 15) + <usize>task * <usize>int(args, 16);
  const scratch = block + BLOCK_BYTES;
  const end = min(int(args, 12), (task + 1) * int(args, 13));
  let to = ptr(args, 14) + <usize>(task * int(args, 13)) * quadBytesOf(channels);
  for (let item = task * int(args, 13); item < end; item++) {
    const start = (item % quads) * QUAD;
    const first = (item / quads) * tiles + start;
    const last = first + min(QUAD, tiles - start);
    for (let channel = 0; channel < channels; channel += BLOCK_CHANNELS) {
      const depth = min(BLOCK_CHANNELS, channels - channel);
      transformTiles(args, first, last, channel, depth, scratch, block, BLOCK_BYTES);
      for (let at: usize = 0; at < BLOCK_BYTES; at += FREQUENCY_BYTES) {
        transpose(block + at, 64, QUAD, BLOCK_CHANNELS, to + at, 16);
      }
      to += BLOCK_BYTES;
    }
  }
}

/** V' of an image's head. */
function pickTiles(transformed: usize, quadBytes: usize, quads: i32, list: usize, kept: i32, to: usize): void {
  const bytes = <usize>kept << 2;
  for (let first: usize = 0; first < bytes; first += BLOCK_CHANNELS << 2) {
    const places = list + first;
    const end = list + min(bytes, first + (BLOCK_CHANNELS << 2));
    for (let frequency: usize = 0; frequency < <usize>FREQUENCIES; frequency++) {
      const norm = load<f32>(NORMS + (frequency << 2));
      let from = transformed + frequency * FREQUENCY_BYTES;
      for (let quad = 0; quad < quads; quad++) {
        let target = to;
        for (let place = places; place < end; place += 4) {
          const factor = f32x4.splat(norm * load<f32>(place + 2 * bytes));
          v128.store(target, f32x4.mul(factor, v128.load(from + load<u32>(place))));
          target += 16;
        }
        from += quadBytes;
        to += PICKED_BYTES;
      }
    }
  }
}

/** U' of some kept channels. */
function evaluateFilters(filters: usize, places: usize, count: i32, scratch: usize, to: usize): void {
  const end = places + (<usize>count << 2);
  // Rows lie apart, and each takes longer to evaluate than the processor looks ahead: all are asked for before the first is waited for.
  let seen: u32 = 0;
  for (let place = places; place < end; place += 4) {
    const row = filters + <usize>load<u32>(place);
    seen |= load<u32>(row) | load<u32>(row, 64) | load<u32>(row, 128) | load<u32>(row, 192) | load<u32>(row, 256) | load<u32>(row, 284);
  }
  store<u32>(scratch, seen);
  for (let place = places; place < end; place += 4) {
    const filter = filters + <usize>load<u32>(place);
    evaluateFilter(filter, scratch, to);
    evaluateFilter(filter + HALF_BYTES, scratch, to + 16);
    to += 32;
  }
}

/** U' of the nine taps of four outputs: the values of their polynomial at the points of `winograd-transforms.ts`, not divided by N. */
function evaluateFilter(from: usize, scratch: usize, to: usize): void {
  const a = v128.load32_splat(POINTS), b = v128.load32_splat(POINTS, 4);
  const aa = v128.load32_splat(POINTS, 8), bb = v128.load32_splat(POINTS, 12);
  for (let column: usize = 0; column < 48; column += 16) {
    const at = scratch + column;
    const g0 = v128.load(from + column), g1 = v128.load(from + column, 48), g2 = v128.load(from + column, 96);
    let even = multiplyAdd(g2, aa, g0);
    let odd = f32x4.mul(g1, a);
    v128.store(at, f32x4.add(even, odd));
    v128.store(at, f32x4.sub(even, odd), 48);
    even = multiplyAdd(g2, bb, g0);
    odd = f32x4.mul(g1, b);
    v128.store(at, f32x4.add(even, odd), 96);
    v128.store(at, f32x4.sub(even, odd), 144);
  }
  evaluateRow(from, a, aa, b, bb, to);
  evaluateRow(scratch, a, aa, b, bb, to + ROW_BYTES);
  evaluateRow(scratch + 48, a, aa, b, bb, to + 2 * ROW_BYTES);
  evaluateRow(scratch + 96, a, aa, b, bb, to + 3 * ROW_BYTES);
  evaluateRow(scratch + 144, a, aa, b, bb, to + 4 * ROW_BYTES);
  evaluateRow(from + 96, a, aa, b, bb, to + 5 * ROW_BYTES);
}

@inline
function evaluateRow(from: usize, a: v128, aa: v128, b: v128, bb: v128, to: usize): void {
  const g0 = v128.load(from), g1 = v128.load(from, 16), g2 = v128.load(from, 32);
  v128.store(to, g0);
  let even = multiplyAdd(g2, aa, g0);
  let odd = f32x4.mul(g1, a);
  v128.store(to, f32x4.add(even, odd), 512);
  v128.store(to, f32x4.sub(even, odd), 1024);
  even = multiplyAdd(g2, bb, g0);
  odd = f32x4.mul(g1, b);
  v128.store(to, f32x4.add(even, odd), 1536);
  v128.store(to, f32x4.sub(even, odd), 2048);
  v128.store(to, g2, 2560);
}

/** M += what the kept channels of one block contribute; returns where V' of the next one begins. */
function addBlock(picked: usize, quads: i32, block: usize, channels: i32, products: usize): usize {
  for (let frequency = 0; frequency < FREQUENCIES; frequency++) {
    for (let quad = 0; quad < quads; quad++) {
      addQuad(picked, block, channels, products);
      picked += PICKED_BYTES;
      products += QUAD_BYTES;
    }
    block += FILTER_FREQUENCY_BYTES;
  }
  return picked;
}

/** products [4 tiles, 8 outputs] += picked [channels, 4 tiles] * filters [channels, 8]. */
function addQuad(picked: usize, filters: usize, channels: i32, products: usize): void {
  let c00 = v128.load(products), c01 = v128.load(products, 16);
  let c10 = v128.load(products, 32), c11 = v128.load(products, 48);
  let c20 = v128.load(products, 64), c21 = v128.load(products, 80);
  let c30 = v128.load(products, 96), c31 = v128.load(products, 112);
  const end = filters + (<usize>channels << 5);
  do {
    const b0 = v128.load(filters), b1 = v128.load(filters, 16);
    let a = v128.load32_splat(picked);
    c00 = multiplyAdd(a, b0, c00); c01 = multiplyAdd(a, b1, c01);
    a = v128.load32_splat(picked, 4);
    c10 = multiplyAdd(a, b0, c10); c11 = multiplyAdd(a, b1, c11);
    a = v128.load32_splat(picked, 8);
    c20 = multiplyAdd(a, b0, c20); c21 = multiplyAdd(a, b1, c21);
    a = v128.load32_splat(picked, 12);
    c30 = multiplyAdd(a, b0, c30); c31 = multiplyAdd(a, b1, c31);
    picked += 16;
    filters += 32;
  } while (filters < end);
  v128.store(products, c00); v128.store(products, c01, 16);
  v128.store(products, c10, 32); v128.store(products, c11, 48);
  v128.store(products, c20, 64); v128.store(products, c21, 80);
  v128.store(products, c30, 96); v128.store(products, c31, 112);
}
