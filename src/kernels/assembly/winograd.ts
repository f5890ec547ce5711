/**
 * 3x3 convolution of stride 1 by Winograd's F(4x4, 3x3), whose algebra `winograd-transforms.ts` explains, and its input gradient, which is the
 * same with flipped filters and dy for x.
 *
 * An image falls into tiles of 4x4 output pixels. For each of the 36 frequencies the transformed tiles V [tiles, channels] and the transformed
 * filters U [channels, outputs] are multiplied as matrices; the inverse transform of the 36 products is the tile's output.
 *
 * Filters are transformed once a call: `packWinogradFilters`, `packWinogradFlipped`. A task of `convolveWinograd` then takes units of some
 * tiles and all panels of 8 output channels, or a share of these. It transforms the unit's tiles, and for each panel and four quads of
 * tiles multiplies all frequencies and transforms back what has just been computed: V stays in the second-level cache, the products
 * in the first.
 *
 *     U [panel][block of 16 channels][frequency][16 channels][8 outputs]
 *     V [quad of tiles][block of 16 channels][frequency][4 tiles][16 channels]
 *     M [frequency][4 quads][4 tiles][8 outputs]
 */
import { int, ptr } from './arguments';
import { multiplyAdd } from './gemm';
import { ceilDivide } from './windows';
import {
  FREQUENCIES, gatherPixels, loadLanes, SCRATCH_BYTES, TILE_SIDE, transformFilter, transformProducts, transformWindow, WINDOW_SIDE,
} from './winograd-transforms';

const PANEL_COLUMNS: i32 = 8;
const QUAD: i32 = 4;
const QUADS_AT_ONCE: i32 = 4;
const BLOCK_CHANNELS: i32 = 16;
/** Bytes of a frequency, and of all, in a block of V. */
const FREQUENCY_BYTES: usize = 4 * 16 * 4;
const BLOCK_BYTES: usize = 36 * 4 * 16 * 4;
/** The same in a panel of U. */
const PANEL_FREQUENCY_BYTES: usize = 16 * 8 * 4;
const PANEL_BLOCK_BYTES: usize = 36 * 16 * 8 * 4;
/** Bytes of a quad's products of one frequency, and of one frequency, in M. */
const QUAD_BYTES: usize = 4 * 8 * 4;
const PRODUCT_BYTES: usize = 4 * 4 * 8 * 4;
const PRODUCTS_BYTES: usize = 36 * 4 * 4 * 8 * 4;

/** Bytes of one transformed vector of filters. */
const VECTOR_BYTES: usize = 36 * 16;

/**
 * [weights OHWI, U, groups, outputs of a group, channels of a group, panels of a task, workspaces]. A task packs some panels; its workspace
 * holds scratch and one transformed vector.
 */
export function packWinogradFilters(args: usize, task: i32): void {
  const outputs = int(args, 3);
  const channels = int(args, 4);
  const groupPanels = ceilDivide(outputs, PANEL_COLUMNS);
  const tapBytes = <usize>channels << 2;
  const scratch = ptr(args, 6) + <usize>task * (SCRATCH_BYTES + VECTOR_BYTES);
  const vector = scratch + SCRATCH_BYTES;
  const end = min(int(args, 2) * groupPanels, (task + 1) * int(args, 5));
  for (let index = task * int(args, 5); index < end; index++) {
    const column = (index % groupPanels) * PANEL_COLUMNS;
    const columns = min(PANEL_COLUMNS, outputs - column);
    const panel = ptr(args, 1) + <usize>index * panelBytes(channels);
    const filters = ptr(args, 0) + <usize>(((index / groupPanels) * outputs + column) * 9) * tapBytes;
    if (columns < PANEL_COLUMNS) memory.fill(panel, 0, panelBytes(channels));
    for (let channel = 0; channel < channels; channel += 4) {
      const to = panel + panelOffset(channel);
      let from = filters + (<usize>channel << 2);
      for (let i = 0; i < columns; i++) {
        for (let tap = 0; tap < 9; tap++) {
          v128.store(scratch + (<usize>tap << 4), loadLanes(from, channels - channel));
          from += tapBytes;
        }
        transformFilter(scratch, vector, 16);
        scatterChannels(vector, to + (<usize>i << 2));
      }
    }
  }
}

/** Lanes are channels, which lie 32 bytes apart in a panel. */
function scatterChannels(vectors: usize, to: usize): void {
  for (let frequency = 0; frequency < FREQUENCIES; frequency++) {
    const vector = v128.load(vectors);
    v128.store32_lane(to, vector, 0);
    v128.store32_lane(to, vector, 1, 32);
    v128.store32_lane(to, vector, 2, 64);
    v128.store32_lane(to, vector, 3, 96);
    vectors += 16;
    to += PANEL_FREQUENCY_BYTES;
  }
}

/**
 * For the input gradient: panels of 8 input channels over the outputs, taps in reverse. Arguments as above, with channels and outputs in
 * each other's place.
 */
export function packWinogradFlipped(args: usize, task: i32): void {
  const channels = int(args, 3);
  const outputs = int(args, 4);
  const groupPanels = ceilDivide(channels, PANEL_COLUMNS);
  const tapBytes = <usize>channels << 2;
  const scratch = ptr(args, 6) + <usize>task * (SCRATCH_BYTES + VECTOR_BYTES);
  const end = min(int(args, 2) * groupPanels, (task + 1) * int(args, 5));
  for (let index = task * int(args, 5); index < end; index++) {
    const first = (index % groupPanels) * PANEL_COLUMNS;
    const panel = ptr(args, 1) + <usize>index * panelBytes(outputs);
    let last = ptr(args, 0) + <usize>((index / groupPanels) * outputs * 9 + 8) * tapBytes;
    for (let output = 0; output < outputs; output++) {
      const to = panel + panelOffset(output);
      for (let channel = first; channel < first + PANEL_COLUMNS; channel += 4) {
        let from = last + (<usize>channel << 2);
        for (let tap = 0; tap < 9; tap++) {
          v128.store(scratch + (<usize>tap << 4), channel < channels ? loadLanes(from, channels - channel) : f32x4.splat(0));
          from -= tapBytes;
        }
        transformFilter(scratch, to + (<usize>(channel - first) << 2), PANEL_FREQUENCY_BYTES);
      }
      last += 9 * tapBytes;
    }
  }
}

@inline
function panelBytes(depth: i32): usize {
  return <usize>ceilDivide(depth, BLOCK_CHANNELS) * PANEL_BLOCK_BYTES;
}

/** Where a channel's eight outputs of frequency 0 lie in a panel. */
@inline
function panelOffset(channel: i32): usize {
  return <usize>(channel / BLOCK_CHANNELS) * PANEL_BLOCK_BYTES + (<usize>(channel & (BLOCK_CHANNELS - 1)) << 5);
}

/**
 * 0 source, 1 height, 2 width, 3 channels, 4 padding, 5 target, 6 target height, 7 target width, 8 target channels, 9 groups, 10 tile
 * rows and 11 tile columns of an image, 12 tiles of all, 13 tiles of a unit, 14 units of a task, 15 shares of the panels, 16 U, 17 bias,
 * 18 workspaces, 19 bytes of one. A workspace holds V, M and scratch.
 */
export function convolveWinograd(args: usize, task: i32): void {
  const groups = int(args, 9);
  const tiles = int(args, 12);
  const unitTiles = int(args, 13);
  const shares = int(args, 15);
  const depth = int(args, 3) / groups;
  const columns = int(args, 8) / groups;
  const groupPanels = ceilDivide(columns, PANEL_COLUMNS);
  const quadBytes = <usize>ceilDivide(depth, BLOCK_CHANNELS) * BLOCK_BYTES;
  const transformed = ptr(args, 18) + <usize>int(args, 19) * <usize>task;
  const products = transformed + <usize>ceilDivide(unitTiles, QUAD) * quadBytes;
  const scratch = products + PRODUCTS_BYTES;
  const perShare = ceilDivide(groupPanels, shares);
  const firstPanel = (task % shares) * perShare;
  const endPanel = min(groupPanels, firstPanel + perShare);
  const firstTile = (task / shares) * int(args, 14) * unitTiles;
  const endTile = min(tiles, firstTile + int(args, 14) * unitTiles);
  for (let start = firstTile; start < endTile; start += unitTiles) {
    const end = min(endTile, start + unitTiles);
    const quads = ceilDivide(end - start, QUAD);
    for (let group = 0; group < groups; group++) {
      transformTiles(args, start, end, group * depth, depth, scratch, transformed, quadBytes);
      for (let index = firstPanel; index < endPanel; index++) {
        const panel = ptr(args, 16) + <usize>(group * groupPanels + index) * panelBytes(depth);
        const column = index * PANEL_COLUMNS;
        for (let quad = 0; quad < quads; quad += QUADS_AT_ONCE) {
          const count = min(QUADS_AT_ONCE, quads - quad);
          const first = start + quad * QUAD;
          multiplyQuads(transformed + <usize>quad * quadBytes, quadBytes, count, panel, depth, products);
          storeTiles(
            args, first, min(end, first + count * QUAD), group * columns + column, min(PANEL_COLUMNS, columns - column), products, scratch,
          );
        }
      }
    }
  }
}

/** V of the tiles [start, end). */
function transformTiles(
  args: usize, start: i32, end: i32, channel: i32, depth: i32, scratch: usize, transformed: usize, quadBytes: usize,
): void {
  const height = int(args, 1);
  const width = int(args, 2);
  const padding = int(args, 4);
  const tileRows = int(args, 10);
  const tileColumns = int(args, 11);
  const pixelBytes = <usize>int(args, 3) << 2;
  const pitch = <usize>width * pixelBytes;
  for (let tile = start; tile < end; tile++) {
    const line = tile / tileColumns;
    const image = line / tileRows;
    const row = (line - image * tileRows) * TILE_SIDE - padding;
    const column = (tile - line * tileColumns) * TILE_SIDE - padding;
    const inside = row >= 0 && column >= 0 && row + WINDOW_SIDE <= height && column + WINDOW_SIDE <= width;
    const place = tile - start;
    let to = transformed + <usize>(place >> 2) * quadBytes + (<usize>(place & 3) << 6);
    let from = ptr(args, 0) + <usize>image * <usize>height * pitch + (<usize>channel << 2);
    const shift = row * <i32>pitch + column * <i32>pixelBytes;
    for (let left = depth; left > 0; left -= 4) {
      if (inside && left >= 4) {
        transformWindow(from + shift, pitch, pixelBytes, scratch, to, FREQUENCY_BYTES);
      } else {
        gatherPixels(from, height, width, pixelBytes, row, column, WINDOW_SIDE, left, scratch);
        transformWindow(scratch, 96, 16, scratch, to, FREQUENCY_BYTES);
      }
      from += 16;
      to += ((depth - left) & 12) == 12 ? BLOCK_BYTES - 48 : 16;
    }
  }
}

/** All frequencies of some quads of tiles by one panel. */
function multiplyQuads(quads: usize, quadBytes: usize, count: i32, panel: usize, depth: i32, products: usize): void {
  for (let frequency = 0; frequency < FREQUENCIES; frequency++) {
    let from = quads;
    let to = products;
    for (let quad = 0; quad < count; quad++) {
      multiplyQuad(from, panel, depth, to);
      from += quadBytes;
      to += QUAD_BYTES;
    }
    quads += FREQUENCY_BYTES;
    products += PRODUCT_BYTES;
    panel += PANEL_FREQUENCY_BYTES;
  }
}

/** products [4 tiles, 8 outputs] = tiles [4, depth] * panel [depth, 8]: the micro-kernel of `gemm.ts`, its points at fixed distances. */
function multiplyQuad(tiles: usize, panel: usize, depth: i32, products: usize): void {
  let c00: v128, c01: v128, c10: v128, c11: v128, c20: v128, c21: v128, c30: v128, c31: v128;
  c00 = c01 = c10 = c11 = c20 = c21 = c30 = c31 = f32x4.splat(0);
  for (let left = <usize>depth << 5; ; left -= PANEL_FREQUENCY_BYTES) {
    const stop = panel + min(left, PANEL_FREQUENCY_BYTES);
    do {
      const b0 = v128.load(panel), b1 = v128.load(panel, 16);
      let a = v128.load32_splat(tiles);
      c00 = multiplyAdd(a, b0, c00); c01 = multiplyAdd(a, b1, c01);
      a = v128.load32_splat(tiles, 64);
      c10 = multiplyAdd(a, b0, c10); c11 = multiplyAdd(a, b1, c11);
      a = v128.load32_splat(tiles, 128);
      c20 = multiplyAdd(a, b0, c20); c21 = multiplyAdd(a, b1, c21);
      a = v128.load32_splat(tiles, 192);
      c30 = multiplyAdd(a, b0, c30); c31 = multiplyAdd(a, b1, c31);
      tiles += 4;
      panel += 32;
    } while (panel < stop);
    if (left <= PANEL_FREQUENCY_BYTES) break;
    tiles += BLOCK_BYTES - FREQUENCY_BYTES / 4;
    panel += PANEL_BLOCK_BYTES - PANEL_FREQUENCY_BYTES;
  }
  v128.store(products, c00); v128.store(products, c01, 16);
  v128.store(products, c10, 32); v128.store(products, c11, 48);
  v128.store(products, c20, 64); v128.store(products, c21, 80);
  v128.store(products, c30, 96); v128.store(products, c31, 112);
}

/** The output of the tiles [start, end) in `count` channels from `channel` on. */
function storeTiles(args: usize, start: i32, end: i32, channel: i32, count: i32, products: usize, scratch: usize): void {
  const height = int(args, 6);
  const width = int(args, 7);
  const tileRows = int(args, 10);
  const tileColumns = int(args, 11);
  const pixelBytes = <usize>int(args, 8) << 2;
  const pitch = <usize>width * pixelBytes;
  const bias = ptr(args, 17);
  const target = ptr(args, 5) + (<usize>channel << 2);
  for (let tile = start; tile < end; tile++) {
    const line = tile / tileColumns;
    const image = line / tileRows;
    const row = (line - image * tileRows) * TILE_SIDE;
    const column = (tile - line * tileColumns) * TILE_SIDE;
    const rows = min(TILE_SIDE, height - row);
    const columns = min(TILE_SIDE, width - column);
    let to = target + <usize>((image * height + row) * width + column) * pixelBytes;
    let from = products;
    let biases = bias + (<usize>channel << 2);
    for (let left = count; left > 0; left -= 4) {
      const added = bias ? loadLanes(biases, left) : f32x4.splat(0);
      transformProducts(from, PRODUCT_BYTES, added, scratch, to, pitch, pixelBytes, rows, columns, left);
      from += 16;
      to += 16;
      biases += 16;
    }
    products += 32;
  }
}
