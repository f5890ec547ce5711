/**
 * Depthwise convolution: every channel is a group of its own, so lanes are channels and nothing is summed across them. The walk,
 * its units and tables are those of `windows.ts`; runs are single taps, a panel holds 8 channels: 8 biases, then [tap][8].
 */
import { int, ptr } from './arguments';
import { multiplyAdd, OUTER_BYTES, packBias, panelBytes, POINTS_BYTES, storeColumns, TILE_COLUMNS } from './gemm';
import {
  AFTER_WALK, ceilDivide, fillLines, fillPoints, fillRuns, finishUnit, lineLength, lineStep, runCount, targetChannels, targetPixelBytes,
  unitCount, unitImages, unitPoints, unitRows, unitSource, unitTarget,
} from './windows';

/** Taps of one tile of the weight gradient. */
const TILE_TAPS = 4;

/**
 * Packs weights [channels, kernelHeight, kernelWidth] and biases: the taps that a walk visits from (firstRow, firstColumn) on, whose
 * steps may be negative. A task packs some panels.
 */
export function packDepthwiseWeights(args: usize, task: i32): void {
  const weights = ptr(args, 0);
  const bias = ptr(args, 1);
  const panels = ptr(args, 2);
  const channels = int(args, 3);
  const kernelHeight = int(args, 4);
  const kernelWidth = int(args, 5);
  const tapRows = int(args, 6);
  const tapColumns = int(args, 7);
  const firstRow = int(args, 8);
  const firstColumn = int(args, 9);
  const rowStep = int(args, 10);
  const columnStep = int(args, 11);
  const panelsPerTask = int(args, 12);
  const taps = kernelHeight * kernelWidth;
  const end = min(ceilDivide(channels, TILE_COLUMNS), (task + 1) * panelsPerTask);
  for (let index = task * panelsPerTask; index < end; index++) {
    const first = index * TILE_COLUMNS;
    const count = min(TILE_COLUMNS, channels - first);
    let to = panels + <usize>index * panelBytes(tapRows * tapColumns);
    packBias(bias ? bias + (<usize>first << 2) : 0, count, to);
    to += 32;
    for (let row = 0; row < tapRows; row++) {
      for (let column = 0; column < tapColumns; column++) {
        const tap = (firstRow + row * rowStep) * kernelWidth + firstColumn + column * columnStep;
        for (let i = 0; i < TILE_COLUMNS; i++) {
          store<f32>(to, i < count ? load<f32>(weights + (<usize>((first + i) * taps + tap) << 2)) : 0);
          to += 4;
        }
      }
    }
  }
}

/** As `convolve`: a task takes some units and one share of the panels. */
export function convolveDepthwise(args: usize, task: i32): void {
  const panels = ptr(args, AFTER_WALK);
  const panelShares = int(args, AFTER_WALK + 2);
  const unitsPerTask = int(args, AFTER_WALK + 3);
  const runs = ptr(args, AFTER_WALK + 6) + <usize>int(args, AFTER_WALK + 7) * <usize>task;
  const points = runs + <usize>int(args, AFTER_WALK + 4);
  const space = runs + <usize>int(args, AFTER_WALK + 5);
  const channels = targetChannels(args);
  const panelCount = ceilDivide(channels, TILE_COLUMNS);
  const taps = runCount(args, true);
  const runsEnd = runs + (<usize>taps << 2);
  fillRuns(args, true, runs);

  const perShare = ceilDivide(panelCount, panelShares);
  const firstPanel = (task % panelShares) * perShare;
  const endPanel = min(panelCount, firstPanel + perShare);
  const firstUnit = (task / panelShares) * unitsPerTask;
  const endUnit = min(unitCount(args), firstUnit + unitsPerTask);
  let tiles = 0;
  let size = 0;
  for (let unit = firstUnit; unit < endUnit; unit++) {
    const images = unitImages(args, unit);
    const rows = unitRows(args, unit);
    if (unitPoints(args, images, rows) != size) {
      size = unitPoints(args, images, rows);
      tiles = fillPoints(args, images, rows, points);
    }
    const source = unitSource(args, unit, space);
    const target = unitTarget(args, unit);
    const pointsEnd = points + <usize>tiles * POINTS_BYTES;
    for (let index = firstPanel; index < endPanel; index++) {
      const offset = <usize>index << 5;
      const stored = min(TILE_COLUMNS, channels - index * TILE_COLUMNS);
      const panel = panels + <usize>index * panelBytes(taps);
      for (let tile = points; tile < pointsEnd; tile += POINTS_BYTES) {
        depthwiseTile(source + offset, target + offset, tile, runs, runsEnd, panel, stored);
      }
    }
    finishUnit(args, args + ((AFTER_WALK + 8) << 2), unit, size, firstPanel * TILE_COLUMNS, min(channels, endPanel * TILE_COLUMNS));
  }
}

/** 4 points x 8 channels. */
function depthwiseTile(source: usize, target: usize, points: usize, runs: usize, runsEnd: usize, panel: usize, stored: i32): void {
  let c00 = v128.load(panel), c01 = v128.load(panel, 16);
  let c10 = c00, c11 = c01, c20 = c00, c21 = c01, c30 = c00, c31 = c01;
  const a0 = source + load<u32>(points);
  const a1 = source + load<u32>(points, 4);
  const a2 = source + load<u32>(points, 8);
  const a3 = source + load<u32>(points, 12);
  for (; runs < runsEnd; runs += 4) {
    const tap = load<u32>(runs);
    panel += 32;
    const b0 = v128.load(panel);
    const b1 = v128.load(panel, 16);
    c00 = multiplyAdd(v128.load(a0 + tap), b0, c00); c01 = multiplyAdd(v128.load(a0 + tap, 16), b1, c01);
    c10 = multiplyAdd(v128.load(a1 + tap), b0, c10); c11 = multiplyAdd(v128.load(a1 + tap, 16), b1, c11);
    c20 = multiplyAdd(v128.load(a2 + tap), b0, c20); c21 = multiplyAdd(v128.load(a2 + tap, 16), b1, c21);
    c30 = multiplyAdd(v128.load(a3 + tap), b0, c30); c31 = multiplyAdd(v128.load(a3 + tap, 16), b1, c31);
  }
  storeColumns(target + load<u32>(points, 16), c00, c01, stored);
  storeColumns(target + load<u32>(points, 20), c10, c11, stored);
  storeColumns(target + load<u32>(points, 24), c20, c21, stored);
  storeColumns(target + load<u32>(points, 28), c30, c31, stored);
}

/**
 * Partial weight gradients: a task takes a chunk of units and a share of the panels, and writes its tiles [panel, ceil(taps / 4)]
 * of 4 taps x 8 channels. Its workspace is that of `multiplyWeightGradient`.
 */
export function multiplyDepthwiseGradient(args: usize, task: i32): void {
  const partials = ptr(args, AFTER_WALK);
  const shares = int(args, AFTER_WALK + 2);
  const unitsPerTask = int(args, AFTER_WALK + 3);
  const targetAt = <usize>int(args, AFTER_WALK + 5);
  const runs = ptr(args, AFTER_WALK + 7) + <usize>int(args, AFTER_WALK + 8) * <usize>task;
  const lines = runs + <usize>int(args, AFTER_WALK + 4);
  const space = runs + <usize>int(args, AFTER_WALK + 6);
  const panelCount = ceilDivide(targetChannels(args), TILE_COLUMNS);
  const pixelBytes = targetPixelBytes(args);
  const taps = runCount(args, true);
  const tapTiles = ceilDivide(taps, TILE_TAPS);
  fillRuns(args, true, runs);
  for (let tap = taps; tap < tapTiles * TILE_TAPS; tap++) store<u32>(runs + (<usize>tap << 2), 0);

  const chunk = task / shares;
  const perShare = ceilDivide(panelCount, shares);
  const first = (task % shares) * perShare;
  const end = min(panelCount, first + perShare);
  const firstUnit = chunk * unitsPerTask;
  const endUnit = min(unitCount(args), firstUnit + unitsPerTask);
  for (let unit = firstUnit; unit < endUnit; unit++) {
    const images = unitImages(args, unit);
    const rows = unitRows(args, unit);
    const linesEnd = lines + (<usize>fillLines(args, images, rows, lines) << 3);
    const lineBytes = <usize>lineLength(args, images, rows) * pixelBytes;
    const right = unitSource(args, unit, space);
    let left = unitTarget(args, unit);
    if (targetAt) {
      memory.copy(runs + targetAt, left, <usize>unitPoints(args, images, rows) * pixelBytes);
      left = runs + targetAt;
    }
    let tile = partials + <usize>((chunk * panelCount + first) * tapTiles) * OUTER_BYTES;
    for (let index = first; index < end; index++) {
      const offset = <usize>index << 5;
      for (let tap = 0; tap < tapTiles; tap++) {
        const tapRuns = runs + (<usize>tap << 4);
        depthwiseOuter(left + offset, right + offset, tapRuns, lines, linesEnd, lineBytes, pixelBytes, lineStep(args), tile, i32(unit > firstUnit));
        tile += OUTER_BYTES;
      }
    }
  }
}

/** 4 taps x 8 channels, summed over the lines' points. */
function depthwiseOuter(
  left: usize, right: usize, taps: usize, lines: usize, linesEnd: usize, lineBytes: usize,
  leftStep: usize, rightStep: usize, tile: usize, accumulate: i32,
): void {
  let c00: v128, c01: v128, c10: v128, c11: v128, c20: v128, c21: v128, c30: v128, c31: v128;
  if (accumulate) {
    c00 = v128.load(tile); c01 = v128.load(tile, 16);
    c10 = v128.load(tile, 32); c11 = v128.load(tile, 48);
    c20 = v128.load(tile, 64); c21 = v128.load(tile, 80);
    c30 = v128.load(tile, 96); c31 = v128.load(tile, 112);
  } else {
    c00 = c01 = c10 = c11 = c20 = c21 = c30 = c31 = f32x4.splat(0);
  }
  for (; lines < linesEnd; lines += 8) {
    let p = left + load<u32>(lines);
    const end = p + lineBytes;
    const line = right + load<u32>(lines, 4);
    let q0 = line + load<u32>(taps);
    let q1 = line + load<u32>(taps, 4);
    let q2 = line + load<u32>(taps, 8);
    let q3 = line + load<u32>(taps, 12);
    do {
      const a0 = v128.load(p);
      const a1 = v128.load(p, 16);
      c00 = multiplyAdd(a0, v128.load(q0), c00); c01 = multiplyAdd(a1, v128.load(q0, 16), c01);
      c10 = multiplyAdd(a0, v128.load(q1), c10); c11 = multiplyAdd(a1, v128.load(q1, 16), c11);
      c20 = multiplyAdd(a0, v128.load(q2), c20); c21 = multiplyAdd(a1, v128.load(q2, 16), c21);
      c30 = multiplyAdd(a0, v128.load(q3), c30); c31 = multiplyAdd(a1, v128.load(q3, 16), c31);
      p += leftStep;
      q0 += rightStep; q1 += rightStep; q2 += rightStep; q3 += rightStep;
    } while (p < end);
  }
  v128.store(tile, c00); v128.store(tile, c01, 16);
  v128.store(tile, c10, 32); v128.store(tile, c11, 48);
  v128.store(tile, c20, 64); v128.store(tile, c21, 80);
  v128.store(tile, c30, 96); v128.store(tile, c31, 112);
}

/** Adds the chunks' partial weight gradients in their order and writes [channels, taps]. A task takes some panels. */
export function sumDepthwiseGradient(args: usize, task: i32): void {
  const partials = ptr(args, 0);
  const weights = ptr(args, 1);
  const chunks = int(args, 2);
  const channels = int(args, 3);
  const taps = int(args, 4);
  const panelsPerTask = int(args, 5);
  const panelCount = ceilDivide(channels, TILE_COLUMNS);
  const panelTilesBytes = <usize>ceilDivide(taps, TILE_TAPS) * OUTER_BYTES;
  const chunkBytes = <usize>panelCount * panelTilesBytes;
  const end = min(channels, (task + 1) * panelsPerTask * TILE_COLUMNS);
  for (let channel = task * panelsPerTask * TILE_COLUMNS; channel < end; channel++) {
    const from = partials + <usize>(channel / TILE_COLUMNS) * panelTilesBytes + (<usize>(channel % TILE_COLUMNS) << 2);
    for (let tap = 0; tap < taps; tap++) {
      let sum: f32 = 0;
      for (let chunk = 0; chunk < chunks; chunk++) sum += load<f32>(from + <usize>chunk * chunkBytes + (<usize>tap << 5));
      store<f32>(weights + (<usize>(channel * taps + tap) << 2), sum);
    }
  }
}
