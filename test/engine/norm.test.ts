import { describe, test } from 'vitest';
import { normKernels as reference } from '../../src/engine/reference/norm.js';
import { normKernels as fast } from '../../src/engine/wasm/norm.js';
import { Rng } from '../../src/tensor/rng.js';
import { blank, expectKernel, normal, useBackends } from './harness.js';

const backends = useBackends();
const rng = new Rng(11);
const CHANNELS = [1, 2, 3, 5, 8, 12, 16, 31, 64, 130, 1023, 1024];
const ROWS = [1, 2, 7, 64, 1000, 3001];
const SHAPES = CHANNELS.flatMap((channels) => ROWS.map((rows) => [rows, channels] as const)).filter(
  ([rows, channels]) => rows * channels < 500_000,
);
const EPSILON = 1e-5;

/** Channels of their own mean and deviation. */
function data(rows: number, channels: number, mean: number, deviation: number): Float32Array {
  const offsets = normal(rng, channels).map((value) => mean * (1 + 0.3 * value));
  return normal(rng, rows * channels).map((value, i) => offsets[i % channels]! + deviation * value);
}

function expectStatistics(rows: number, channels: number, x: Float32Array, relative: number): void {
  expectKernel(backends, {
    reference,
    fast,
    tensors: { x, mean: blank(channels), variance: blank(channels) },
    results: ['mean', 'variance'],
    bound: { absolute: 1e-9, relative },
    call: (kernels, at) => kernels.batchNormStatistics(rows, channels, at.x, at.mean, at.variance),
  });
}

describe('batchNormStatistics', () => {
  test('over shapes', () => {
    for (const [rows, channels] of SHAPES) expectStatistics(rows, channels, data(rows, channels, 1, 2), 1e-6);
  });

  test('where the mean is far above the deviation', () => {
    for (const channels of [1, 3, 16, 64]) expectStatistics(4000, channels, data(4000, channels, 100, 1), 1e-6);
  });

  test('where the first rows are unlike the others', () => {
    const x = data(4000, 16, 100, 1).fill(0, 0, 16 * 40);
    expectStatistics(4000, 16, x, 1e-5);
  });

  test('of a constant is exact', () => {
    expectStatistics(3001, 13, new Float32Array(3001 * 13).fill(0.3), 0);
  });

  test('over many rows', () => {
    expectStatistics(200_003, 3, data(200_003, 3, 3, 0.5), 1e-6);
  });
});

function tensors(rows: number, channels: number, mean: number) {
  const x = data(rows, channels, mean, 1.5);
  const average = Float32Array.from({ length: channels }, (_, c) => {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += x[row * channels + c]!;
    return sum / rows;
  });
  return {
    x,
    mean: average,
    variance: normal(rng, channels).map((value) => 0.5 + value * value),
    weight: normal(rng, channels),
    bias: normal(rng, channels),
  };
}

test('batchNorm', () => {
  for (const [rows, channels] of SHAPES) {
    for (const mean of [0, 100]) {
      expectKernel(backends, {
        reference,
        fast,
        tensors: { ...tensors(rows, channels, mean), y: blank(rows * channels) },
        results: ['y'],
        bound: { absolute: 1e-6, relative: 1e-6 },
        call: (kernels, { x, mean, variance, weight, bias, y }) =>
          kernels.batchNorm(rows, channels, EPSILON, x, mean, variance, weight, bias, y),
      });
    }
  }
});

describe.each([true, false])('batchNormGradient, training: %s', (training) => {
  test('over shapes', () => {
    for (const [rows, channels] of SHAPES) {
      const outputs = { dx: blank(rows * channels), dweight: blank(channels), dbias: blank(channels) };
      expectKernel(backends, {
        reference,
        fast,
        tensors: { ...tensors(rows, channels, 2), dy: normal(rng, rows * channels), ...outputs },
        results: ['dx', 'dweight', 'dbias'],
        bound: { absolute: 1e-6, relative: 5e-6 },
        call: (kernels, { x, mean, variance, weight, dy, dx, dweight, dbias }) =>
          kernels.batchNormGradient(rows, channels, EPSILON, training, x, mean, variance, weight, dy, dx, dweight, dbias),
      });
    }
  });
});
