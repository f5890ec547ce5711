import type { ImageSize, Raster } from './raster.js';

/*
 * Resampling by a triangle filter that widens when the image shrinks (bilinear with antialiasing, as in Pillow): each output
 * pixel is a weighted mean of the input pixels under a triangle of half-width max(1, scale) around its centre, first along the
 * rows, then along the columns.
 */

/** A part of an image, in pixels. */
export interface Window {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

export function wholeOf({ height, width }: Pick<Window, 'height' | 'width'>): Window {
  return { top: 0, left: 0, height, width };
}

/** Reusable memory of {@link resample}: it is called for every image. */
export class ResampleScratch {
  rows = new Float32Array(0);
  sums = new Float64Array(0);
  readonly x = new Taps();
  readonly y = new Taps();
}

/**
 * Resizes the first `channels` of an image's pixels to `size`, rounding to bytes.
 * @param window whole pixels: the image as far as this call sees it
 * @param part what fills the output, in the window, from pixels that need not be whole; pixels of the window around it count at its borders
 */
export function resample(
  { data, width, values }: Raster,
  channels: number,
  window: Window,
  to: Uint8Array,
  [outHeight, outWidth]: ImageSize,
  scratch: ResampleScratch,
  part: Window = wholeOf(window),
): void {
  const { x, y } = scratch;
  x.fit(window.width, outWidth, part.left, part.width);
  y.fit(window.height, outHeight, part.top, part.height);
  const rowValues = outWidth * channels;
  const firstRow = y.first[0]!;
  const endRow = y.first[outHeight - 1]! + y.count[outHeight - 1]!;
  const length = (endRow - firstRow) * rowValues;
  if (scratch.rows.length < length) scratch.rows = new Float32Array(length);
  const { rows } = scratch;
  const alongRows = channels === 3 ? threeAlongRow : anyAlongRow;
  for (let row = firstRow; row < endRow; row++) {
    const line = ((window.top + row) * width + window.left) * values;
    alongRows(data, line, values, channels, x, rows, (row - firstRow) * rowValues, outWidth);
  }
  // In doubles, as sums in registers are.
  if (scratch.sums.length < rowValues) scratch.sums = new Float64Array(rowValues);
  const sums = scratch.sums.subarray(0, rowValues);
  for (let row = 0; row < outHeight; row++) {
    sums.fill(0);
    for (let tap = 0; tap < y.count[row]!; tap++) {
      const weight = y.weights[row * y.width + tap]!;
      const from = (y.first[row]! - firstRow + tap) * rowValues;
      for (let i = 0; i < rowValues; i++) sums[i]! += weight * rows[from + i]!;
    }
    for (let i = 0; i < rowValues; i++) to[row * rowValues + i] = sums[i]! + 0.5;
  }
}

function anyAlongRow(
  data: Raster['data'],
  line: number,
  values: number,
  channels: number,
  taps: Taps,
  rows: Float32Array,
  out: number,
  outWidth: number,
): void {
  for (let column = 0; column < outWidth; column++) {
    const start = line + taps.first[column]! * values;
    const count = taps.count[column]!;
    const weights = column * taps.width;
    for (let channel = 0; channel < channels; channel++) {
      let sum = 0;
      for (let tap = 0; tap < count; tap++) sum += taps.weights[weights + tap]! * data[start + tap * values + channel]!;
      rows[out++] = sum;
    }
  }
}

/** The same for red, green and blue at once, twice as fast. */
function threeAlongRow(
  data: Raster['data'],
  line: number,
  values: number,
  _channels: number,
  taps: Taps,
  rows: Float32Array,
  out: number,
  outWidth: number,
): void {
  for (let column = 0; column < outWidth; column++) {
    let at = line + taps.first[column]! * values;
    const weights = column * taps.width;
    const end = weights + taps.count[column]!;
    let [red, green, blue] = [0, 0, 0];
    for (let tap = weights; tap < end; tap++, at += values) {
      const weight = taps.weights[tap]!;
      red += weight * data[at]!;
      green += weight * data[at + 1]!;
      blue += weight * data[at + 2]!;
    }
    rows[out] = red;
    rows[out + 1] = green;
    rows[out + 2] = blue;
    out += 3;
  }
}

/** For every output position, the input positions under its triangle and their weights, which add up to 1. */
export class Taps {
  first = new Int32Array(0);
  count = new Int32Array(0);
  weights = new Float32Array(0);
  /** Room for this many weights a position. */
  width = 0;

  /** The outputs lie evenly on `length` of the inputs from `start` on. */
  fit(input: number, output: number, start: number, length: number): void {
    const scale = length / output;
    const reach = Math.max(1, scale);
    this.width = Math.ceil(2 * reach) + 1;
    if (this.first.length < output) {
      this.first = new Int32Array(output);
      this.count = new Int32Array(output);
    }
    if (this.weights.length < output * this.width) this.weights = new Float32Array(output * this.width);
    for (let position = 0; position < output; position++) {
      const centre = start + (position + 0.5) * scale;
      const first = Math.max(0, Math.floor(centre - reach + 0.5));
      const end = Math.min(input, Math.floor(centre + reach + 0.5));
      let total = 0;
      for (let i = first; i < end; i++) total += Math.max(0, 1 - Math.abs((i + 0.5 - centre) / reach));
      for (let i = first; i < end; i++) {
        this.weights[position * this.width + i - first] = Math.max(0, 1 - Math.abs((i + 0.5 - centre) / reach)) / total;
      }
      this.first[position] = first;
      this.count[position] = end - first;
    }
  }
}
