import { describe, expect, test } from 'vitest';
import type { DynamicGeometry } from '../../src/engine/kernels.js';
import { dynamicKernels as reference } from '../../src/engine/reference/dynamic.js';
import { ReferenceMemory } from '../../src/engine/reference/memory.js';
import type { WasmContext } from '../../src/engine/wasm/context.js';
import { dynamicKernels } from '../../src/engine/wasm/dynamic.js';
import { dynamicFilterFloats, hasFewTiles, paysDynamicWinograd } from '../../src/engine/wasm/dynamic-winograd.js';
import { inferenceKernels } from '../../src/engine/wasm/inference.js';
import { Rng } from '../../src/tensor/rng.js';
import { geometry, randomIndex } from './dynamic-cases.js';
import { blank, blankIntegers, EXACT, expectKernel, normal, useBackends } from './harness.js';

const backends = useBackends();
const fast = (wasm: WasmContext) => dynamicKernels(wasm, { winograd: false });
const fastByTiles = (wasm: WasmContext) => dynamicKernels(wasm, { winograd: true });

function operands(g: DynamicGeometry, missing: number) {
  const rng = new Rng(g.inChannels * 31 + g.outChannels * 7 + g.kernelHeight);
  const sizes = {
    x: g.batch * g.height * g.width * g.inChannels,
    w: g.outChannels * g.kernelHeight * g.kernelWidth * g.inChannels,
    gates: g.batch * g.heads * g.inChannels,
    y: g.batch * g.outHeight * g.outWidth * g.outChannels,
  };
  const inputs = {
    x: normal(rng, sizes.x),
    w: normal(rng, sizes.w),
    // A selector ends in a ReLU: gates of kept channels may be 0, and have a gradient there.
    gates: normal(rng, sizes.gates).map((value) => Math.max(0, value)),
    index: randomIndex(g, rng, missing),
  };
  return { rng, sizes, inputs };
}

function expectDynamic(g: DynamicGeometry, missing = 0): void {
  const { rng, sizes, inputs } = operands(g, missing);
  expectKernel(backends, {
    reference,
    fast,
    tensors: { ...inputs, y: blank(sizes.y) },
    results: ['y'],
    call: (kernels, at) => kernels.dynamicConv2d(g, at.x, at.w, at.gates, at.index, at.y),
  });
  const outputs = { dx: blank(sizes.x), dw: blank(sizes.w), dgates: blank(sizes.gates) };
  const tensors = { ...inputs, dy: normal(rng, sizes.y), ...outputs };
  expectKernel(backends, {
    reference,
    fast,
    tensors,
    results: ['dx', 'dw', 'dgates'],
    call: (kernels, at) => kernels.dynamicConv2dGradient(g, at.x, at.w, at.gates, at.index, at.dy, at.dx, at.dw, at.dgates),
  });
  expectKernel(backends, {
    reference,
    fast,
    tensors,
    results: ['dw', 'dgates'],
    call: (kernels, at) => kernels.dynamicConv2dGradient(g, at.x, at.w, at.gates, at.index, at.dy, 0, at.dw, at.dgates),
  });
}

describe('dynamicConv2d and its gradient', () => {
  for (const kernel of [1, 2, 3, 5]) {
    for (const stride of [1, 2, 3]) {
      for (const padding of [0, 1, 2]) {
        const g = geometry({ kernel, stride, padding, height: 9, width: 8 });
        test(`kernel ${kernel}, stride ${stride}, padding ${padding}`, () => expectDynamic(g));
      }
    }
  }
  test('dilation', () => expectDynamic(geometry({ kernel: 3, dilation: 2, padding: 2, height: 9 })));
  test('dilation and stride', () =>
    expectDynamic(geometry({ kernel: 3, dilation: 3, stride: 2, padding: 2, height: 11, width: 9 })));

  for (const outChannels of [1, 2, 4, 8, 9, 12, 16, 31]) {
    test(`${outChannels} output channels a head`, () => expectDynamic(geometry({ outChannels: outChannels * 3, kernel: 1 })));
    test(`${outChannels} output channels a head, 3x3`, () =>
      expectDynamic(geometry({ outChannels: outChannels * 3, kernel: 3, padding: 1 })));
  }
  for (const [inChannels, kept] of [
    [1, 1],
    [4, 4],
    [16, 4],
    [67, 17],
    [67, 66],
    [150, 3],
  ] as const) {
    test(`${kept} of ${inChannels} channels`, () => expectDynamic(geometry({ inChannels, kept })));
    test(`${kept} of ${inChannels} channels, 3x3`, () => expectDynamic(geometry({ inChannels, kept, kernel: 3, padding: 1 })));
  }
  for (const kernel of [1, 3])
    test(`kernel ${kernel}, terms of several panels and bands`, () =>
      expectDynamic(
        geometry({ kernel, height: 33, width: 29, inChannels: 80, kept: 60, outChannels: 60, batch: 1, padding: 1 }),
      ));
  for (const heads of [1, 2, 4, 12]) test(`${heads} heads`, () => expectDynamic(geometry({ heads })));

  for (const missing of [1, 4, 5]) {
    test(`${missing} places of index hold -1`, () => expectDynamic(geometry({}), missing));
    test(`${missing} places of index hold -1, 3x3`, () => expectDynamic(geometry({ kernel: 3, padding: 1 }), missing));
  }

  test('one pixel', () => expectDynamic(geometry({ height: 1, width: 1 })));
  test('images of several chunks and bands', () =>
    expectDynamic(geometry({ batch: 1, height: 33, width: 29, inChannels: 70, kept: 20 })));
  test('images of several bands, 3x3', () =>
    expectDynamic(geometry({ height: 40, width: 30, inChannels: 48, kept: 30, kernel: 3, padding: 1 })));
  test('more heads and taps than a command counts tasks', () =>
    expectDynamic(
      geometry({ batch: 1, height: 3, width: 2, inChannels: 2, kept: 1, outChannels: 500, heads: 500, kernel: 3, padding: 1 }),
    ));
  test('more images than tasks', () => expectDynamic(geometry({ batch: 37, height: 3, width: 5 })));
});

describe("dynamicConv2d by Winograd's algorithm", () => {
  function expectForm(changes: Parameters<typeof geometry>[0], few: boolean, missing = 0): void {
    const g = geometry({ kernel: 3, padding: 1, ...changes });
    expect(paysDynamicWinograd(g)).toBe(true);
    expect(hasFewTiles(g)).toBe(few);
    const { sizes, inputs } = operands(g, missing);
    expectKernel(backends, {
      reference,
      fast: fastByTiles,
      tensors: { ...inputs, y: blank(sizes.y) },
      results: ['y'],
      call: (kernels, at) => kernels.dynamicConv2d(g, at.x, at.w, at.gates, at.index, at.y),
    });
  }
  const many = { batch: 2, height: 24, width: 22, inChannels: 24, heads: 2, outChannels: 24, kept: 12 };
  const few = { batch: 2, height: 7, width: 8, inChannels: 40, heads: 2, outChannels: 64, kept: 20 };

  for (const [height, width] of [
    [24, 24],
    [23, 21],
    [30, 18],
    [61, 47],
  ] as const)
    test(`many tiles, ${height} x ${width} pixels`, () => expectForm({ ...many, height, width }, false));
  for (const [height, width] of [
    [7, 7],
    [8, 8],
    [8, 15],
    [14, 16],
    [6, 11],
  ] as const)
    test(`few tiles, ${height} x ${width} pixels`, () => expectForm({ ...few, height, width }, true));

  for (const padding of [0, 1, 2, 3]) {
    test(`many tiles, padding ${padding}`, () => expectForm({ ...many, padding }, false));
    test(`few tiles, padding ${padding}`, () =>
      expectForm({ ...few, height: 11 - 2 * padding, width: 10 - 2 * padding, padding }, true));
  }
  for (const headOut of [4, 7, 8, 9, 13, 16])
    test(`many tiles, ${headOut} output channels a head`, () => expectForm({ ...many, outChannels: headOut * 2 }, false));
  for (const headOut of [32, 33, 39, 44, 47])
    test(`few tiles, ${headOut} output channels a head`, () => expectForm({ ...few, outChannels: headOut * 2 }, true));
  for (const [inChannels, kept] of [
    [12, 12],
    [17, 16],
    [37, 17],
    [64, 31],
    [50, 33],
  ] as const) {
    test(`many tiles, ${kept} of ${inChannels} channels`, () => expectForm({ ...many, inChannels, kept }, false));
    test(`few tiles, ${kept} of ${inChannels} channels`, () => expectForm({ ...few, inChannels, kept }, true));
  }
  for (const heads of [1, 3, 6]) {
    test(`many tiles, ${heads} heads`, () => expectForm({ ...many, heads, outChannels: 8 * heads }, false));
    test(`few tiles, ${heads} heads`, () => expectForm({ ...few, heads, outChannels: 32 * heads }, true));
  }
  for (const missing of [1, 12]) test(`many tiles, ${missing} places of index hold -1`, () => expectForm(many, false, missing));
  for (const missing of [1, 5, 20]) test(`few tiles, ${missing} places of index hold -1`, () => expectForm(few, true, missing));
  test('many tiles, more images than go at once', () => expectForm({ ...many, batch: 19 }, false));
  test('few tiles, more images than go at once', () => expectForm({ ...few, batch: 19 }, true));
});

describe('packedDynamicConv2d, with weights that stay, equals dynamicConv2d', () => {
  const shapes = {
    '1x1': geometry({ outChannels: 33 }),
    '3x3, stride 2': geometry({ kernel: 3, padding: 1, stride: 2 }),
    'many tiles': geometry({ kernel: 3, padding: 1, height: 26, width: 25, kept: 9, outChannels: 30 }),
    'few tiles': geometry({ kernel: 3, padding: 1, height: 8, width: 8, inChannels: 30, kept: 20, outChannels: 99 }),
  };
  for (const [name, g] of Object.entries(shapes)) {
    test(name, () => {
      expect(paysDynamicWinograd(g)).toBe(name.endsWith('tiles'));
      const { sizes, inputs } = operands(g, 0);
      const floats = Math.max(dynamicFilterFloats(g), sizes.w + 8 * g.heads * g.inChannels * g.kernelHeight * g.kernelWidth);
      for (const kernelsOf of [fast, fastByTiles]) {
        expectKernel(backends, {
          reference,
          fast: kernelsOf,
          tensors: { ...inputs, packed: blank(floats), y: blank(sizes.y) },
          results: ['y'],
          scratch: ['packed'],
          call(kernels, at) {
            expect(kernels.packedDynamicWeightFloats(g)).toBeLessThanOrEqual(floats);
            expect(kernels.packedDynamicWeightFloats({ ...g, batch: 9 })).toBe(kernels.packedDynamicWeightFloats(g));
            kernels.packDynamicWeights({ ...g, batch: 1 }, at.w, at.packed);
            kernels.packedDynamicConv2d(g, at.x, at.packed, at.gates, at.index, null, at.y);
          },
        });
      }
    });
  }
});

describe('a finish changes no bit', () => {
  const shapes = {
    '1x1': geometry({ outChannels: 33 }),
    '1x1, several bands': geometry({ batch: 1, height: 40, width: 30, inChannels: 90, kept: 70, outChannels: 57 }),
    '3x3, stride 2': geometry({ kernel: 3, padding: 1, stride: 2, outChannels: 60 }),
    'many tiles': geometry({ kernel: 3, padding: 1, height: 26, width: 25, kept: 9, outChannels: 30 }),
    'few tiles': geometry({ kernel: 3, padding: 1, height: 8, width: 7, inChannels: 30, kept: 20, outChannels: 99 }),
    'many tiles, more images than go at once': geometry({
      kernel: 3,
      padding: 1,
      height: 26,
      width: 25,
      batch: 19,
      outChannels: 30,
    }),
  };
  for (const [name, g] of Object.entries(shapes)) {
    test(name, () => {
      const { rng, sizes, inputs } = operands(g, 1);
      const parts = normal(rng, 4 * g.outChannels);
      const shortcuts = normal(rng, sizes.y);
      for (const { wasm } of backends) {
        const kernels = { ...fastByTiles(wasm), ...inferenceKernels(wasm) };
        const put = (values: Float32Array | Int32Array) => {
          const address = wasm.allocator.allocate(values.byteLength, name, [values.length]);
          if (values instanceof Int32Array) wasm.ints(address, values.length).set(values);
          else wasm.floats(address, values.length).set(values);
          return address;
        };
        const [x, w, gates, index] = [put(inputs.x), put(inputs.w), put(inputs.gates), put(inputs.index)];
        const [scale, shortcut, y, joined] = [put(parts), put(shortcuts), put(blank(sizes.y)), put(blank(sizes.y))];
        const [bias, positive, negative] = [1, 2, 3].map((part) => scale + part * g.outChannels * 4) as [number, number, number];
        const packed = put(blank(kernels.packedDynamicWeightFloats(g)));
        kernels.packDynamicWeights(g, w, packed);
        for (const activation of ['none', 'relu', 'fprelu'] as const) {
          const finish = { scale, bias, shortcut, activation, positive, negative };
          kernels.packedDynamicConv2d(g, x, packed, gates, index, null, y);
          kernels.finish(g.batch * g.outHeight * g.outWidth, g.outChannels, finish, y, y);
          kernels.packedDynamicConv2d(g, x, packed, gates, index, finish, joined);
          expect(wasm.floats(joined, sizes.y)).toEqual(wasm.floats(y, sizes.y));
        }
        for (const address of [x, w, gates, index, scale, shortcut, y, joined, packed]) wasm.allocator.free(address);
      }
    });
  }
});

describe('what was not selected gets exactly 0', () => {
  for (const kernel of [1, 3]) {
    test(`kernel ${kernel}`, () => {
      const g = geometry({ kernel, padding: (kernel - 1) / 2, heads: 1, outChannels: 8 });
      const rng = new Rng(1);
      const index = randomIndex(g, rng, 2);
      for (const { wasm } of backends) {
        const put = (values: Float32Array | Int32Array) => {
          const address = wasm.allocator.allocate(values.byteLength, 'test', [values.length]);
          wasm.ints(address, values.length).set(new Int32Array(values.buffer));
          return address;
        };
        const [xSize, wSize] = [g.batch * g.height * g.width * g.inChannels, g.outChannels * kernel ** 2 * g.inChannels];
        const dy = put(normal(rng, g.batch * g.outHeight * g.outWidth * g.outChannels));
        const [dx, dw, dgates] = [put(blank(xSize)), put(blank(wSize)), put(blank(g.batch * g.inChannels))];
        const [x, w, gates] = [put(normal(rng, xSize)), put(normal(rng, wSize)), put(normal(rng, g.batch * g.inChannels))];
        fast(wasm).dynamicConv2dGradient(g, x, w, gates, put(index), dy, dx, dw, dgates);
        const kept = (image: number) => new Set(index.subarray(image * g.kept, (image + 1) * g.kept));
        const keptByAny = new Set(index);
        wasm.floats(dgates, g.batch * g.inChannels).forEach((value, i) => {
          if (!kept(Math.floor(i / g.inChannels)).has(i % g.inChannels)) expect(value).toBe(0);
          else expect(value).not.toBe(0);
        });
        wasm.floats(dx, xSize).forEach((value, i) => {
          const image = Math.floor(i / (g.height * g.width * g.inChannels));
          if (!kept(image).has(i % g.inChannels)) expect(value).toBe(0);
        });
        wasm.floats(dw, wSize).forEach((value, i) => {
          if (!keptByAny.has(i % g.inChannels)) expect(value).toBe(0);
        });
      }
    });
  }
});

describe('selectChannels', () => {
  function expectSelection(rows: number, channels: number, kept: number, saliency: Float32Array): void {
    for (const dropTies of [false, true]) {
      expectKernel(backends, {
        reference,
        fast,
        tensors: { saliency, index: blankIntegers(rows * kept) },
        results: ['index'],
        bound: EXACT,
        call: (kernels, at) => kernels.selectChannels(rows, channels, kept, dropTies, at.saliency, at.index),
      });
    }
  }
  const SIZES = [
    [1, 1],
    [2, 1],
    [3, 3],
    [16, 4],
    [17, 16],
    [67, 17],
    [300, 75],
    [701, 175],
  ] as const;
  for (const [channels, kept] of SIZES) {
    const rows = 19;
    const size = rows * channels;
    const random = () => normal(new Rng(channels), size);
    test(`${kept} of ${channels}`, () => expectSelection(rows, channels, kept, random()));
    test(`${kept} of ${channels}, behind a ReLU`, () =>
      expectSelection(
        rows,
        channels,
        kept,
        random().map((value) => Math.max(0, value)),
      ));
    test(`${kept} of ${channels}, many ties`, () =>
      expectSelection(
        rows,
        channels,
        kept,
        random().map((value) => Math.round(value * 2) / 2),
      ));
    test(`${kept} of ${channels}, all equal`, () => expectSelection(rows, channels, kept, random().fill(0.75)));
    test(`${kept} of ${channels}, zeros of both signs`, () =>
      expectSelection(
        rows,
        channels,
        kept,
        random().map((value) => (value > 0 ? 0 : -0)),
      ));
    test(`${kept} of ${channels}, ties between neighbouring floats`, () => {
      const neighbours = [1 - 2 ** -24, 1, 1 + 2 ** -23];
      expectSelection(
        rows,
        channels,
        kept,
        random().map((value) => neighbours[Math.floor(Math.abs(value) * 100) % 3]!),
      );
    });
    test(`${kept} of ${channels}, all NaN`, () => expectSelection(rows, channels, kept, random().fill(Number.NaN)));
    test(`${kept} of ${channels}, NaN, infinities and tiny numbers`, () => {
      const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-45, -1e-45, 3.4e38, -3.4e38];
      expectSelection(
        rows,
        channels,
        kept,
        random().map((value, i) => odd[i % 11] ?? value),
      );
    });
  }
  test('many rows', () => expectSelection(999, 40, 10, normal(new Rng(3), 999 * 40)));

  test('the reference: lowest index wins a tie, or ties go', () => {
    const memory = new ReferenceMemory();
    const select = (saliency: number[], kept: number, dropTies: boolean) => {
      const index = memory.add(new Int32Array(kept));
      reference(memory).selectChannels(1, saliency.length, kept, dropTies, memory.add(Float64Array.from(saliency)), index);
      return [...memory.ints(index)];
    };
    expect(select([1, 3, 2, 3, 2, 2], 3, false)).toEqual([1, 2, 3]);
    expect(select([1, 3, 2, 3, 2, 2], 3, true)).toEqual([1, 3, -1]);
    expect(select([1, 1, 1], 2, false)).toEqual([0, 1]);
    expect(select([1, 1, 1], 2, true)).toEqual([-1, -1]);
    expect(select([1, 1, 1], 3, true)).toEqual([0, 1, 2]);
    expect(select([Number.NaN, 1, 0], 2, false)).toEqual([1, 2]);
  });
});
