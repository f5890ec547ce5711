import { int, ptr } from './arguments';
import { finishBlock } from './finish-rows';
import { GEOMETRY, gatherChannels, headColumns, headWeightBytes, listTerms, readsInPlace, termBytes } from './dynamic-heads';
import { multiplyAdd, storeRow, TILE_COLUMNS, TILE_POINTS } from './gemm';
import { transpose } from './transpose';

/**
 * w [outChannels, taps, inChannels] to [heads, taps, inChannels, columns] (`dynamic-heads.ts`). Tasks: (head, tap, block of channels).
 */
export function packDynamicWeights(args: usize, task: i32): void {
  const inChannels = int(args, 3);
  const taps = int(args, 9) * int(args, 10);
  const headOut = int(args, 6) / int(args, 7);
  const columns = headColumns(args);
  const channelsOfTask = int(args, GEOMETRY);
  const blocks = int(args, GEOMETRY + 1);
  const first = (task % blocks) * channelsOfTask;
  const channels = min(channelsOfTask, inChannels - first);
  const tap = (task / blocks) % taps;
  const head = task / (blocks * taps);
  const from = ptr(args, GEOMETRY + 2) + ((<usize>(head * headOut * taps + tap) * <usize>inChannels + <usize>first) << 2);
  const to = ptr(args, GEOMETRY + 3) + <usize>(head * taps + tap) * <usize>inChannels * (<usize>columns << 2) + ((<usize>first * <usize>columns) << 2);
  if (columns > headOut) memory.fill(to, 0, <usize>(channels * columns) << 2);
  transpose(from, <usize>(taps * inChannels) << 2, headOut, channels, to, <usize>columns << 2);
}

/**
 * Forward: y[point, column] = sum over terms of source[point + term] * (gate * weight)[term, column].
 *
 * The gates go into the panels of weights, which are made for each image and head anyway. With several taps the kept channels are first gathered
 * into an image with its zero border. Where a head has some panels of output channels, the terms of every point are then picked into tiles
 * [terms][4 points], which all of them read: the image itself would be read anew for each, at places that no cache foresees. Sums and their order are the
 * same.
 *
 * Units: (image, band of output rows, head), the head fastest, so that a band is near when the next head wants it. Workspace of a
 * task: terms, point offsets, a panel, picked tiles, the gathered image. Behind the geometry: units, units of a task, rows of a band, bands, image,
 * weights, gates, index, y, workspaces, bytes of one, bytes of picked tiles (0: nothing is picked), finish (`finish-rows.ts`).
 */
export function dynamicConvolution(args: usize, task: i32): void {
  const heads = int(args, 7);
  const headOut = int(args, 6) / heads;
  const stride = int(args, 11);
  const outWidth = int(args, 5);
  const units = int(args, GEOMETRY);
  const unitsOfTask = int(args, GEOMETRY + 1);
  const rowsOfBand = int(args, GEOMETRY + 2);
  const bands = int(args, GEOMETRY + 3);
  const array = termBytes(args);
  const terms = ptr(args, GEOMETRY + 9) + <usize>task * <usize>int(args, GEOMETRY + 10);
  const points = terms + 4 * array;
  const panel = points + (<usize>(rowsOfBand * outWidth + TILE_POINTS) << 2);
  const picked = panel + (array << 3);
  const gathered = picked + <usize>int(args, GEOMETRY + 11);
  const imageBytes = <usize>(int(args, 1) * int(args, 2)) * <usize>int(args, 3) << 2;
  const pixelBytes = <usize>int(args, 6) << 2;
  const taps = int(args, 9) * int(args, 10);
  for (let unit = task * unitsOfTask; unit < min((task + 1) * unitsOfTask, units); unit++) {
    const head = unit % heads;
    const band = (unit / heads) % bands;
    const image = unit / (heads * bands);
    const firstRow = band * rowsOfBand;
    const rows = min(rowsOfBand, int(args, 4) - firstRow);
    const count = listTerms(args, ptr(args, GEOMETRY + 6), ptr(args, GEOMETRY + 7), image, head, terms);
    let source = ptr(args, GEOMETRY + 4) + <usize>image * imageBytes;
    if (readsInPlace(args)) {
      source += (<usize>(firstRow * stride * int(args, 2)) * <usize>int(args, 3)) << 2;
      listPoints(points, rows, outWidth, stride * int(args, 2) * int(args, 3), stride * int(args, 3));
    } else {
      const inRows = (rows - 1) * stride + (int(args, 9) - 1) * int(args, 13) + 1;
      gatherChannels(args, source, terms, count, firstRow * stride, inRows, gathered);
      source = gathered;
      listPoints(points, rows, outWidth, stride * (int(args, 2) + 2 * int(args, 12)) * count, stride * count);
    }
    const weights = ptr(args, GEOMETRY + 5) + <usize>head * headWeightBytes(args);
    const target = ptr(args, GEOMETRY + 8) + <usize>((image * int(args, 4) + firstRow) * outWidth) * pixelBytes + (<usize>(head * headOut) << 2);
    const panelEnd = panel + (<usize>(count * taps) << 5);
    const picks = gathered > picked;
    if (picks) pickTerms(source, points, rows * outWidth, terms, terms + (<usize>(count * taps) << 2), picked);
    for (let column = 0; column < headOut; column += TILE_COLUMNS) {
      gatePanel(weights + (<usize>column << 2), terms + array, terms + 2 * array, panel, panelEnd);
      const to = target + (<usize>column << 2);
      if (picks) multiplyPicked(picked, rows * outWidth, panel, panelEnd, to, pixelBytes, headOut - column);
      else multiplyBand(source, points, rows * outWidth, terms, panel, panelEnd, to, pixelBytes, headOut - column);
    }
    const pixel = (image * int(args, 4) + firstRow) * outWidth;
    const y = ptr(args, GEOMETRY + 8);
    finishBlock(
      args + ((GEOMETRY + 12) << 2), y, y, int(args, 6), pixel, pixel + rows * outWidth, head * headOut, (head + 1) * headOut,
    );
  }
}

/** Byte offsets of a band's points; the last one is repeated until a tile is full. */
function listPoints(points: usize, rows: i32, columns: i32, rowStep: i32, columnStep: i32): void {
  let offset = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      offset = (row * rowStep + column * columnStep) << 2;
      store<i32>(points, offset);
      points += 4;
    }
  }
  for (let i = 1; i < TILE_POINTS; i++) {
    store<i32>(points, offset);
    points += 4;
  }
}

/** Eight columns of each term's weights times its gate. */
function gatePanel(weights: usize, rows: usize, gates: usize, panel: usize, panelEnd: usize): void {
  for (; panel < panelEnd; panel += 32) {
    const row = weights + load<u32>(rows);
    const gate = v128.load32_splat(gates);
    v128.store(panel, f32x4.mul(gate, v128.load(row)));
    v128.store(panel, f32x4.mul(gate, v128.load(row, 16)), 16);
    rows += 4;
    gates += 4;
  }
}

/** The terms of each point, in tiles [terms][4 points]. */
function pickTerms(source: usize, points: usize, count: i32, terms: usize, termsEnd: usize, to: usize): void {
  for (const end = points + (<usize>count << 2); points < end; points += 16) {
    const a0 = source + load<u32>(points);
    const a1 = source + load<u32>(points, 4);
    const a2 = source + load<u32>(points, 8);
    const a3 = source + load<u32>(points, 12);
    for (let at = terms; at < termsEnd; at += 4) {
      const term = load<u32>(at);
      store<u32>(to, load<u32>(a0 + term));
      store<u32>(to, load<u32>(a1 + term), 4);
      store<u32>(to, load<u32>(a2 + term), 8);
      store<u32>(to, load<u32>(a3 + term), 12);
      to += 16;
    }
  }
}

function multiplyBand(
  source: usize, points: usize, count: i32, terms: usize, panel: usize, panelEnd: usize, target: usize, pixelBytes: usize, columns: i32,
): void {
  const last = target + <usize>(count - 1) * pixelBytes;
  for (let point = 0; point < count; point += TILE_POINTS) {
    multiplyTerms(source, points, terms, panel, panelEnd, target, pixelBytes, last, columns);
    points += 16;
    target += pixelBytes << 2;
  }
}

/** One tile of four points and eight columns, points beyond `last` stored to it: they are repetitions of it. */
function multiplyTerms(
  source: usize, points: usize, terms: usize, panel: usize, panelEnd: usize, target: usize, pixelBytes: usize, last: usize, columns: i32,
): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  const a0 = source + load<u32>(points);
  const a1 = source + load<u32>(points, 4);
  const a2 = source + load<u32>(points, 8);
  const a3 = source + load<u32>(points, 12);
  while (panel < panelEnd) {
    const term = load<u32>(terms);
    const b0 = v128.load(panel);
    const b1 = v128.load(panel, 16);
    let a = v128.load32_splat(a0 + term);
    c00 = multiplyAdd(a, b0, c00); c01 = multiplyAdd(a, b1, c01);
    a = v128.load32_splat(a1 + term);
    c10 = multiplyAdd(a, b0, c10); c11 = multiplyAdd(a, b1, c11);
    a = v128.load32_splat(a2 + term);
    c20 = multiplyAdd(a, b0, c20); c21 = multiplyAdd(a, b1, c21);
    a = v128.load32_splat(a3 + term);
    c30 = multiplyAdd(a, b0, c30); c31 = multiplyAdd(a, b1, c31);
    terms += 4;
    panel += 32;
  }
  storeRow(target, c00, c01, columns);
  target = min(target + pixelBytes, last);
  storeRow(target, c10, c11, columns);
  target = min(target + pixelBytes, last);
  storeRow(target, c20, c21, columns);
  target = min(target + pixelBytes, last);
  storeRow(target, c30, c31, columns);
}

/** The same of picked tiles. */
function multiplyPicked(
  picked: usize, count: i32, panel: usize, panelEnd: usize, target: usize, pixelBytes: usize, columns: i32,
): void {
  const last = target + <usize>(count - 1) * pixelBytes;
  for (let point = 0; point < count; point += TILE_POINTS) {
    multiplyTile(picked, panel, panelEnd, target, pixelBytes, last, columns);
    picked += (panelEnd - panel) >> 1;
    target += pixelBytes << 2;
  }
}

/** The same of a picked tile. */
function multiplyTile(
  picked: usize, panel: usize, panelEnd: usize, target: usize, pixelBytes: usize, last: usize, columns: i32,
): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  while (panel < panelEnd) {
    const b0 = v128.load(panel);
    const b1 = v128.load(panel, 16);
    let a = v128.load32_splat(picked);
    c00 = multiplyAdd(a, b0, c00); c01 = multiplyAdd(a, b1, c01);
    a = v128.load32_splat(picked, 4);
    c10 = multiplyAdd(a, b0, c10); c11 = multiplyAdd(a, b1, c11);
    a = v128.load32_splat(picked, 8);
    c20 = multiplyAdd(a, b0, c20); c21 = multiplyAdd(a, b1, c21);
    a = v128.load32_splat(picked, 12);
    c30 = multiplyAdd(a, b0, c30); c31 = multiplyAdd(a, b1, c31);
    picked += 16;
    panel += 32;
  }
  storeRow(target, c00, c01, columns);
  target = min(target + pixelBytes, last);
  storeRow(target, c10, c11, columns);
  target = min(target + pixelBytes, last);
  storeRow(target, c20, c21, columns);
  target = min(target + pixelBytes, last);
  storeRow(target, c30, c31, columns);
}
