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
/** For what is done in the same pass: the plain batch norm goes over all. */
const SMALL_SHAPES = SHAPES.filter(([rows, channels]) => rows * channels < 20_000);
const EPSILON = 1e-5;
/** Sums over thousands of rows may cancel down to nothing, their rounding does not. */
const GRADIENT_BOUND = { absolute: 1e-5, relative: 5e-6 };

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

/** What follows a batch norm in the same pass. */
const FORMS = [
  { adds: false, relu: false },
  { adds: false, relu: true },
  { adds: true, relu: false },
  { adds: true, relu: true },
];

describe.each(FORMS)('batchNorm, shortcut: $adds, relu: $relu', ({ adds, relu }) => {
  test('over shapes', () => {
    for (const [rows, channels] of adds || relu ? SMALL_SHAPES : SHAPES) {
      for (const mean of [0, 100]) {
        const shortcut = normal(rng, rows * channels);
        expectKernel(backends, {
          reference,
          fast,
          tensors: { ...tensors(rows, channels, mean), shortcut, y: blank(rows * channels) },
          results: ['y'],
          bound: { absolute: 1e-6, relative: 1e-6 },
          call: (kernels, at) =>
            kernels.batchNorm(
              { rows, channels, epsilon: EPSILON, relu },
              at.x,
              at.mean,
              at.variance,
              at.weight,
              at.bias,
              adds ? at.shortcut : 0,
              at.y,
            ),
        });
      }
    }
  });
});

/** A shortcut without a ReLU changes nothing in the gradients of the norm. */
const GRADIENTS = FORMS.filter(({ adds, relu }) => relu || !adds).flatMap((form) =>
  [true, false].map((training) => ({ ...form, training })),
);

describe.each(GRADIENTS)('batchNormGradient, shortcut: $adds, relu: $relu, training: $training', ({ adds, relu, training }) => {
  test.each([false, true])('over shapes, added to what is there: %s', (present) => {
    for (const [rows, channels] of relu || present ? SMALL_SHAPES : SHAPES) {
      const masked = adds && relu;
      const n = rows * channels;
      const outputs = { dx: present ? normal(rng, n) : blank(n), dweight: blank(channels), dbias: blank(channels) };
      // Away from 0, where the last bit of x decides whether a value passed the ReLU: a jump that no bound allows for.
      const given = tensors(rows, channels, 2);
      if (relu && !adds) keepFromZero(given, channels);
      expectKernel(backends, {
        reference,
        fast,
        tensors: {
          ...given,
          y: normal(rng, n),
          dy: normal(rng, n),
          dz: blank(n),
          ...outputs,
        },
        results: masked ? ['dx', 'dz', 'dweight', 'dbias'] : ['dx', 'dweight', 'dbias'],
        bound: GRADIENT_BOUND,
        call: (kernels, at) =>
          kernels.batchNormGradient(
            { rows, channels, epsilon: EPSILON, relu, training, adds: present },
            at.x,
            at.mean,
            at.variance,
            at.weight,
            at.bias,
            masked ? at.y : 0,
            at.dy,
            masked ? at.dz : 0,
            at.dx,
            at.dweight,
            at.dbias,
          ),
      });
    }
  });

  test('in the place of dy', () => {
    const [rows, channels] = [777, 13];
    const masked = adds && relu;
    const given = tensors(rows, channels, 2);
    if (relu && !adds) keepFromZero(given, channels);
    expectKernel(backends, {
      reference,
      fast,
      tensors: {
        ...given,
        y: normal(rng, rows * channels),
        dy: normal(rng, rows * channels),
        dweight: blank(channels),
        dbias: blank(channels),
      },
      results: ['dy', 'dweight', 'dbias'],
      bound: GRADIENT_BOUND,
      call: (kernels, at) =>
        kernels.batchNormGradient(
          { rows, channels, epsilon: EPSILON, relu, training, adds: false },
          at.x,
          at.mean,
          at.variance,
          at.weight,
          at.bias,
          masked ? at.y : 0,
          at.dy,
          masked ? at.dy : 0,
          at.dy,
          at.dweight,
          at.dbias,
        ),
    });
  });
});

/** Moves each x whose normalised value is near 0 so far that it is not. */
function keepFromZero({ x, mean, variance, weight, bias }: ReturnType<typeof tensors>, channels: number): void {
  x.forEach((value, i) => {
    const c = i % channels;
    const scale = weight[c]! / Math.sqrt(variance[c]! + EPSILON);
    const output = (value - mean[c]!) * scale + bias[c]!;
    if (Math.abs(output) < 1e-4) x[i] = value + (output < 0 ? -1 : 1) * (1e-3 / scale);
  });
}
