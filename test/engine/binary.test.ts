import { describe, expect, test } from 'vitest';
import type { Address, BinaryKernels, Conv2dGeometry, Surrogate } from '../../src/engine/kernels.js';
import { signRowBytes } from '../../src/engine/packed-signs.js';
import { binaryKernels as reference } from '../../src/engine/reference/binary.js';
import { ReferenceMemory } from '../../src/engine/reference/memory.js';
import { type BinaryWorks, binaryKernels } from '../../src/engine/wasm/binary.js';
import type { WasmContext } from '../../src/engine/wasm/context.js';
import { packBits } from '../../src/formats/packed/bits.js';
import { Rng } from '../../src/tensor/rng.js';
import { blank, blankIntegers, EXACT, expectKernel, normal, useBackends } from './harness.js';

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

/** All methods, wherever they suit the layer. */
const METHODS = ['byte-tables', 'nibble-tables', 'pixel-tables', 'popcount'] as const;
const KINDS = METHODS.map((method) => {
  const choose = (works: BinaryWorks) => (works.has(method) ? method : 'popcount');
  return [method, (wasm: WasmContext): BinaryKernels => binaryKernels(wasm, choose)] as const;
});

function rowsOf(g: Conv2dGeometry) {
  return { rows: g.batch * g.height * g.width * g.groups, channels: g.inChannels / g.groups };
}

function tensors(g: Conv2dGeometry) {
  const rng = new Rng(g.inChannels * 31 + g.outChannels);
  const { rows, channels } = rowsOf(g);
  return {
    x: values(rng, rows * channels),
    signs: blankIntegers(Math.ceil((rows * signRowBytes(channels)) / 4)),
    w: values(rng, (g.outChannels * g.kernelHeight * g.kernelWidth * g.inChannels) / g.groups),
    scale: normal(rng, g.outChannels),
    y: blank(g.batch * g.outHeight * g.outWidth * g.outChannels),
  };
}

type Addresses = Readonly<Record<keyof ReturnType<typeof tensors>, Address>>;

function convolve(kernels: BinaryKernels, g: Conv2dGeometry, at: Addresses, scale: Address): void {
  const { rows, channels } = rowsOf(g);
  kernels.packSigns(rows, channels, at.x, at.signs, null, 0);
  kernels.binaryConv2d(g, at.signs, at.w, scale, at.y);
}

function expectBinary(g: Conv2dGeometry): void {
  for (const [, fast] of KINDS) {
    expectKernel(backends, {
      reference,
      fast,
      tensors: tensors(g),
      results: ['signs', 'y'],
      bound: EXACT,
      call: (kernels, at) => convolve(kernels, g, at, 0),
    });
  }
}

describe('binaryConv2d equals the convolution of the signs, exactly', () => {
  for (const inChannels of [1, 3, 31, 33, 63, 64, 65, 70, 130, 256]) {
    test(`${inChannels} input channels`, () => expectBinary(geometry({ inChannels, outChannels: 13 })));
  }
  for (const outChannels of [1, 2, 3, 12, 16, 30, 47, 67]) {
    test(`${outChannels} output channels`, () => expectBinary(geometry({ outChannels, inChannels: 36 })));
  }
  for (const groups of [2, 3, 6]) {
    test(`${groups} groups`, () => expectBinary(geometry({ groups, inChannels: groups * 35, outChannels: groups * 15 })));
  }
  test('a group for each channel', () => expectBinary(geometry({ groups: 70, inChannels: 70, outChannels: 70 })));

  for (const kernel of [1, 2, 3, 5]) {
    for (const stride of [1, 2, 3]) {
      for (const padding of [0, 1, 2]) {
        for (const dilation of [1, 2]) {
          const g = geometry({ kernel, stride, padding, dilation, height: 11, width: 9, inChannels: 21, outChannels: 12 });
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
  for (const [kind, fast] of KINDS) {
    for (const groups of [1, 3]) {
      test(`${groups} groups, ${kind}`, () => {
        const g = geometry({ groups, inChannels: 66, outChannels: 63 });
        expectKernel(backends, {
          reference,
          fast,
          tensors: tensors(g),
          results: ['signs', 'y'],
          bound: { absolute: 0, relative: 1e-7 },
          call: (kernels, at) => convolve(kernels, g, at, at.scale),
        });
      });
    }
  }
});

/** The signs of the weights as a file has them. */
function bitsOf(g: Conv2dGeometry): Int32Array {
  const bits = packBits(tensors(g).w, g.inChannels / g.groups);
  const words = new Int32Array(Math.ceil(bits.length / 4));
  new Uint8Array(words.buffer).set(bits);
  return words;
}

describe('packedBinaryConv2d, with weights that stay, equals binaryConv2d', () => {
  for (const [kind, fast] of KINDS) {
    test.each([
      ['many channels', geometry({ inChannels: 70, outChannels: 67 })],
      ['few channels', geometry({ inChannels: 5, outChannels: 7 })],
      ['groups', geometry({ inChannels: 72, outChannels: 54, groups: 3, stride: 2 })],
    ])(`${kind}, %s`, (_name, g) => {
      const layoutInts = Math.ceil(g.outChannels * 9 * Math.ceil(g.inChannels / 8 + 8) * 12 + 4096);
      expectKernel(backends, {
        reference,
        fast,
        tensors: { ...tensors(g), bits: bitsOf(g), packed: new Int32Array(layoutInts) },
        results: ['signs', 'y'],
        scratch: ['packed'],
        bound: EXACT,
        call: (kernels, at) => {
          expect(kernels.packedWeightInts(g)).toBeLessThanOrEqual(layoutInts);
          const { rows, channels } = rowsOf(g);
          kernels.packSigns(rows, channels, at.x, at.signs, null, 0);
          kernels.packSignBits(g, at.bits, at.packed);
          kernels.packedBinaryConv2d(g, at.signs, at.packed, null, at.y);
        },
      });
    });
  }
});

describe('packedBinaryConv2d with a finish', () => {
  for (const [kind, fast] of KINDS) {
    test.each([
      ['an odd number of channels', geometry({ inChannels: 70, outChannels: 67, height: 9, width: 11 })],
      ['few channels', geometry({ inChannels: 5, outChannels: 7 })],
      ['groups', geometry({ batch: 2, inChannels: 72, outChannels: 54, groups: 3, stride: 2 })],
      ['many pixels', geometry({ batch: 2, height: 21, width: 19, inChannels: 40, outChannels: 32 })],
    ])(`${kind}, %s`, (_name, g) => {
      const rng = new Rng(5);
      const vector = () => normal(rng, g.outChannels);
      const { x, signs, y } = tensors(g);
      expectKernel(backends, {
        reference,
        fast,
        tensors: {
          ...{
            x,
            signs,
            bits: bitsOf(g),
            packed: new Int32Array(2 ** 18),
            scale: vector(),
            bias: vector(),
            positive: vector(),
            negative: vector(),
          },
          ...{ shortcut: normal(rng, y.length), y },
        },
        results: ['signs', 'y'],
        scratch: ['packed'],
        bound: { absolute: 1e-6, relative: 1e-6 },
        call: (kernels, at) => {
          const { rows, channels } = rowsOf(g);
          kernels.packSigns(rows, channels, at.x, at.signs, null, 0);
          kernels.packSignBits(g, at.bits, at.packed);
          kernels.packedBinaryConv2d(g, at.signs, at.packed, { ...at, activation: 'fprelu' }, at.y);
        },
      });
    });
  }
});

describe('packedBinarySigns makes the bits of integers by their thresholds', () => {
  for (const [kind, fast] of KINDS) {
    test.each([
      ['whole bytes', 1, geometry({ inChannels: 70, outChannels: 64, height: 9, width: 11 })],
      ['whole bytes, some of a block', 1, geometry({ batch: 2, inChannels: 40, outChannels: 88, height: 5, width: 4 })],
      ['many pixels', 1, geometry({ batch: 2, height: 21, width: 71, inChannels: 24, outChannels: 32 })],
      ['one pixel, many channels', 1, geometry({ height: 3, width: 3, padding: 0, inChannels: 130, outChannels: 264 })],
      ['groups before and behind', 2, geometry({ batch: 2, inChannels: 72, outChannels: 48, groups: 3, stride: 2 })],
      ['groups that bytes do not fill', 3, geometry({ inChannels: 72, outChannels: 54, groups: 3, stride: 2 })],
      ['groups behind that bytes do not fill', 4, geometry({ inChannels: 24, outChannels: 16, dilation: 2, padding: 2 })],
      ['groups before that bytes do not fill', 1, geometry({ inChannels: 24, outChannels: 24, groups: 2 })],
      ['an odd number of channels', 1, geometry({ batch: 3, inChannels: 70, outChannels: 67, height: 9, width: 11 })],
      ['few channels', 1, geometry({ inChannels: 5, outChannels: 7 })],
      ['one channel', 1, geometry({ inChannels: 5, outChannels: 1 })],
    ])(`${kind}, %s`, (_name, groups, g) => {
      const products = (g.kernelHeight * g.kernelWidth * g.inChannels) / g.groups;
      const rng = new Rng(g.outChannels);
      const ends = [-products, products + 1, products, 0, 1];
      const thresholds = Float32Array.from({ length: g.outChannels }, (_, c) =>
        c % 9 < 5 ? ends[c % 9]! : Math.round(rng.normal() * Math.sqrt(products)),
      );
      const { x, signs } = tensors(g);
      const bytes = g.batch * g.outHeight * g.outWidth * groups * signRowBytes(g.outChannels / groups);
      const size = g.batch * g.outHeight * g.outWidth * g.outChannels;
      const isWhole = (g.outChannels / groups) % 8 === 0 && (g.outChannels / g.groups) % 8 === 0;
      expectKernel(backends, {
        reference,
        fast,
        tensors: {
          ...{ x, signs, bits: bitsOf(g), packed: new Int32Array(2 ** 19), thresholds },
          ...{ made: blankIntegers(Math.ceil(bytes / 4)), sums: blank(isWhole ? 1 : size) },
        },
        results: ['signs', 'made'],
        scratch: ['packed', 'sums'],
        bound: EXACT,
        call: (kernels, at) => {
          expect(kernels.binarySumFloats(g, groups)).toBeLessThanOrEqual(isWhole ? 0 : size);
          expect(kernels.packedWeightInts(g)).toBeLessThanOrEqual(2 ** 19);
          const { rows, channels } = rowsOf(g);
          kernels.packSigns(rows, channels, at.x, at.signs, null, 0);
          kernels.packSignBits(g, at.bits, at.packed);
          kernels.packedBinarySigns(g, at.signs, at.packed, at.thresholds, groups, at.made, at.sums);
        },
      });
    });
  }
});

describe('signs and derivatives as bits', () => {
  /** The ends of the surrogates' ranges among values without a pattern. */
  const edges = [1, -1, 0, -0, 0.5, 1.5, -2, Number.NaN, Number.POSITIVE_INFINITY, 1 - 2 ** -24, 1 + 2 ** -23];
  const input = (elements: number) =>
    normal(new Rng(elements), elements).map((value, i) => (i % 5 === 2 ? edges[i % 11]! : value));

  for (const [rows, channels] of [
    [1, 1],
    [7, 3],
    [5, 8],
    [3, 13],
    [9, 16],
    [4, 37],
    [600, 64],
  ] as const) {
    const signInts = Math.ceil((rows * signRowBytes(channels)) / 4);
    const [, fast] = KINDS[0]!;

    for (const surrogate of [null, 'clip', 'quadratic'] satisfies (Surrogate | null)[]) {
      test(`packed, ${surrogate ?? 'signs alone'}, [${rows}, ${channels}]`, () => {
        const keptInts = surrogate === 'quadratic' ? Math.ceil((rows * channels) / 4) : signInts;
        expectKernel(backends, {
          reference,
          fast,
          // Zeros, because bytes that fill up the last integer belong to nobody.
          tensors: { x: input(rows * channels), signs: new Int32Array(signInts), kept: new Int32Array(keptInts) },
          results: ['signs', 'kept'],
          bound: EXACT,
          call: (kernels, at) => kernels.packSigns(rows, channels, at.x, at.signs, surrogate, surrogate ? at.kept : 0),
        });
      });
    }

    test(`unpacked, [${rows}, ${channels}]`, () => {
      expectKernel(backends, {
        reference,
        fast,
        tensors: {
          signs: Int32Array.from({ length: signInts }, (_, i) => Math.imul(i + 1, 0x9e3779b1)),
          x: blank(rows * channels),
        },
        results: ['x'],
        bound: EXACT,
        call: (kernels, at) => kernels.unpackSigns(rows, channels, at.signs, at.x),
      });
    });

    for (const surrogate of ['clip', 'quadratic'] as const) {
      test(`multiplied by, ${surrogate}, [${rows}, ${channels}]`, () => {
        const keptInts = surrogate === 'quadratic' ? Math.ceil((rows * channels) / 4) : signInts;
        expectKernel(backends, {
          reference,
          fast,
          tensors: {
            kept: Int32Array.from({ length: keptInts }, (_, i) => Math.imul(i + 1, 0x9e3779b1)),
            dx: normal(new Rng(rows), rows * channels),
          },
          results: ['dx'],
          bound: { absolute: 0, relative: 1e-6 },
          call: (kernels, at) => kernels.multiplyByKept(surrogate, rows, channels, at.kept, at.dx),
        });
      });
    }
  }
});

test('the reference counts agreeing minus differing signs', () => {
  const memory = new ReferenceMemory();
  const kernels = reference(memory);
  const g = geometry({ height: 1, width: 2, kernel: 1, padding: 0, inChannels: 3, outChannels: 2 });
  const x = memory.add(Float64Array.of(0.5, -2, -0, -1, -1, 0));
  const w = memory.add(Float64Array.of(1, 1, 1, -3, 0, -1e-30));
  const y = memory.add(new Float64Array(4));
  const signs = memory.add(new Int32Array(1));
  kernels.packSigns(2, 3, x, signs, null, 0);
  expect([...memory.ints(signs)]).toEqual([0b100_00000101]);
  kernels.binaryConv2d(g, signs, w, 0, y);
  expect([...memory.floats(y)]).toEqual([1, -3, -1, -1]);
});
