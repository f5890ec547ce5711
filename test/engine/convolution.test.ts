import { describe, expect, test } from 'vitest';
import type { Conv2dGeometry } from '../../src/engine/kernels.js';
import { convolutionKernels as referenceKernels } from '../../src/engine/reference/convolution.js';
import type { WasmContext } from '../../src/engine/wasm/context.js';
import { convolutionKernels } from '../../src/engine/wasm/convolution.js';
import { inferenceKernels } from '../../src/engine/wasm/inference.js';
import { paysStridedWinograd } from '../../src/engine/wasm/strided-winograd.js';
import { Rng } from '../../src/tensor/rng.js';
import { blank, expectKernel, normal, useBackends } from './harness.js';

interface Shape {
  readonly batch?: number;
  readonly height: number;
  readonly width: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernel: number | readonly [number, number];
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
  readonly groups?: number;
}

function geometry({ batch = 1, kernel, stride = 1, padding = 0, dilation = 1, groups = 1, ...shape }: Shape): Conv2dGeometry {
  const [kernelHeight, kernelWidth] = typeof kernel === 'number' ? [kernel, kernel] : kernel;
  const out = (size: number, taps: number) => Math.floor((size + 2 * padding - dilation * (taps - 1) - 1) / stride) + 1;
  const outHeight = out(shape.height, kernelHeight);
  const outWidth = out(shape.width, kernelWidth);
  return { ...shape, batch, outHeight, outWidth, kernelHeight, kernelWidth, stride, padding, dilation, groups };
}

const shapes: Record<string, Shape> = {
  'one number': { height: 1, width: 1, inChannels: 1, outChannels: 1, kernel: 1 },
  '3x3': { batch: 2, height: 7, width: 9, inChannels: 16, outChannels: 16, kernel: 3, padding: 1 },
  '3x3 of three channels': { batch: 2, height: 10, width: 6, inChannels: 3, outChannels: 13, kernel: 3, padding: 1 },
  '3x3, odd channels': { batch: 3, height: 5, width: 7, inChannels: 5, outChannels: 11, kernel: 3, padding: 1 },
  '3x3 without padding': { batch: 2, height: 6, width: 5, inChannels: 8, outChannels: 9, kernel: 3 },
  '3x3, more padding than taps': { height: 4, width: 5, inChannels: 4, outChannels: 3, kernel: 3, padding: 4 },
  '3x3, stride 2': { batch: 2, height: 9, width: 8, inChannels: 6, outChannels: 10, kernel: 3, padding: 1, stride: 2 },
  '3x3, stride 2, nothing reaches the last rows': { height: 8, width: 8, inChannels: 4, outChannels: 4, kernel: 3, stride: 2 },
  '3x3, stride 3, dilation 2': {
    height: 13,
    width: 11,
    inChannels: 3,
    outChannels: 4,
    kernel: 3,
    padding: 2,
    stride: 3,
    dilation: 2,
  },
  '3x3, stride 2, dilation 2': {
    height: 12,
    width: 11,
    inChannels: 4,
    outChannels: 5,
    kernel: 3,
    padding: 1,
    stride: 2,
    dilation: 2,
  },
  '3x3, dilation 2': { batch: 2, height: 9, width: 10, inChannels: 7, outChannels: 8, kernel: 3, padding: 2, dilation: 2 },
  '3x3 in groups': { batch: 2, height: 6, width: 7, inChannels: 12, outChannels: 9, kernel: 3, padding: 1, groups: 3 },
  '3x3 in groups, stride 2': { height: 7, width: 6, inChannels: 8, outChannels: 16, kernel: 3, padding: 1, groups: 4, stride: 2 },
  '3x3 in groups of 8 to 2': { batch: 3, height: 9, width: 8, inChannels: 32, outChannels: 8, kernel: 3, padding: 1, groups: 4 },
  '3x3 in groups of 2 to 7': { batch: 2, height: 5, width: 6, inChannels: 6, outChannels: 21, kernel: 3, padding: 1, groups: 3 },
  '3x3 in groups of 7 to 1': { batch: 2, height: 6, width: 5, inChannels: 14, outChannels: 2, kernel: 3, groups: 2 },
  '3x3 in groups, dilation 2': {
    ...{ batch: 2, height: 9, width: 7, inChannels: 8, outChannels: 6, kernel: 3 },
    ...{ padding: 2, dilation: 2, groups: 2 },
  },
  '3x3 in groups, padded less than it reaches': {
    ...{ height: 9, width: 7, inChannels: 8, outChannels: 4, kernel: 3 },
    ...{ padding: 1, dilation: 2, groups: 2 },
  },
  '3x3 in groups, padded further than it reaches': {
    ...{ height: 4, width: 5, inChannels: 8, outChannels: 4, kernel: 3 },
    ...{ padding: 3, groups: 2 },
  },
  '5x2 in groups': { batch: 2, height: 7, width: 6, inChannels: 10, outChannels: 6, kernel: [5, 2], padding: 1, groups: 2 },
  'one pixel in groups': { height: 1, width: 1, inChannels: 8, outChannels: 4, kernel: 3, padding: 1, groups: 2 },
  'one channel to three': { batch: 2, height: 6, width: 5, inChannels: 4, outChannels: 12, kernel: 3, padding: 1, groups: 4 },
  'groups in bands': { batch: 2, height: 61, width: 53, inChannels: 16, outChannels: 4, kernel: 3, padding: 1, groups: 2 },
  '1x1': { batch: 2, height: 5, width: 3, inChannels: 19, outChannels: 6, kernel: 1 },
  '1x1, stride 2': { batch: 2, height: 7, width: 6, inChannels: 16, outChannels: 20, kernel: 1, stride: 2 },
  '1x1, stride 3, padded': { height: 6, width: 7, inChannels: 5, outChannels: 4, kernel: 1, stride: 3, padding: 2 },
  '1x1 in groups': { batch: 2, height: 4, width: 4, inChannels: 10, outChannels: 6, kernel: 1, groups: 2 },
  'linear, one row': { height: 1, width: 1, inChannels: 65, outChannels: 10, kernel: 1 },
  'linear, many rows': { batch: 61, height: 1, width: 1, inChannels: 64, outChannels: 10, kernel: 1 },
  '5x5 over the whole image': { batch: 9, height: 5, width: 5, inChannels: 6, outChannels: 7, kernel: 5 },
  '7x7, stride 2': { batch: 2, height: 18, width: 15, inChannels: 3, outChannels: 8, kernel: 7, padding: 3, stride: 2 },
  '1x5': { height: 4, width: 9, inChannels: 3, outChannels: 4, kernel: [1, 5], padding: 2 },
  '5x2, stride 2': { height: 9, width: 8, inChannels: 3, outChannels: 4, kernel: [5, 2], padding: 1, stride: 2 },
  depthwise: { batch: 2, height: 7, width: 9, inChannels: 24, outChannels: 24, kernel: 3, padding: 1, groups: 24 },
  'depthwise, odd channels': { batch: 2, height: 6, width: 5, inChannels: 7, outChannels: 7, kernel: 3, padding: 1, groups: 7 },
  'depthwise, stride 2': { height: 9, width: 8, inChannels: 21, outChannels: 21, kernel: 3, padding: 1, stride: 2, groups: 21 },
  'depthwise, 5x5, dilation 2': {
    height: 9,
    width: 10,
    inChannels: 5,
    outChannels: 5,
    kernel: 5,
    padding: 4,
    dilation: 2,
    groups: 5,
  },
  'depthwise, stride 3, dilation 2': {
    ...{ height: 11, width: 8, inChannels: 6, outChannels: 6, kernel: 3 },
    ...{ padding: 3, stride: 3, dilation: 2, groups: 6 },
  },
  'depthwise, more padding than taps': { height: 3, width: 4, inChannels: 9, outChannels: 9, kernel: 3, padding: 5, groups: 9 },
  // Large enough for several tasks of several kinds.
  'many small images': { batch: 40, height: 4, width: 4, inChannels: 32, outChannels: 24, kernel: 3, padding: 1 },
  'images in bands': { height: 61, width: 53, inChannels: 24, outChannels: 8, kernel: 3, padding: 1 },
  'bands, stride 2': { batch: 2, height: 75, width: 70, inChannels: 20, outChannels: 8, kernel: 3, padding: 1, stride: 2 },
  'few points, many channels': { height: 4, width: 5, inChannels: 96, outChannels: 100, kernel: 3, padding: 1 },
  'large matrix': { batch: 150, height: 3, width: 3, inChannels: 52, outChannels: 33, kernel: 1 },
  'long rows': { batch: 1, height: 1, width: 1, inChannels: 3000, outChannels: 301, kernel: 1 },
  // Large enough for Winograd's algorithm (`paysWinograd`).
  '3x3 in tiles': { batch: 2, height: 48, width: 48, inChannels: 16, outChannels: 24, kernel: 3, padding: 1 },
  'tiles cut short': { batch: 3, height: 41, width: 38, inChannels: 18, outChannels: 13, kernel: 3, padding: 1 },
  'tiles without padding': { batch: 2, height: 43, width: 37, inChannels: 36, outChannels: 8, kernel: 3 },
  'tiles, padding 2': { batch: 1, height: 45, width: 50, inChannels: 7, outChannels: 20, kernel: 3, padding: 2 },
  'tiles, more padding than taps': { batch: 2, height: 40, width: 33, inChannels: 9, outChannels: 10, kernel: 3, padding: 4 },
  'tiles in groups': { batch: 2, height: 44, width: 40, inChannels: 36, outChannels: 30, kernel: 3, padding: 1, groups: 3 },
  'tiles of many small images': { batch: 150, height: 8, width: 7, inChannels: 20, outChannels: 33, kernel: 3, padding: 1 },
  // Few tiles against the channels: filters are transformed where they are used.
  'few tiles': { height: 11, width: 10, inChannels: 70, outChannels: 45, kernel: 3, padding: 1 },
  'few tiles, padding 2': { batch: 2, height: 9, width: 5, inChannels: 64, outChannels: 80, kernel: 3, padding: 2 },
  'few tiles in groups': { batch: 3, height: 8, width: 7, inChannels: 80, outChannels: 72, kernel: 3, padding: 1, groups: 2 },
  // Large enough to be folded (`paysStridedWinograd`).
  '7x7, stride 2, in tiles': {
    batch: 2,
    height: 56,
    width: 56,
    inChannels: 3,
    outChannels: 24,
    kernel: 7,
    padding: 3,
    stride: 2,
  },
  '7x7, stride 2, tiles cut short': {
    batch: 2,
    height: 51,
    width: 46,
    inChannels: 3,
    outChannels: 21,
    kernel: 7,
    padding: 3,
    stride: 2,
  },
  '7x7, stride 2, even padding': { height: 80, width: 83, inChannels: 2, outChannels: 16, kernel: 7, padding: 2, stride: 2 },
  '7x7, stride 2, no padding': { height: 55, width: 60, inChannels: 5, outChannels: 32, kernel: 7, stride: 2 },
  '7x7, stride 2, more padding than taps': {
    height: 40,
    width: 42,
    inChannels: 4,
    outChannels: 12,
    kernel: 7,
    padding: 9,
    stride: 2,
  },
  '8x8, stride 2': { height: 58, width: 49, inChannels: 6, outChannels: 16, kernel: 8, padding: 3, stride: 2 },
  'large depthwise': { batch: 3, height: 40, width: 41, inChannels: 70, outChannels: 70, kernel: 3, padding: 1, groups: 70 },
};

/** Enough for the weights in panels, or for transformed filters in them, of 3x3 or folded. */
function packedFloats(g: Conv2dGeometry): number {
  const panels = g.groups * Math.ceil(g.outChannels / g.groups / 8) * 8;
  const taps = g.kernelHeight * g.kernelWidth;
  const depth = g.inChannels / g.groups;
  const transformed = taps === 9 ? depth : g.stride === 2 && taps >= 49 ? 4 * depth : 0;
  return panels * Math.max(taps * depth + 1, 36 * Math.ceil(transformed / 16) * 16);
}

test('shapes that shall be folded are', () => {
  const folded = Object.keys(shapes).filter((name) => paysStridedWinograd(geometry(shapes[name]!)));
  expect(folded).toEqual([
    '7x7, stride 2, in tiles',
    '7x7, stride 2, tiles cut short',
    '7x7, stride 2, even padding',
    '7x7, stride 2, no padding',
    '7x7, stride 2, more padding than taps',
    '8x8, stride 2',
  ]);
});

const backends = useBackends();
const kernels = {
  reference: referenceKernels,
  fast: (wasm: WasmContext) => convolutionKernels(wasm, { winograd: true }),
};

describe.each(Object.entries(shapes))('%s', (_name, shape) => {
  const g = geometry(shape);
  const rng = new Rng(7);
  const x = normal(rng, g.batch * g.height * g.width * g.inChannels);
  const w = normal(rng, (g.outChannels * g.kernelHeight * g.kernelWidth * g.inChannels) / g.groups);
  const bias = normal(rng, g.outChannels);
  const dy = normal(rng, g.batch * g.outHeight * g.outWidth * g.outChannels);

  test('forward', () => {
    expectKernel(backends, {
      ...kernels,
      tensors: { x, w, y: blank(dy.length) },
      results: ['y'],
      call: (k, at) => k.conv2d(g, at.x, at.w, 0, at.y),
    });
  });

  test('forward with bias', () => {
    expectKernel(backends, {
      ...kernels,
      tensors: { x, w, bias, y: blank(dy.length) },
      results: ['y'],
      call: (k, at) => k.conv2d(g, at.x, at.w, at.bias, at.y),
    });
  });

  test('forward with weights that stay and a finish', () => {
    expectKernel(backends, {
      ...kernels,
      tensors: {
        x,
        w,
        bias,
        shortcut: dy,
        negative: bias,
        packed: new Float32Array(packedFloats(g)),
        y: blank(dy.length),
      },
      results: ['y'],
      scratch: ['packed'],
      call: (k, at) => {
        const finish = {
          scale: 0,
          bias: 0,
          shortcut: at.shortcut,
          activation: 'prelu',
          positive: 0,
          negative: at.negative,
        } as const;
        const image = { ...g, batch: 1 };
        const floats = k.packedFilterFloats(image);
        expect(floats).toBeLessThanOrEqual(packedFloats(g));
        const packed = floats === 0 ? 0 : at.packed;
        k.packFilters(image, at.w, at.bias, packed);
        k.packedConv2d(g, at.x, { w: at.w, bias: at.bias, packed }, finish, at.y);
      },
    });
  });

  test('input gradient', () => {
    expectKernel(backends, {
      ...kernels,
      tensors: { dy, w, dx: blank(x.length) },
      results: ['dx'],
      call: (k, at) => k.conv2dInputGradient(g, at.dy, at.w, at.dx),
    });
  });

  test('weight gradient', () => {
    expectKernel(backends, {
      ...kernels,
      tensors: { x, dy, dw: blank(w.length) },
      results: ['dw'],
      call: (k, at) => k.conv2dWeightGradient(g, at.x, at.dy, at.dw),
    });
  });
});

test('a window never mixes what lies outside into its sums', () => {
  const g = geometry({ batch: 2, height: 4, width: 4, inChannels: 3, outChannels: 5, kernel: 3, padding: 1, stride: 2 });
  const x = new Float32Array(g.batch * g.height * g.width * g.inChannels).fill(1);
  // The last row and column of each image are seen by the last windows alone.
  x[g.height * g.width * g.inChannels - 1] = Number.POSITIVE_INFINITY;
  const w = new Float32Array(g.outChannels * 9 * g.inChannels).fill(1);
  expectKernel(backends, {
    ...kernels,
    tensors: { x, w, y: blank(g.batch * g.outHeight * g.outWidth * g.outChannels) },
    results: ['y'],
    call: (k, at) => k.conv2d(g, at.x, at.w, 0, at.y),
  });
});

describe('packed weights and finishes change no bit', () => {
  test.each([
    '3x3',
    '3x3 in groups',
    '3x3 in groups of 8 to 2',
    'linear, one row',
    'depthwise',
    'tiles cut short',
    'few tiles in groups',
    '7x7, stride 2, tiles cut short',
  ])('%s', (name) => {
    const g = geometry(shapes[name]!);
    for (const { wasm } of backends) {
      const fast = { ...convolutionKernels(wasm, { winograd: true }), ...inferenceKernels(wasm) };
      const rng = new Rng(11);
      const put = (elements: number) => {
        const address = wasm.allocator.allocate(elements * 4, name, [elements]);
        wasm.floats(address, elements).set(normal(rng, elements));
        return address;
      };
      const outputs = g.batch * g.outHeight * g.outWidth * g.outChannels;
      const [x, w] = [
        put(g.batch * g.height * g.width * g.inChannels),
        put((g.outChannels * g.kernelHeight * g.kernelWidth * g.inChannels) / g.groups),
      ];
      const [scale, bias, positive, negative] = [put(g.outChannels), put(g.outChannels), put(g.outChannels), put(g.outChannels)];
      const [shortcut, y, packedY] = [put(outputs), put(outputs), put(outputs)];
      const finish = { scale, bias, shortcut, activation: 'fprelu', positive, negative } as const;
      const floats = fast.packedFilterFloats({ ...g, batch: 1 });
      const packed = floats === 0 ? 0 : put(floats);
      fast.conv2d(g, x, w, bias, y);
      fast.finish(g.batch * g.outHeight * g.outWidth, g.outChannels, finish, y, y);
      fast.packFilters({ ...g, batch: 1 }, w, bias, packed);
      fast.packedConv2d(g, x, { w, bias, packed }, finish, packedY);
      expect(wasm.floats(packedY, outputs)).toEqual(wasm.floats(y, outputs));
      for (const address of [x, w, scale, bias, positive, negative, shortcut, y, packedY, ...(packed ? [packed] : [])])
        wasm.allocator.free(address);
    }
  });
});
