import type { Raster } from './raster.js';

/** For every channel, as many as `mean` has, what each of the 256 bytes v becomes: (v / 255 - mean) / std. */
export function normalizeTables(mean: readonly number[], std: readonly number[]): Float32Array {
  return Float32Array.from({ length: mean.length * 256 }, (_, i) => ((i & 255) / 255 - mean[i >> 8]!) / std[i >> 8]!);
}

/** Writes what `tables` make of the first `channels` of every pixel to `to`. */
export function normalize(
  from: Omit<Raster, 'width' | 'height'>,
  channels: number,
  tables: Float32Array,
  to: Float32Array,
): void {
  const { data, values } = from;
  if (channels === 3) {
    for (let i = 0, at = 0; i < to.length; i += 3, at += values) {
      to[i] = tables[data[at]!]!;
      to[i + 1] = tables[256 + data[at + 1]!]!;
      to[i + 2] = tables[512 + data[at + 2]!]!;
    }
    return;
  }
  for (let channel = 0; channel < channels; channel++) {
    for (let i = channel, at = channel; i < to.length; i += channels, at += values) to[i] = tables[channel * 256 + data[at]!]!;
  }
}
