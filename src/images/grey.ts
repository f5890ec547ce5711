import type { Raster } from './raster.js';

/** Luma (ITU-R BT.601) of red, green, blue, rounded: a byte a pixel. */
export function toGrey({ data, height, width, values }: Raster, to: Uint8Array): void {
  const pixels = height * width;
  for (let i = 0, from = 0; i < pixels; i++, from += values) {
    to[i] = Math.round(0.299 * data[from]! + 0.587 * data[from + 1]! + 0.114 * data[from + 2]!);
  }
}
