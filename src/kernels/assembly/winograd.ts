/**
 * 3x3 convolution of stride 1 by Winograd's F(4x4, 3x3), whose algebra `winograd-transforms.ts` explains, and its input gradient, which is the
 * same with flipped filters and dy for x.
 *
 * An image falls into tiles of 4x4 output pixels. For each of the 36 frequencies the transformed tiles V [tiles, channels] and the transformed
 * filters U [channels, outputs] are multiplied as matrices; the inverse transform of the 36 products is the tile's output.
 *
 * A task of `convolveWinograd` takes units of some tiles and all panels of 8 output channels, or a share of these. It transforms the unit's
 * tiles, and for each panel and four quads of tiles multiplies all frequencies and transforms back what has just been computed: V
 * stays in the second-level cache, the products in the first. Panels are made (`winograd-filters.ts`) once a call beforehand.
 *
 * Where tiles are few and channels many, U is the largest of all. Then it is the tiles that are transformed beforehand (`transformWinogradTiles`),
 * and a task of `convolveWinogradPanels` makes its filters a block of channels at a time, adds what they contribute to all products, and makes the
 * next block in their place: U never leaves the first-level cache. Sums are the same, in the same order.
 *
 *     V [quad of tiles][block of 16 channels][frequency][4 tiles][16 channels]
 *     M [frequency][4 quads][4 tiles][8 outputs]
 */
import { int, ptr } from './arguments';
import { finishBlock } from './finish-rows';
import { multiplyAdd } from './gemm';
import { ceilDivide } from './windows';
import {
  BLOCK_CHANNELS, PANEL_BLOCK_BYTES, PANEL_COLUMNS, PANEL_FREQUENCY_BYTES, PANEL_SCRATCH_BYTES, packBlock, panelBytes,
} from './winograd-filters';
import {
  FREQUENCIES, gatherPixels, loadLanes, SCRATCH_BYTES, TILE_SIDE, transformProducts, transformWindow, WINDOW_SIDE,
} from './winograd-transforms';

export const QUAD: i32 = 4;
export const QUADS_AT_ONCE: i32 = 4;
/** Bytes of a frequency, and of all, in a block of V. */
export const FREQUENCY_BYTES: usize = 4 * 16 * 4;
export const BLOCK_BYTES: usize = 36 * 4 * 16 * 4;
/** Bytes of a quad's products of one frequency, and of one frequency, in M. */
export const QUAD_BYTES: usize = 4 * 8 * 4;
export const PRODUCT_BYTES: usize = 4 * 4 * 8 * 4;
export const PRODUCTS_BYTES: usize = 36 * 4 * 4 * 8 * 4;

/**
 * 0 source, 1 height, 2 width, 3 channels, 4 padding, 5 target, 6 target height, 7 target width, 8 target channels, 9 groups, 10 tile
 * rows and 11 tile columns of an image, 12 tiles of all, 13 tiles of a unit, 14 units of a task, 15 shares of the panels, 16 U, 17 bias,
 * 18 workspaces, 19 bytes of one, 20 to 25 finish (`finish-rows.ts`), 26 side of a tile (4, or 3 for kernels of 4x4). A workspace holds V, M and
 * scratch.
 */
export function convolveWinograd(args: usize, task: i32): void {
  const groups = int(args, 9);
  const tiles = int(args, 12);
  const unitTiles = int(args, 13);
  const shares = int(args, 15);
  const side = int(args, 26);
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
      transformTiles(args, side, start, end, group * depth, depth, scratch, transformed, quadBytes);
      for (let index = firstPanel; index < endPanel; index++) {
        const panel = ptr(args, 16) + <usize>(group * groupPanels + index) * panelBytes(depth);
        const column = index * PANEL_COLUMNS;
        for (let quad = 0; quad < quads; quad += QUADS_AT_ONCE) {
          const count = min(QUADS_AT_ONCE, quads - quad);
          const first = start + quad * QUAD;
          multiplyQuads(transformed + <usize>quad * quadBytes, quadBytes, count, panel, depth, products);
          storeTiles(
            args, side, first, min(end, first + count * QUAD), group * columns + column, min(PANEL_COLUMNS, columns - column), products,
            PRODUCT_BYTES, scratch,
          );
        }
      }
      finishTiles(args, side, args + (20 << 2), start, end, group * columns + firstPanel * PANEL_COLUMNS, group * columns + min(columns, endPanel * PANEL_COLUMNS));
    }
  }
}

/** V of the tiles [start, end). */
export function transformTiles(
  args: usize, side: i32, start: i32, end: i32, channel: i32, depth: i32, scratch: usize, transformed: usize, quadBytes: usize,
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
    const row = (line - image * tileRows) * side - padding;
    const column = (tile - line * tileColumns) * side - padding;
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

/**
 * V [group][quad] of all tiles. Arguments 0 to 4 and 9 to 12 as in `convolveWinograd`; 5 V, 6 quads of a task, 7 scratch of the tasks.
 */
export function transformWinogradTiles(args: usize, task: i32): void {
  const groups = int(args, 9);
  const tiles = int(args, 12);
  const depth = int(args, 3) / groups;
  const quads = ceilDivide(tiles, QUAD);
  const quadBytes = <usize>ceilDivide(depth, BLOCK_CHANNELS) * BLOCK_BYTES;
  const scratch = ptr(args, 7) + <usize>task * SCRATCH_BYTES;
  const end = min(groups * quads, (task + 1) * int(args, 6));
  for (let item = task * int(args, 6); item < end; item++) {
    const start = (item % quads) * QUAD;
    const to = ptr(args, 5) + <usize>item * quadBytes;
    transformTiles(args, TILE_SIDE, start, min(tiles, start + QUAD), (item / quads) * depth, depth, scratch, to, quadBytes);
  }
}

/**
 * Arguments as in `convolveWinograd`, but: 13 V of all tiles, 14 whether filters are to be flipped, 16 the filters as they are. A workspace holds M of all
 * tiles, scratch and a block of filters.
 */
export function convolveWinogradPanels(args: usize, task: i32): void {
  const groups = int(args, 9);
  const tiles = int(args, 12);
  const flips = int(args, 14);
  const filters = ptr(args, 16);
  const depth = int(args, 3) / groups;
  const columns = int(args, 8) / groups;
  const groupPanels = ceilDivide(columns, PANEL_COLUMNS);
  const quads = ceilDivide(tiles, QUAD);
  const quadBytes = <usize>ceilDivide(depth, BLOCK_CHANNELS) * BLOCK_BYTES;
  const stride = <usize>quads * QUAD_BYTES;
  const products = ptr(args, 18) + <usize>int(args, 19) * <usize>task;
  const scratch = products + stride * FREQUENCIES;
  const block = scratch + PANEL_SCRATCH_BYTES;
  const perShare = ceilDivide(groupPanels, int(args, 15));
  const endPanel = min(groupPanels, (task + 1) * perShare);
  for (let group = 0; group < groups; group++) {
    for (let index = task * perShare; index < endPanel; index++) {
      let transformed = ptr(args, 13) + <usize>(group * quads) * quadBytes;
      memory.fill(products, 0, stride * FREQUENCIES);
      for (let channel = 0; channel < depth; channel += BLOCK_CHANNELS) {
        packBlock(flips, filters, group, index, channel, columns, depth, block, scratch);
        addBlock(transformed, quadBytes, quads, block, min(BLOCK_CHANNELS, depth - channel), products);
        transformed += BLOCK_BYTES;
      }
      const column = index * PANEL_COLUMNS;
      storeTiles(args, TILE_SIDE, 0, tiles, group * columns + column, min(PANEL_COLUMNS, columns - column), products, stride, scratch);
    }
    finishTiles(args, TILE_SIDE, args + (20 << 2), 0, tiles, group * columns + task * perShare * PANEL_COLUMNS, group * columns + min(columns, endPanel * PANEL_COLUMNS));
  }
}

/** products [frequency][quad][4 tiles, 8 outputs] += what the channels of one block contribute. */
function addBlock(tiles: usize, quadBytes: usize, quads: i32, block: usize, channels: i32, products: usize): void {
  for (let frequency = 0; frequency < FREQUENCIES; frequency++) {
    let from = tiles;
    for (let quad = 0; quad < quads; quad++) {
      addQuad(from, block, channels, products);
      from += quadBytes;
      products += QUAD_BYTES;
    }
    tiles += FREQUENCY_BYTES;
    block += PANEL_FREQUENCY_BYTES;
  }
}

/** products [4 tiles, 8 outputs] += tiles [4, channels] * filters [channels, 8], up to 16 channels. */
function addQuad(tiles: usize, filters: usize, channels: i32, products: usize): void {
  let c00 = v128.load(products), c01 = v128.load(products, 16);
  let c10 = v128.load(products, 32), c11 = v128.load(products, 48);
  let c20 = v128.load(products, 64), c21 = v128.load(products, 80);
  let c30 = v128.load(products, 96), c31 = v128.load(products, 112);
  const end = filters + (<usize>channels << 5);
  do {
    const b0 = v128.load(filters), b1 = v128.load(filters, 16);
    let a = v128.load32_splat(tiles);
    c00 = multiplyAdd(a, b0, c00); c01 = multiplyAdd(a, b1, c01);
    a = v128.load32_splat(tiles, 64);
    c10 = multiplyAdd(a, b0, c10); c11 = multiplyAdd(a, b1, c11);
    a = v128.load32_splat(tiles, 128);
    c20 = multiplyAdd(a, b0, c20); c21 = multiplyAdd(a, b1, c21);
    a = v128.load32_splat(tiles, 192);
    c30 = multiplyAdd(a, b0, c30); c31 = multiplyAdd(a, b1, c31);
    tiles += 4;
    filters += 32;
  } while (filters < end);
  v128.store(products, c00); v128.store(products, c01, 16);
  v128.store(products, c10, 32); v128.store(products, c11, 48);
  v128.store(products, c20, 64); v128.store(products, c21, 80);
  v128.store(products, c30, 96); v128.store(products, c31, 112);
}

/** The output of the tiles [start, end) in `count` channels from `channel` on; `stride` bytes from frequency to frequency. */
export function storeTiles(
  args: usize, side: i32, start: i32, end: i32, channel: i32, count: i32, products: usize, stride: usize, scratch: usize,
): void {
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
    const row = (line - image * tileRows) * side;
    const column = (tile - line * tileColumns) * side;
    const rows = min(side, height - row);
    const columns = min(side, width - column);
    let to = target + <usize>((image * height + row) * width + column) * pixelBytes;
    let from = products;
    let biases = bias + (<usize>channel << 2);
    for (let left = count; left > 0; left -= 4) {
      const added = bias ? loadLanes(biases, left) : f32x4.splat(0);
      if (side === TILE_SIDE) transformProducts(TILE_SIDE, from, stride, added, scratch, to, pitch, pixelBytes, rows, columns, left);
      else transformProducts(3, from, stride, added, scratch, to, pitch, pixelBytes, rows, columns, left);
      from += 16;
      to += 16;
      biases += 16;
    }
    products += 32;
  }
}

/** Finishes the pixels of the tiles [start, end) in the channels [first, last): those of tiles side by side are rows without a gap. */
export function finishTiles(args: usize, side: i32, finish: usize, start: i32, end: i32, first: i32, last: i32): void {
  const y = ptr(args, 5);
  const height = int(args, 6);
  const width = int(args, 7);
  const tileRows = int(args, 10);
  const tileColumns = int(args, 11);
  for (let tile = start; tile < end;) {
    const line = tile / tileColumns;
    const stop = min(end, (line + 1) * tileColumns);
    const image = line / tileRows;
    const row = (line - image * tileRows) * side;
    const column = (tile - line * tileColumns) * side;
    const columns = min((stop - tile) * side, width - column);
    for (let i = row; i < min(height, row + side); i++) {
      const pixel = (image * height + i) * width + column;
      finishBlock(finish, y, y, int(args, 8), pixel, pixel + columns, first, last);
    }
    tile = stop;
  }
}
