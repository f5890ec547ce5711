import { describe, expect, test } from 'vitest';
import { createEngine, createReferenceEngine, type Engine } from '../../src/engine/index.js';
import type { Conv2dGeometry } from '../../src/engine/kernels.js';
import { Rng } from '../../src/tensor/rng.js';
import { normal } from './harness.js';

/** Bounds that docs/numerics.md states, as shares of the result's root mean square. */
const TYPICAL = 4e-6;
const LARGEST = 4e-5;

function square(batch: number, side: number, channels: number): Conv2dGeometry {
  const sides = { height: side, width: side, outHeight: side, outWidth: side };
  const kernel = { kernelHeight: 3, kernelWidth: 3, stride: 1, padding: 1, dilation: 1, groups: 1 };
  return { batch, inChannels: channels, outChannels: channels, ...sides, ...kernel };
}

/** y, dx and dw of a convolution with random operands. */
function results(engine: Engine, g: Conv2dGeometry): Record<'y' | 'dx' | 'dw', ArrayLike<number>> {
  const rng = new Rng(3);
  const put = (values: Float32Array) => {
    const address = engine.allocate(values.length, 'float32', 'operand', [values.length]);
    engine.floats(address, values.length).set(values);
    return { address, read: () => engine.floats(address, values.length).slice() };
  };
  const pixels = g.batch * g.height * g.width;
  const x = put(normal(rng, pixels * g.inChannels));
  const w = put(normal(rng, g.outChannels * 9 * g.inChannels));
  const dy = put(normal(rng, pixels * g.outChannels));
  const [y, dx, dw] = [dy, x, w].map(({ read }) => put(new Float32Array(read().length)));
  engine.kernels.conv2d(g, x.address, w.address, 0, y!.address);
  engine.kernels.conv2dInputGradient(g, dy.address, w.address, dx!.address);
  engine.kernels.conv2dWeightGradient(g, x.address, dy.address, dw!.address);
  return { y: y!.read(), dx: dx!.read(), dw: dw!.read() };
}

function errors(found: ArrayLike<number>, exact: ArrayLike<number>): { typical: number; largest: number } {
  let squares = 0;
  let errorSquares = 0;
  let largest = 0;
  for (let i = 0; i < exact.length; i++) {
    const error = Math.abs(found[i]! - exact[i]!);
    squares += exact[i]! ** 2;
    errorSquares += error ** 2;
    largest = Math.max(largest, error);
  }
  const rms = Math.sqrt(squares / exact.length);
  return { typical: Math.sqrt(errorSquares / exact.length) / rms, largest: largest / rms };
}

describe.each([
  [2, 32, 16, ['y', 'dx', 'dw']],
  [8, 16, 32, ['y', 'dx', 'dw']],
  [32, 8, 64, ['y', 'dx', 'dw']],
  // Too few tiles for a weight gradient.
  [1, 14, 96, ['y', 'dx']],
] as const)('batch %i, %i pixels a side, %i channels', (batch, side, channels, names) => {
  const g = square(batch, side, channels);

  test('stays within the stated bounds, and the direct convolution comes nearer', async () => {
    const exact = results(createReferenceEngine(), g);
    const [fast, direct] = [await createEngine({ threads: 1 }), await createEngine({ threads: 1, convolution: 'direct' })];
    const [byTiles, bySums] = [results(fast, g), results(direct, g)];
    fast.dispose();
    direct.dispose();
    for (const name of names) {
      const error = errors(byTiles[name], exact[name]);
      expect(error.typical, name).toBeLessThan(TYPICAL);
      expect(error.largest, name).toBeLessThan(LARGEST);
      // Were they equal, the fast engine would not have used the algorithm.
      expect(errors(bySums[name], exact[name]).typical, name).toBeLessThan(error.typical);
    }
  });
});

test('7x7 of stride 2: stays within the stated bounds, and the direct convolution comes nearer', async () => {
  const sides = { height: 64, width: 64, outHeight: 32, outWidth: 32 };
  const kernel = { kernelHeight: 7, kernelWidth: 7, stride: 2, padding: 3, dilation: 1, groups: 1 };
  const g = { batch: 2, inChannels: 3, outChannels: 64, ...sides, ...kernel };
  const result = (engine: Engine) => {
    const rng = new Rng(9);
    const put = (values: Float32Array) => {
      const address = engine.allocate(values.length, 'float32', 'operand', [values.length]);
      engine.floats(address, values.length).set(values);
      return address;
    };
    const size = g.batch * g.outHeight * g.outWidth * g.outChannels;
    const x = put(normal(rng, g.batch * g.height * g.width * g.inChannels));
    const w = put(normal(rng, g.outChannels * 49 * g.inChannels));
    const y = put(new Float32Array(size));
    engine.kernels.conv2d(g, x, w, 0, y);
    return engine.floats(y, size).slice();
  };
  const exact = result(createReferenceEngine());
  const [fast, direct] = [await createEngine({ threads: 1 }), await createEngine({ threads: 1, convolution: 'direct' })];
  const [byTiles, bySums] = [errors(result(fast), exact), errors(result(direct), exact)];
  fast.dispose();
  direct.dispose();
  expect(byTiles.typical).toBeLessThan(TYPICAL);
  expect(byTiles.largest).toBeLessThan(LARGEST);
  expect(bySums.typical).toBeLessThan(byTiles.typical);
});

describe.each([
  [2, 40, 16, 8],
  [1, 28, 64, 29],
  [3, 14, 96, 48],
  [2, 7, 128, 58],
] as const)('dynamic: batch %i, %i pixels a side, %i channels, %i kept', (batch, side, channels, kept) => {
  const g = { ...square(batch, side, channels), heads: 2, kept };

  function result(engine: Engine): ArrayLike<number> {
    const rng = new Rng(5);
    const put = (values: Float32Array) => {
      const address = engine.allocate(values.length, 'float32', 'operand', [values.length]);
      engine.floats(address, values.length).set(values);
      return address;
    };
    const size = batch * side * side * channels;
    const [x, w] = [put(normal(rng, size)), put(normal(rng, channels * 9 * channels))];
    const gates = put(normal(rng, batch * g.heads * channels).map((value) => 1 + value / 4));
    const rows = batch * g.heads;
    const index = engine.allocate(rows * kept, 'int32', 'index', [rows, kept]);
    engine.kernels.selectChannels(rows, channels, kept, false, gates, index);
    const y = put(new Float32Array(size));
    engine.kernels.dynamicConv2d(g, x, w, gates, index, y);
    return engine.floats(y, size).slice();
  }

  test('stays within the stated bounds, and the direct convolution comes nearer', async () => {
    const exact = result(createReferenceEngine());
    const [fast, direct] = [await createEngine({ threads: 1 }), await createEngine({ threads: 1, convolution: 'direct' })];
    const [byTiles, bySums] = [errors(result(fast), exact), errors(result(direct), exact)];
    fast.dispose();
    direct.dispose();
    expect(byTiles.typical).toBeLessThan(TYPICAL);
    expect(byTiles.largest).toBeLessThan(LARGEST);
    expect(bySums.typical).toBeLessThan(byTiles.typical);
  });
});
