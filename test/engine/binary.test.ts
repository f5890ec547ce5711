import { describe, expect, test } from 'vitest';
import type { Conv2dGeometry } from '../../src/engine/kernels.js';
import { binaryKernels as reference } from '../../src/engine/reference/binary.js';
import { ReferenceMemory } from '../../src/engine/reference/memory.js';
import { binaryKernels as fast } from '../../src/engine/wasm/binary.js';
import { Rng } from '../../src/tensor/rng.js';
import { blank, EXACT, expectKernel, normal, useBackends } from './harness.js';

const backends = useBackends();

const DEFAULTS = {
  batch: 1,
  height: 7,
  width: 6,
  inChannels: 64,
  outChannels: 8,
  kernel: 3,
  stride: 1,
  padding: 1,
  dilation: 1,
  groups: 1,
};

function geometry(changes: Partial<typeof DEFAULTS>): Conv2dGeometry {
  const { kernel, ...sizes } = { ...DEFAULTS, ...changes };
  const out = (length: number) => Math.floor((length + 2 * sizes.padding - sizes.dilation * (kernel - 1) - 1) / sizes.stride) + 1;
  return { ...sizes, kernelHeight: kernel, kernelWidth: kernel, outHeight: out(sizes.height), outWidth: out(sizes.width) };
}

/** Normal values with zeros of both signs among them, which count as +1. */
function values(rng: Rng, elements: number): Float32Array {
  return normal(rng, elements).map((value, i) => (i % 11 === 3 ? 0 : i % 13 === 5 ? -0 : value));
}

function tensors(g: Conv2dGeometry) {
  const rng = new Rng(g.inChannels * 31 + g.outChannels);
  return {
    x: values(rng, g.batch * g.height * g.width * g.inChannels),
    w: values(rng, (g.outChannels * g.kernelHeight * g.kernelWidth * g.inChannels) / g.groups),
    scale: normal(rng, g.outChannels),
    y: blank(g.batch * g.outHeight * g.outWidth * g.outChannels),
  };
}

function expectBinary(g: Conv2dGeometry): void {
  expectKernel(backends, {
    reference,
    fast,
    tensors: tensors(g),
    results: ['y'],
    bound: EXACT,
    call: (kernels, at) => kernels.binaryConv2d(g, at.x, at.w, 0, at.y),
  });
}

describe('binaryConv2d equals the convolution of the signs, exactly', () => {
  for (const inChannels of [1, 3, 31, 33, 63, 64, 65, 70, 130, 256]) {
    test(`${inChannels} input channels`, () => expectBinary(geometry({ inChannels, outChannels: 5 })));
  }
  for (const outChannels of [1, 2, 3, 16, 67]) {
    test(`${outChannels} output channels`, () => expectBinary(geometry({ outChannels, inChannels: 36 })));
  }
  for (const groups of [2, 3, 6]) {
    test(`${groups} groups`, () => expectBinary(geometry({ groups, inChannels: groups * 35, outChannels: groups * 5 })));
  }
  test('a group for each channel', () => expectBinary(geometry({ groups: 70, inChannels: 70, outChannels: 70 })));

  for (const kernel of [1, 2, 3, 5]) {
    for (const stride of [1, 2, 3]) {
      for (const padding of [0, 1, 2]) {
        for (const dilation of [1, 2]) {
          const g = geometry({ kernel, stride, padding, dilation, height: 11, width: 9, inChannels: 21, outChannels: 3 });
          test(`kernel ${kernel}, stride ${stride}, padding ${padding}, dilation ${dilation}`, () => expectBinary(g));
        }
      }
    }
  }
  test('padding wider than the kernel: pixels that see nothing are 0', () => expectBinary(geometry({ kernel: 1, padding: 2 })));
  test('one pixel', () => expectBinary(geometry({ height: 1, width: 1, kernel: 1, padding: 0 })));
  test('enough pixels for many tasks', () => expectBinary(geometry({ batch: 3, height: 33, width: 30, outChannels: 9 })));
  test('few pixels, many channels: the channels are shared out', () =>
    expectBinary(geometry({ height: 4, width: 3, inChannels: 128, outChannels: 131, groups: 1 })));
});

describe('binaryConv2d with scale', () => {
  for (const groups of [1, 3]) {
    test(`${groups} groups`, () => {
      const g = geometry({ groups, inChannels: 66, outChannels: 21 });
      expectKernel(backends, {
        reference,
        fast,
        tensors: tensors(g),
        results: ['y'],
        bound: { absolute: 0, relative: 1e-7 },
        call: (kernels, at) => kernels.binaryConv2d(g, at.x, at.w, at.scale, at.y),
      });
    });
  }
});

test('the reference counts agreeing minus differing signs', () => {
  const memory = new ReferenceMemory();
  const g = geometry({ height: 1, width: 2, kernel: 1, padding: 0, inChannels: 3, outChannels: 2 });
  const x = memory.add(Float64Array.of(0.5, -2, -0, -1, -1, 0));
  const w = memory.add(Float64Array.of(1, 1, 1, -3, 0, -1e-30));
  const y = memory.add(new Float64Array(4));
  reference(memory).binaryConv2d(g, x, w, 0, y);
  expect([...memory.floats(y)]).toEqual([1, -3, -1, -1]);
});
