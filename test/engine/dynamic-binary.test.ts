import { describe, test } from 'vitest';
import type { DynamicGeometry } from '../../src/engine/kernels.js';
import { dynamicBinaryKernels as reference } from '../../src/engine/reference/dynamic-binary.js';
import { dynamicBinaryKernels as fast } from '../../src/engine/wasm/dynamic-binary.js';
import { Rng } from '../../src/tensor/rng.js';
import { geometry, randomIndex } from './dynamic-cases.js';
import { blank, EXACT, expectKernel, normal, useBackends } from './harness.js';

const backends = useBackends();

/** Levels are powers of two, or 0: then integers times the level are exact in any precision. */
function expectBinary(g: DynamicGeometry, missing = 0): void {
  const rng = new Rng(g.inChannels * 31 + g.outChannels * 7 + g.kernelHeight);
  const rows = g.batch * g.heads;
  const rowLevels = Array.from({ length: rows }, (_, row) => (row % 5 === 4 ? 0 : 2 ** ((row % 5) - 2)));
  expectKernel(backends, {
    reference,
    fast,
    tensors: {
      x: normal(rng, g.batch * g.height * g.width * g.inChannels),
      w: normal(rng, g.outChannels * g.kernelHeight * g.kernelWidth * g.inChannels),
      levels: Float32Array.from({ length: rows * g.inChannels }, (_, i) => rowLevels[Math.floor(i / g.inChannels)]!),
      index: randomIndex(g, rng, missing),
      y: blank(g.batch * g.outHeight * g.outWidth * g.outChannels),
    },
    results: ['y'],
    bound: EXACT,
    call: (kernels, at) => kernels.dynamicBinaryConv2d(g, at.x, at.w, at.levels, at.index, at.y),
  });
}

describe('dynamicBinaryConv2d makes the reference integers times the level', () => {
  for (const kernel of [1, 2, 3]) {
    for (const stride of [1, 2]) {
      for (const padding of [0, 1, 2]) {
        const g = geometry({ kernel, stride, padding, height: 9, width: 8 });
        test(`kernel ${kernel}, stride ${stride}, padding ${padding}`, () => expectBinary(g));
      }
    }
  }
  test('dilation and stride', () =>
    expectBinary(geometry({ kernel: 3, dilation: 3, stride: 2, padding: 2, height: 11, width: 9 })));
  test('windows that lie outside altogether', () => expectBinary(geometry({ kernel: 1, padding: 2, height: 3, width: 2 })));
  for (const outChannels of [1, 2, 3, 5, 8]) {
    test(`${outChannels} output channels a head`, () => expectBinary(geometry({ outChannels: outChannels * 3 })));
  }
  for (const [inChannels, kept] of [
    [1, 1],
    [63, 16],
    [64, 64],
    [65, 17],
    [200, 3],
  ] as const) {
    test(`${kept} of ${inChannels} channels`, () => expectBinary(geometry({ inChannels, kept, kernel: 3, padding: 1 })));
  }
  for (const missing of [1, 4, 5]) test(`${missing} places of index hold -1`, () => expectBinary(geometry({}), missing));
  test('images of several bands', () =>
    expectBinary(geometry({ height: 40, width: 33, inChannels: 130, kept: 30, kernel: 3, padding: 1 })));
  test('more images than tasks', () => expectBinary(geometry({ batch: 70, height: 3, width: 5 })));
});

describe('levelGates', () => {
  for (const missing of [0, 2, 5]) {
    test(`mean of the kept gates, ${missing} places of index hold -1`, () => {
      const g = geometry({ batch: 7 });
      const rng = new Rng(missing);
      const rows = g.batch * g.heads;
      const size = rows * g.inChannels;
      expectKernel(backends, {
        reference,
        fast,
        tensors: { gates: normal(rng, size), index: randomIndex(g, rng, missing), levels: blank(size) },
        results: ['levels'],
        call: (kernels, at) => kernels.levelGates(rows, g.inChannels, g.kept, at.gates, at.index, at.levels),
      });
    });
  }
});
