/*
 * Resampling by a triangle filter that widens when the image shrinks (bilinear with antialiasing, as in Pillow): each output
 * pixel is a weighted mean of the input pixels under a triangle of half-width max(1, scale) around its centre, first along the
 * rows, then along the columns.
 */

/** A window of an image, in pixels. */
export interface Window {
  top: number;
  left: number;
  height: number;
  width: number;
}

/** Reusable memory of {@link resample}: it is called for every image. */
export class ResampleScratch {
  rows = new Float32Array(0);
  readonly x = new Taps();
  readonly y = new Taps();
}

/**
 * Resizes `window` of an image of width `stride` to outHeight x outWidth, rounding to bytes.
 */
export function resample(
  from: Uint8Array,
  stride: number,
  channels: number,
  window: Window,
  to: Uint8Array,
  outHeight: number,
  outWidth: number,
  scratch: ResampleScratch,
): void {
  const { x, y } = scratch;
  x.fit(window.width, outWidth);
  y.fit(window.height, outHeight);
  const rowValues = outWidth * channels;
  if (scratch.rows.length < window.height * rowValues) scratch.rows = new Float32Array(window.height * rowValues);
  const { rows } = scratch;
  for (let row = 0; row < window.height; row++) {
    const line = ((window.top + row) * stride + window.left) * channels;
    for (let column = 0; column < outWidth; column++) {
      const first = x.first[column]!;
      const count = x.count[column]!;
      const weights = column * x.width;
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0;
        for (let tap = 0; tap < count; tap++) sum += x.weights[weights + tap]! * from[line + (first + tap) * channels + channel]!;
        rows[row * rowValues + column * channels + channel] = sum;
      }
    }
  }
  for (let row = 0; row < outHeight; row++) {
    const first = y.first[row]!;
    const count = y.count[row]!;
    const weights = row * y.width;
    for (let i = 0; i < rowValues; i++) {
      let sum = 0;
      for (let tap = 0; tap < count; tap++) sum += y.weights[weights + tap]! * rows[(first + tap) * rowValues + i]!;
      to[row * rowValues + i] = sum + 0.5;
    }
  }
}

/** For every output position, the input positions under its triangle and their weights, which add up to 1. */
class Taps {
  first = new Int32Array(0);
  count = new Int32Array(0);
  weights = new Float32Array(0);
  /** Room for this many weights a position. */
  width = 0;

  fit(input: number, output: number): void {
    const scale = input / output;
    const reach = Math.max(1, scale);
    this.width = Math.ceil(2 * reach) + 1;
    if (this.first.length < output) {
      this.first = new Int32Array(output);
      this.count = new Int32Array(output);
    }
    if (this.weights.length < output * this.width) this.weights = new Float32Array(output * this.width);
    for (let position = 0; position < output; position++) {
      const centre = (position + 0.5) * scale;
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
