import { int, ptr } from './arguments';
import { CHANNEL_BYTES, HALF_BYTES, listBytes, listKept, quadBytesOf } from './dynamic-filters';
import { multiplyAdd } from './gemm';
import { transpose } from './transpose';
import { ceilDivide } from './windows';
import { BLOCK_BYTES, finishTiles, FREQUENCY_BYTES, QUAD, QUAD_BYTES, storeTiles, transformTiles } from './winograd';
import { BLOCK_CHANNELS, PANEL_BLOCK_BYTES, PANEL_COLUMNS, PANEL_FREQUENCY_BYTES } from './winograd-filters';
import { evaluateFilter, FREQUENCIES, NORMS, SCRATCH_BYTES, TILE_SIDE } from './winograd-transforms';

/**
 * The same as `dynamic-winograd.ts` for images of few tiles, where filters are largest. V of all images is made beforehand, filters where they
 * are used, a block of kept channels at a time, which stays in the first-level cache. So that transforming them costs least, their gates and the
 * factors 1 / N of their transform go into tiles of each head's own, of which there are few:
 *
 *     V    [image][quad][block of 16 channels][frequency][16 channels][4 tiles]
 *     V'   [block of 16 kept channels][frequency][quad][16 channels][4 tiles]
 *     U'   [frequency][16 kept channels][8 outputs]
 *     M    [frequency][quad][4 tiles][8 outputs]
 */

/** Bytes of 16 kept channels of a quad in V'. */
const PICKED_BYTES: usize = 16 * 4 * 4;

/**
 * V. 0 to 12 as in `dynamicWinogradTiles`; 13 quads of all images, 14 quads of a task, 15 V, 16 workspaces of the tasks, 17 bytes of one. A
 * workspace holds a block of tiles as `transformTiles` makes it, and scratch.
 */
export function transformDynamicTiles(args: usize, task: i32): void {
  const channels = int(args, 3);
  const tiles = int(args, 10) * int(args, 11);
  const quads = ceilDivide(tiles, QUAD);
  const block = ptr(args, 16) + <usize>task * <usize>int(args, 17);
  const scratch = block + BLOCK_BYTES;
  const end = min(int(args, 13), (task + 1) * int(args, 14));
  let to = ptr(args, 15) + <usize>(task * int(args, 14)) * quadBytesOf(channels);
  for (let item = task * int(args, 14); item < end; item++) {
    const start = (item % quads) * QUAD;
    const first = (item / quads) * tiles + start;
    const last = first + min(QUAD, tiles - start);
    for (let channel = 0; channel < channels; channel += BLOCK_CHANNELS) {
      const depth = min(BLOCK_CHANNELS, channels - channel);
      transformTiles(args, TILE_SIDE, first, last, channel, depth, scratch, block, BLOCK_BYTES);
      for (let at: usize = 0; at < BLOCK_BYTES; at += FREQUENCY_BYTES) {
        transpose(block + at, 64, QUAD, BLOCK_CHANNELS, to + at, 16);
      }
      to += BLOCK_BYTES;
    }
  }
}

/**
 * 0 to 12 as in `dynamicWinogradTiles`; 13 quads of an image, 14 shares of the heads' panels, 15 panels of a share, 16 filters, 17 zero, 18
 * workspaces, 19 bytes of one, 20 gates, 21 index, 22 V, 23 finish (`finish-rows.ts`). Tasks: (image, share), a share being some panels of one head. A workspace holds U', M, scratch,
 * the kept channels' list and V'.
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
  const products = block + PANEL_BLOCK_BYTES;
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
    storeTiles(args, TILE_SIDE, image * tiles, (image + 1) * tiles, head * headOut + column, columns, products, stride, scratch);
  }
  const last = head * headOut + min(headOut, endPanel * PANEL_COLUMNS);
  finishTiles(args, TILE_SIDE, args + (23 << 2), image * tiles, (image + 1) * tiles, head * headOut + firstPanel * PANEL_COLUMNS, last);
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

/** M += what the kept channels of one block contribute; returns where V' of the next one begins. */
function addBlock(picked: usize, quads: i32, block: usize, channels: i32, products: usize): usize {
  for (let frequency = 0; frequency < FREQUENCIES; frequency++) {
    for (let quad = 0; quad < quads; quad++) {
      addQuad(picked, block, channels, products);
      picked += PICKED_BYTES;
      products += QUAD_BYTES;
    }
    block += PANEL_FREQUENCY_BYTES;
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
