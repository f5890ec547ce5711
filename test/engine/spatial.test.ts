import { describe, test } from 'vitest';
import type { PoolGeometry } from '../../src/engine/kernels.js';
import { spatialKernels as reference } from '../../src/engine/reference/spatial.js';
import { spatialKernels as fast } from '../../src/engine/wasm/spatial.js';
import { Rng } from '../../src/tensor/rng.js';
import { blank, blankIntegers, EXACT, expectKernel, normal, useBackends } from './harness.js';

const backends = useBackends();
const rng = new Rng(17);
const BOUND = { absolute: 1e-6, relative: 1e-6 };
const CHANNELS = [1, 3, 4, 7, 16, 33];

const POOLS: PoolGeometry[] = [];
for (const [batch, height, width, kernel, stride, padding] of [
  [1, 1, 1, 1, 1, 0],
  [2, 8, 8, 2, 2, 0],
  [3, 9, 7, 3, 2, 1],
  [1, 5, 11, 3, 1, 1],
  [2, 7, 7, 2, 3, 0],
  [2, 12, 6, 5, 2, 2],
  [8, 32, 32, 3, 2, 1],
  [1, 6, 6, 4, 1, 0],
] as const) {
  const out = (size: number) => Math.floor((size + 2 * padding - kernel) / stride) + 1;
  for (const channels of CHANNELS) {
    POOLS.push({ batch, height, width, channels, outHeight: out(height), outWidth: out(width), kernel, stride, padding });
  }
}

const inputs = (g: PoolGeometry) => g.batch * g.height * g.width * g.channels;
const outputs = (g: PoolGeometry) => g.batch * g.outHeight * g.outWidth * g.channels;

/** Few different values: many ties. */
const coarse = (elements: number) => normal(rng, elements).map((value) => Math.round(value));

describe('maxPool', () => {
  test('the first of equals wins', () => {
    for (const g of POOLS) {
      expectKernel(backends, {
        reference,
        fast,
        tensors: { x: coarse(inputs(g)), y: blank(outputs(g)), argmax: blankIntegers(outputs(g)) },
        results: ['y', 'argmax'],
        bound: EXACT,
        call: (kernels, { x, y, argmax }) => kernels.maxPool(g, x, y, argmax),
      });
    }
  });

  test('infinities and NaN come through', () => {
    const g = POOLS.find(({ kernel, channels }) => kernel === 3 && channels === 7)!;
    const special = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NaN];
    const x = normal(rng, inputs(g)).map((value, i) => (i < 700 ? Number.NEGATIVE_INFINITY : (special[i % 19] ?? value)));
    expectKernel(backends, {
      reference,
      fast,
      tensors: { x, y: blank(outputs(g)), argmax: blankIntegers(outputs(g)) },
      results: ['y', 'argmax'],
      bound: EXACT,
      call: (kernels, at) => kernels.maxPool(g, at.x, at.y, at.argmax),
    });
  });

  test('gradient', () => {
    for (const g of POOLS) {
      expectKernel(backends, {
        reference,
        fast,
        tensors: {
          x: coarse(inputs(g)),
          y: blank(outputs(g)),
          argmax: blankIntegers(outputs(g)),
          dy: normal(rng, outputs(g)),
          dx: blank(inputs(g)),
        },
        results: ['y', 'argmax', 'dx'],
        bound: BOUND,
        call: (kernels, { x, y, argmax, dy, dx }) => {
          kernels.maxPool(g, x, y, argmax);
          kernels.maxPoolGradient(g, dy, argmax, dx);
        },
      });
    }
  });
});

test('averagePool and its gradient', () => {
  for (const g of POOLS) {
    expectKernel(backends, {
      reference,
      fast,
      tensors: { x: normal(rng, inputs(g)), y: blank(outputs(g)) },
      results: ['y'],
      bound: BOUND,
      call: (kernels, { x, y }) => kernels.averagePool(g, x, y),
    });
    expectKernel(backends, {
      reference,
      fast,
      tensors: { dy: normal(rng, outputs(g)), dx: blank(inputs(g)) },
      results: ['dx'],
      bound: BOUND,
      call: (kernels, { dy, dx }) => kernels.averagePoolGradient(g, dy, dx),
    });
  }
});

test('globalAveragePool and its gradient', () => {
  for (const [batch, pixels, channels] of [
    [1, 1, 1],
    [2, 64, 64],
    [5, 49, 3],
    [3, 1000, 17],
    [300, 9, 130],
    [1, 4096, 16],
  ] as const) {
    const n = batch * pixels * channels;
    expectKernel(backends, {
      reference,
      fast,
      tensors: { x: normal(rng, n), y: blank(batch * channels) },
      results: ['y'],
      bound: BOUND,
      call: (kernels, { x, y }) => kernels.globalAveragePool(batch, pixels, channels, x, y),
    });
    for (const adds of [false, true]) {
      expectKernel(backends, {
        reference,
        fast,
        tensors: { dy: normal(rng, batch * channels), dx: adds ? normal(rng, n) : blank(n) },
        results: ['dx'],
        bound: BOUND,
        call: (kernels, { dy, dx }) => kernels.globalAveragePoolGradient(batch, pixels, channels, adds, dy, dx),
      });
    }
  }
});

test('resizeBilinear and its gradient, larger, smaller and the same', () => {
  for (const [batch, height, width, outHeight, outWidth] of [
    [1, 1, 1, 1, 1],
    [1, 1, 1, 3, 4],
    [2, 4, 5, 8, 10],
    [2, 8, 10, 4, 5],
    [1, 7, 9, 16, 3],
    [3, 20, 20, 32, 32],
    [2, 20, 20, 8, 8],
    [1, 32, 32, 5, 7],
    [2, 6, 6, 6, 6],
    [1, 2, 3, 31, 64],
    [4, 64, 64, 32, 32],
  ] as const) {
    for (const channels of [1, 3, 8, 13]) {
      const g = { batch, height, width, channels, outHeight, outWidth };
      const small = batch * height * width * channels;
      const large = batch * outHeight * outWidth * channels;
      expectKernel(backends, {
        reference,
        fast,
        tensors: { x: normal(rng, small), y: blank(large) },
        results: ['y'],
        bound: BOUND,
        call: (kernels, { x, y }) => kernels.resizeBilinear(g, x, y),
      });
      expectKernel(backends, {
        reference,
        fast,
        tensors: { dy: normal(rng, large), dx: blank(small) },
        results: ['dx'],
        bound: { absolute: 1e-6, relative: 1e-5 },
        call: (kernels, { dy, dx }) => kernels.resizeBilinearGradient(g, dy, dx),
      });
    }
  }
});

test('channelMean, channelMax and their gradients', () => {
  for (const rows of [1, 5, 333, 4097]) {
    for (const channels of [1, 2, 3, 7, 8, 9, 16, 61, 384]) {
      const n = rows * channels;
      expectKernel(backends, {
        reference,
        fast,
        tensors: { x: normal(rng, n), y: blank(rows), dx: blank(n) },
        results: ['y', 'dx'],
        bound: BOUND,
        call: (kernels, { x, y, dx }) => {
          kernels.channelMean(rows, channels, x, y);
          kernels.channelMeanGradient(rows, channels, y, dx);
        },
      });
      const x = coarse(n).map((value, i) => (i % 1009 === 1008 ? Number.NaN : value));
      expectKernel(backends, {
        reference,
        fast,
        tensors: { x, y: blank(rows), argmax: blankIntegers(rows), dy: normal(rng, rows), dx: blank(n) },
        results: ['y', 'argmax', 'dx'],
        bound: EXACT,
        call: (kernels, at) => {
          kernels.channelMax(rows, channels, at.x, at.y, at.argmax);
          kernels.channelMaxGradient(rows, channels, at.dy, at.argmax, at.dx);
        },
      });
    }
  }
});
