import { int, ptr } from './arguments';
import { CHANNEL_BYTES, HALF_BYTES, listBytes, listKept, quadBytesOf } from './dynamic-filters';
import { multiplyAdd } from './gemm';
import { ceilDivide } from './windows';
import {
  finishTiles, FREQUENCY_BYTES, PRODUCT_BYTES, PRODUCTS_BYTES, QUAD, QUAD_BYTES, QUADS_AT_ONCE, storeTiles, transformTiles,
} from './winograd';
import { PANEL_COLUMNS } from './winograd-filters';
import { FREQUENCIES, SCRATCH_BYTES, TILE_SIDE, transformFilter } from './winograd-transforms';

/**
 * Dynamic 3x3 convolution of stride 1 by Winograd's F(4x4, 3x3), for images of many tiles. V is transformed as in `winograd.ts`, once, and
 * shared by all heads. Of a head's filters only those of the image's kept channels are transformed, each times its gate, since the transform is linear:
 *
 *     M[frequency] [tiles, outputs] = sum over kept channels of V[frequency] [tiles, channel] * (gate U)[frequency] [channel, outputs].
 *
 * U of all images is made beforehand, V in units that the cache holds; nothing is gathered: the multiplication walks a list of the kept channels'
 * places in V.
 *
 *     V    [quad of tiles][block of 16 channels][frequency][4 tiles][16 channels], quads not across images
 *     U    [image][panel][frequency][kept channels][8 outputs], `panelStride` from frequency to frequency
 *     M    [frequency][4 quads][4 tiles][8 outputs]
 */

/**
 * U of all images. [heads, kept, channels, panels of a head, gates, index, w, U, lists and scratch of the tasks, bytes of one].
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
 * one, 20 index, 21 finish (`finish-rows.ts`). Tasks: (image, unit). A workspace holds M, scratch, the kept channels' list and V of a unit.
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
  transformTiles(args, TILE_SIDE, base + first, base + end, 0, channels, scratch, transformed, quadBytes);
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
        storeTiles(args, TILE_SIDE, base + start, base + stop, head * headOut + column, columns, products, PRODUCT_BYTES, scratch);
      }
      panel += stride * FREQUENCIES;
    }
  }
  finishTiles(args, TILE_SIDE, args + (21 << 2), base + first, base + end, 0, int(args, 8));
}

/** An odd number of cache lines: a filter's 36 frequencies, which are written together, fall into as many sets of the cache. */
@inline
function panelStride(kept: i32): usize {
  return <usize>(ceilDivide(kept, 2) | 1) << 6;
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
