import type { DynamicGeometry } from '../../src/engine/kernels.js';
import type { Rng } from '../../src/tensor/rng.js';
import { normal } from './harness.js';

const DEFAULTS = {
  batch: 2,
  height: 7,
  width: 6,
  inChannels: 13,
  outChannels: 24,
  heads: 3,
  kept: 5,
  kernel: 1,
  stride: 1,
  padding: 0,
  dilation: 1,
};

/** A geometry by what it has different from `DEFAULTS`. */
export function geometry(changes: Partial<typeof DEFAULTS>): DynamicGeometry {
  const { kernel, ...sizes } = { ...DEFAULTS, ...changes };
  const out = (length: number) => Math.floor((length + 2 * sizes.padding - sizes.dilation * (kernel - 1) - 1) / sizes.stride) + 1;
  const outSizes = { outHeight: out(sizes.height), outWidth: out(sizes.width) };
  return { ...sizes, ...outSizes, kernelHeight: kernel, kernelWidth: kernel, groups: 1 };
}

/** Kept channels of each image and head at random, in ascending order; `missing` of them are -1, at the end. */
export function randomIndex(g: DynamicGeometry, rng: Rng, missing: number): Int32Array {
  const index = new Int32Array(g.batch * g.heads * g.kept).fill(-1);
  for (let row = 0; row < g.batch * g.heads; row++) {
    const order = Array.from(normal(rng, g.inChannels), (value, c) => ({ value, c })).sort((a, b) => a.value - b.value);
    const channels = order.slice(0, Math.max(0, g.kept - missing)).map(({ c }) => c);
    index.set(
      channels.sort((a, b) => a - b),
      row * g.kept,
    );
  }
  return index;
}
