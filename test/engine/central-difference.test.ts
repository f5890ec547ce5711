import { describe, expect, test } from 'vitest';
import { centralDifferenceKernels as reference } from '../../src/engine/reference/central-difference.js';
import { ReferenceMemory } from '../../src/engine/reference/memory.js';
import { centralDifferenceKernels as fast } from '../../src/engine/wasm/central-difference.js';
import { Rng } from '../../src/tensor/rng.js';
import { blank, expectKernel, normal, useBackends } from './harness.js';

const backends = useBackends();

const SHAPES = [
  { rows: 1, taps: 1, channels: 1 },
  { rows: 3, taps: 9, channels: 1 },
  { rows: 64, taps: 9, channels: 3 },
  { rows: 5, taps: 25, channels: 6 },
  { rows: 7, taps: 9, channels: 16 },
  { rows: 129, taps: 9, channels: 67 },
  { rows: 196, taps: 9, channels: 128 },
];

for (const { rows, taps, channels } of SHAPES) {
  describe(`[${rows}, ${taps}, ${channels}]`, () => {
    for (const theta of [0, 0.7, 1]) {
      test(`transform and gradient, theta ${theta}`, () => {
        const size = rows * taps * channels;
        const w = normal(new Rng(size), size);
        for (const kernel of ['centralDifference', 'centralDifferenceGradient'] as const) {
          expectKernel(backends, {
            reference,
            fast,
            tensors: { w, out: blank(size) },
            results: ['out'],
            call: (kernels, at) => kernels[kernel](rows, taps, channels, theta, at.w, at.out),
          });
        }
      });
    }
  });
}

describe('reference', () => {
  test('the centre tap gives up theta times the sum of all taps', () => {
    const memory = new ReferenceMemory();
    const w = memory.add(Float64Array.of(1, 10, 2, 20, 3, 30));
    const out = memory.add(new Float64Array(6));
    reference(memory).centralDifference(1, 3, 2, 0.5, w, out);
    expect([...memory.floats(out)]).toEqual([1, 10, 2 - 3, 20 - 30, 3, 30]);
  });

  test('the gradient is the transpose of the transform', () => {
    const rng = new Rng(1);
    const memory = new ReferenceMemory();
    const [w, dout] = [Float64Array.from(normal(rng, 90)), Float64Array.from(normal(rng, 90))];
    const [out, dw] = [new Float64Array(90), new Float64Array(90)];
    const [wAt, doutAt, outAt, dwAt] = [w, dout, out, dw].map((block) => memory.add(block));
    reference(memory).centralDifference(2, 9, 5, 0.3, wAt!, outAt!);
    reference(memory).centralDifferenceGradient(2, 9, 5, 0.3, doutAt!, dwAt!);
    const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
    expect(dot(out, dout)).toBeCloseTo(dot(w, dw), 10);
  });
});
