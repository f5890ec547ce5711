/**
 * How a convolution walks an image: a grid of points, each seeing the taps of its window in a source image, each belonging to
 * a point of a target image. A forward convolution, and each phase of an input gradient (`src/engine/wasm/convolution.ts`), is
 * such a walk from source to target; a weight gradient multiplies the two.
 *
 *     tap (i, j) of grid point (p, q):  source[p * step - top + i * tapRowStep, q * step - left + j * tapColumnStep], zero outside
 *     grid point (p, q):                target[p * targetStep + targetRow, q * targetStep + targetColumn]
 *
 * The work is cut into units: some whole images, or some rows of one image's grid. Where windows reach over the border, a
 * unit's part of the source is first copied, zeros around it, so that the micro-kernels never ask where a border is.
 */
import { int, ptr } from './arguments';
import { finishBlock } from './finish-rows';

// Indices of a walk's arguments; what a kernel needs besides starts at AFTER_WALK.
const SOURCE = 0;
const SOURCE_HEIGHT = 1;
const SOURCE_WIDTH = 2;
const SOURCE_CHANNELS = 3;
const TOP = 4;
const LEFT = 5;
const STEP = 6;
const TAP_ROWS = 7;
const TAP_COLUMNS = 8;
const TAP_ROW_STEP = 9;
const TAP_COLUMN_STEP = 10;
const BATCH = 11;
const GRID_HEIGHT = 12;
const GRID_WIDTH = 13;
const TARGET = 14;
const TARGET_HEIGHT = 15;
const TARGET_WIDTH = 16;
const TARGET_CHANNELS = 17;
const TARGET_STEP = 18;
const TARGET_ROW = 19;
const TARGET_COLUMN = 20;
const UNIT_IMAGES = 21;
const UNIT_ROWS = 22;
const COPIES = 23;
export const AFTER_WALK: i32 = 24;

/** Units of the whole walk. */
export function unitCount(args: usize): i32 {
  return ceilDivide(int(args, BATCH), int(args, UNIT_IMAGES)) * bandCount(args);
}

/** Images of a unit: `UNIT_IMAGES`, but in the last of them. */
export function unitImages(args: usize, unit: i32): i32 {
  const images = int(args, UNIT_IMAGES);
  return min(images, int(args, BATCH) - (unit / bandCount(args)) * images);
}

/** Grid rows of a unit: `UNIT_ROWS`, but in the last of an image. */
export function unitRows(args: usize, unit: i32): i32 {
  const rows = int(args, UNIT_ROWS);
  return min(rows, int(args, GRID_HEIGHT) - (unit % bandCount(args)) * rows);
}

/** Where the unit's first grid point lies in the target. */
export function unitTarget(args: usize, unit: i32): usize {
  return ptr(args, TARGET) + <usize>unitPixel(args, unit) * targetPixelBytes(args);
}

/** The same as an index of the target's pixels. */
export function unitPixel(args: usize, unit: i32): i32 {
  const bands = bandCount(args);
  const image = (unit / bands) * int(args, UNIT_IMAGES);
  const row = (unit % bands) * int(args, UNIT_ROWS) * int(args, TARGET_STEP) + int(args, TARGET_ROW);
  return (image * int(args, TARGET_HEIGHT) + row) * int(args, TARGET_WIDTH) + int(args, TARGET_COLUMN);
}

/** Finishes a unit of `points` points that lie side by side in the target, in the channels [first, end). */
export function finishUnit(args: usize, finish: usize, unit: i32, points: i32, first: i32, end: i32): void {
  const pixel = unitPixel(args, unit);
  const target = ptr(args, TARGET);
  finishBlock(finish, target, target, targetChannels(args), pixel, pixel + points, first, end);
}

/** Where the first tap of the unit's first grid point lies: in the source itself, or in `space`, to which this copies. */
export function unitSource(args: usize, unit: i32, space: usize): usize {
  const bands = bandCount(args);
  const image = (unit / bands) * int(args, UNIT_IMAGES);
  const firstRow = (unit % bands) * int(args, UNIT_ROWS) * int(args, STEP) - int(args, TOP);
  const pixelBytes = sourcePixelBytes(args);
  const height = int(args, SOURCE_HEIGHT);
  const width = int(args, SOURCE_WIDTH);
  const imageBytes = <usize>(height * width) * pixelBytes;
  let from = ptr(args, SOURCE) + <usize>image * imageBytes;
  if (!int(args, COPIES)) return from + <usize>(firstRow * width - int(args, LEFT)) * pixelBytes;
  const rows = windowRows(args, unitRows(args, unit));
  let to = space;
  for (let n = unitImages(args, unit); n > 0; n--) {
    copyWindow(from, height, width, pixelBytes, firstRow, -int(args, LEFT), rows, windowWidth(args), to);
    from += imageBytes;
    to += <usize>rows * windowPitch(args);
  }
  return space;
}

/**
 * Copies `rows` x `columns` pixels of an image from (firstRow, firstColumn) on, which may lie outside, where zeros are.
 */
export function copyWindow(
  image: usize, height: i32, width: i32, pixelBytes: usize, firstRow: i32, firstColumn: i32, rows: i32, columns: i32, to: usize,
): void {
  const before = min(columns, max(0, -firstColumn));
  const inside = max(0, min(columns - before, width - max(0, firstColumn)));
  const beforeBytes = <usize>before * pixelBytes;
  const insideBytes = <usize>inside * pixelBytes;
  const afterBytes = <usize>(columns - before - inside) * pixelBytes;
  for (let row = firstRow; row < firstRow + rows; row++) {
    if (row < 0 || row >= height) {
      memory.fill(to, 0, beforeBytes + insideBytes + afterBytes);
    } else {
      memory.fill(to, 0, beforeBytes);
      memory.copy(to + beforeBytes, image + <usize>(row * width + max(0, firstColumn)) * pixelBytes, insideBytes);
      memory.fill(to + beforeBytes + insideBytes, 0, afterBytes);
    }
    to += beforeBytes + insideBytes + afterBytes;
  }
}

/** Number of runs (`gemm.ts`) of a window. Taps side by side are one run unless `separate` (grouped channels lie apart). */
export function runCount(args: usize, separate: bool): i32 {
  return int(args, TAP_ROWS) * (separate || int(args, TAP_COLUMN_STEP) != 1 ? int(args, TAP_COLUMNS) : 1);
}

/** Taps in one run. */
export function runTaps(args: usize, separate: bool): i32 {
  return separate || int(args, TAP_COLUMN_STEP) != 1 ? 1 : int(args, TAP_COLUMNS);
}

/** Writes the table of runs. */
export function fillRuns(args: usize, separate: bool, runs: usize): void {
  const columns = int(args, TAP_COLUMNS) / runTaps(args, separate);
  const rowBytes = <usize>int(args, TAP_ROW_STEP) * sourcePitch(args);
  const columnBytes = <usize>int(args, TAP_COLUMN_STEP) * sourcePixelBytes(args);
  for (let row = 0; row < int(args, TAP_ROWS); row++) {
    for (let column = 0; column < columns; column++) {
      store<u32>(runs, <u32>(<usize>row * rowBytes + <usize>column * columnBytes));
      runs += 4;
    }
  }
}

/** Writes the table of points (`gemm.ts`) of a unit of `images` images and `rows` rows, and returns its number of tiles. */
export function fillPoints(args: usize, images: i32, rows: i32, points: usize): i32 {
  const width = int(args, GRID_WIDTH);
  const sourceStep = <usize>int(args, STEP) * sourcePixelBytes(args);
  const targetStep = <usize>int(args, TARGET_STEP) * targetPixelBytes(args);
  let count = 0;
  let sourceOffset: usize = 0;
  let targetOffset: usize = 0;
  for (let image = 0; image < images; image++) {
    for (let row = 0; row < rows; row++) {
      sourceOffset = <usize>image * sourceImageBytes(args, rows) + <usize>(row * int(args, STEP)) * sourcePitch(args);
      targetOffset =
        <usize>(image * int(args, TARGET_HEIGHT) + row * int(args, TARGET_STEP)) * <usize>int(args, TARGET_WIDTH) * targetPixelBytes(args);
      for (let column = 0; column < width; column++) {
        storePoint(points, count++, sourceOffset, targetOffset);
        sourceOffset += sourceStep;
        targetOffset += targetStep;
      }
    }
  }
  while (count & 3) storePoint(points, count++, sourceOffset - sourceStep, targetOffset - targetStep);
  return count >> 2;
}

@inline
function storePoint(points: usize, index: i32, sourceOffset: usize, targetOffset: usize): void {
  const at = points + (<usize>(index >> 2) << 5) + (<usize>(index & 3) << 2);
  store<u32>(at, <u32>sourceOffset);
  store<u32>(at, <u32>targetOffset, 16);
}

/**
 * Writes the table of lines (`gemm.ts`; left is the target, right the source) of a unit, and returns the number of lines.
 * Lines that follow one another without a gap on both sides are one: `lineLength`.
 */
export function fillLines(args: usize, images: i32, rows: i32, lines: usize): i32 {
  if (linesJoin(args)) {
    store<u64>(lines, 0);
    return 1;
  }
  const targetRowBytes = <usize>int(args, TARGET_WIDTH) * targetPixelBytes(args);
  for (let image = 0; image < images; image++) {
    for (let row = 0; row < rows; row++) {
      store<u32>(lines, <u32>(<usize>(image * int(args, TARGET_HEIGHT) + row) * targetRowBytes));
      store<u32>(
        lines,
        <u32>(<usize>image * sourceImageBytes(args, rows) + <usize>(row * int(args, STEP)) * sourcePitch(args)),
        4,
      );
      lines += 8;
    }
  }
  return images * rows;
}

export function lineLength(args: usize, images: i32, rows: i32): i32 {
  return linesJoin(args) ? images * rows * int(args, GRID_WIDTH) : int(args, GRID_WIDTH);
}

/** Bytes from a line's point to the next: in the source. */
export function lineStep(args: usize): usize {
  return <usize>int(args, STEP) * sourcePixelBytes(args);
}

/** The caller lays pointwise convolutions out as one image, so lines of one image need only follow each other. */
function linesJoin(args: usize): bool {
  return int(args, BATCH) == 1 && int(args, STEP) == 1 && sourcePitch(args) == <usize>int(args, GRID_WIDTH) * sourcePixelBytes(args);
}

export function unitPoints(args: usize, images: i32, rows: i32): i32 {
  return images * rows * int(args, GRID_WIDTH);
}

export function sourceChannels(args: usize): i32 {
  return int(args, SOURCE_CHANNELS);
}

export function targetChannels(args: usize): i32 {
  return int(args, TARGET_CHANNELS);
}

function bandCount(args: usize): i32 {
  return ceilDivide(int(args, GRID_HEIGHT), int(args, UNIT_ROWS));
}

function sourcePixelBytes(args: usize): usize {
  return <usize>int(args, SOURCE_CHANNELS) << 2;
}

export function targetPixelBytes(args: usize): usize {
  return <usize>int(args, TARGET_CHANNELS) << 2;
}

/** Source columns that a row of grid points sees. */
function windowWidth(args: usize): i32 {
  return (int(args, GRID_WIDTH) - 1) * int(args, STEP) + (int(args, TAP_COLUMNS) - 1) * int(args, TAP_COLUMN_STEP) + 1;
}

/** Source rows that `rows` rows of grid points see. */
function windowRows(args: usize, rows: i32): i32 {
  return (rows - 1) * int(args, STEP) + (int(args, TAP_ROWS) - 1) * int(args, TAP_ROW_STEP) + 1;
}

function windowPitch(args: usize): usize {
  return <usize>windowWidth(args) * sourcePixelBytes(args);
}

/** Bytes from a row to the next where the unit's source lies. */
function sourcePitch(args: usize): usize {
  return int(args, COPIES) ? windowPitch(args) : <usize>int(args, SOURCE_WIDTH) * sourcePixelBytes(args);
}

/** Bytes from an image to the next where the unit's source lies. */
function sourceImageBytes(args: usize, rows: i32): usize {
  return int(args, COPIES)
    ? <usize>windowRows(args, rows) * windowPitch(args)
    : <usize>(int(args, SOURCE_HEIGHT) * int(args, SOURCE_WIDTH)) * sourcePixelBytes(args);
}

@inline
export function ceilDivide(a: i32, b: i32): i32 {
  return (a + b - 1) / b;
}
