import { describe, test } from 'vitest';
import type { BroadcastGeometry } from '../../src/engine/kernels.js';
import { elementKernels as reference } from '../../src/engine/reference/elements.js';
import { elementKernels as fast } from '../../src/engine/wasm/elements.js';
import { Rng } from '../../src/tensor/rng.js';
import { blank, EXACT, expectKernel, normal, useBackends } from './harness.js';

const backends = useBackends();
const rng = new Rng(7);
/** Around a vector, around a task (16384), and several tasks with a rest. */
const SIZES = [1, 2, 3, 4, 5, 31, 1000, 16384, 16385, 70_003];
const CHANNELS = [1, 2, 3, 5, 8, 13, 16, 17, 64, 130, 1023];
const ROWS = [1, 3, 64, 129, 700];
const TINY = { absolute: 1e-7, relative: 1e-6 };

/**
 * Normal values among which are all that an element kernel could get wrong. For exact comparisons only: a bound grows with
 * the root mean square, which these make infinite.
 */
function values(elements: number): Float32Array {
  const special = [0, -0, 1, -1, 0.5, -0.5, 3e38, -3e38, 1e-42, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
  return normal(rng, elements).map((value, i) => (i % 37 === 2 ? special[Math.floor(i / 37) % special.length]! : value));
}

test('copy, fill, affine, accumulate', () => {
  for (const n of SIZES) {
    const exact = { reference, fast, tensors: { x: values(n), y: blank(n) }, results: ['y'] as const, bound: EXACT };
    expectKernel(backends, { ...exact, call: (kernels, { x, y }) => kernels.copy(n, x, y) });
    expectKernel(backends, { ...exact, call: (kernels, { y }) => kernels.fill(n, 1.5, y) });
    const rounded = { ...exact, tensors: { x: normal(rng, n), y: normal(rng, n) }, bound: TINY };
    expectKernel(backends, { ...rounded, call: (kernels, { x, y }) => kernels.affine(n, -0.75, 3, x, y) });
    expectKernel(backends, { ...rounded, call: (kernels, { x, y }) => kernels.accumulate(n, 0.3, x, y) });
  }
});

test('affine in place', () => {
  const call = (kernels: ReturnType<typeof fast>, { x }: { x: number }) => kernels.affine(70_003, 2, 1, x, x);
  expectKernel(backends, { reference, fast, tensors: { x: normal(rng, 70_003) }, results: ['x'], call, bound: TINY });
});

for (const kind of ['relu', 'sigmoid', 'hardTanh'] as const) {
  test(`${kind} and its gradient`, () => {
    for (const n of SIZES) {
      const isExact = kind !== 'sigmoid';
      expectKernel(backends, {
        reference,
        fast,
        tensors: { x: isExact ? values(n) : normal(rng, n).map((value) => 5 * value), y: blank(n) },
        results: ['y'],
        bound: isExact ? EXACT : TINY,
        call: (kernels, at) => kernels.activation(kind, n, at.x, at.y),
      });
      expectKernel(backends, {
        reference,
        fast,
        tensors: { y: normal(rng, n).map((value, i) => [value, 0, 1, -1][i % 4]!), dy: normal(rng, n), dx: blank(n) },
        results: ['dx'],
        bound: TINY,
        call: (kernels, { y, dy, dx }) => kernels.activationGradient(kind, n, y, dy, dx),
      });
    }
  });
}

test('sigmoid is accurate to the last places, however small', () => {
  const n = 20_000;
  const x = Float32Array.from({ length: n }, (_, i) => -87 + (i / n) * 104);
  for (let start = 0; start < n; start += 500) {
    expectKernel(backends.slice(0, 1), {
      reference,
      fast,
      tensors: { x: x.slice(start, start + 500), y: blank(500) },
      results: ['y'],
      bound: { absolute: 0, relative: 3e-7 },
      call: (kernels, at) => kernels.activation('sigmoid', 500, at.x, at.y),
    });
  }
});

test('sigmoid where exp overflows, and of NaN', () => {
  expectKernel(backends, {
    reference,
    fast,
    tensors: {
      x: Float32Array.of(0, 120, -800, 3e38, -3e38, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN),
      y: blank(8),
    },
    results: ['y'],
    bound: EXACT,
    call: (kernels, { x, y }) => kernels.activation('sigmoid', 8, x, y),
  });
});

test('sign and its gradient', () => {
  for (const n of SIZES) {
    const x = values(n);
    expectKernel(backends, {
      reference,
      fast,
      tensors: { x, y: blank(n) },
      results: ['y'],
      bound: EXACT,
      call: (kernels, at) => kernels.sign(n, at.x, at.y),
    });
    for (const surrogate of ['clip', 'quadratic'] as const) {
      expectKernel(backends, {
        reference,
        fast,
        tensors: { x: normal(rng, n).map((value, i) => [value, 1, -1, 0][i % 4]!), dy: normal(rng, n), dx: blank(n) },
        results: ['dx'],
        bound: TINY,
        call: (kernels, at) => kernels.signGradient(surrogate, n, at.x, at.dy, at.dx),
      });
    }
  }
});

describe.each([true, false])('FPReLU with slopes above zero: %s', (withPositive) => {
  test('forward and gradient', () => {
    for (const channels of CHANNELS) {
      for (const rows of ROWS) {
        const n = rows * channels;
        const x = normal(rng, n).map((value, i) => (i % 5 === 0 ? 0 : value));
        const slopes = { positive: normal(rng, channels), negative: normal(rng, channels) };
        expectKernel(backends, {
          reference,
          fast,
          tensors: { x, ...slopes, y: blank(n) },
          results: ['y'],
          bound: TINY,
          call: (kernels, at) => kernels.fprelu(rows, channels, at.x, withPositive ? at.positive : 0, at.negative, at.y),
        });
        const gradients = { dy: normal(rng, n), dx: blank(n), dpositive: blank(channels), dnegative: blank(channels) };
        expectKernel(backends, {
          reference,
          fast,
          tensors: { x, ...slopes, ...gradients },
          results: withPositive ? ['dx', 'dpositive', 'dnegative'] : ['dx', 'dnegative'],
          bound: { absolute: 1e-6, relative: 2e-5 },
          call: (kernels, at) => {
            const [positive, dpositive] = withPositive ? [at.positive, at.dpositive] : [0, 0];
            kernels.fpreluGradient(rows, channels, at.x, positive, at.negative, at.dy, at.dx, dpositive, at.dnegative);
          },
        });
      }
    }
  });
});

const BROADCASTS: BroadcastGeometry[] = [];
for (const [batch, pixels, channels] of [
  [1, 1, 1],
  [2, 3, 5],
  [3, 64, 16],
  [5, 49, 3],
  [4, 130, 33],
  [2, 1, 1024],
  [1, 5000, 7],
  [7, 300, 1],
  [3, 2, 9001],
] as const) {
  for (let axes = 0; axes < 8; axes++) {
    const over = { overBatch: (axes & 1) !== 0, overPixels: (axes & 2) !== 0, overChannels: (axes & 4) !== 0 };
    BROADCASTS.push({ batch, pixels, channels, ...over });
  }
}

test('broadcast over every choice of axes', () => {
  for (const g of BROADCASTS) {
    const n = g.batch * g.pixels * g.channels;
    for (const operation of ['add', 'multiply'] as const) {
      expectKernel(backends, {
        reference,
        fast,
        tensors: { a: normal(rng, n), b: normal(rng, repeatedSize(g)), y: blank(n) },
        results: ['y'],
        bound: TINY,
        call: (kernels, { a, b, y }) => kernels.broadcast(operation, g, a, b, y),
      });
    }
  }
});

test('gradient of a broadcast operand', () => {
  for (const g of BROADCASTS) {
    const n = g.batch * g.pixels * g.channels;
    for (const ofProduct of [false, true]) {
      expectKernel(backends, {
        reference,
        fast,
        tensors: { dy: normal(rng, n), a: normal(rng, n), db: blank(repeatedSize(g)) },
        results: ['db'],
        bound: { absolute: 2e-6, relative: 2e-5 },
        call: (kernels, { dy, a, db }) => kernels.broadcastReduce(g, dy, ofProduct ? a : 0, db),
      });
    }
  }
});

test('copyColumns in and out of wider rows', () => {
  for (const [rows, count, fromWidth, fromStart, toWidth, toStart] of [
    [1, 1, 1, 0, 1, 0],
    [5, 3, 7, 2, 3, 0],
    [9, 4, 4, 0, 11, 7],
    [700, 48, 64, 16, 48, 0],
    [900, 17, 17, 0, 40, 23],
  ] as const) {
    expectKernel(backends, {
      reference,
      fast,
      tensors: { x: normal(rng, rows * fromWidth), y: normal(rng, rows * toWidth) },
      results: ['y'],
      bound: EXACT,
      call: (kernels, { x, y }) => kernels.copyColumns(rows, count, fromWidth, fromStart, toWidth, toStart, x, y),
    });
  }
});

test('shuffleChannels', () => {
  for (const [rows, channels, groups] of [
    [1, 1, 1],
    [3, 6, 3],
    [65, 64, 4],
    [400, 96, 2],
    [7, 35, 5],
    [33, 64, 64],
  ] as const) {
    expectKernel(backends, {
      reference,
      fast,
      tensors: { x: normal(rng, rows * channels), y: blank(rows * channels) },
      results: ['y'],
      bound: EXACT,
      call: (kernels, { x, y }) => kernels.shuffleChannels(rows, channels, groups, x, y),
    });
  }
});

test('pad shifts, fills with zeros and crops', () => {
  for (const [height, width, outHeight, outWidth, top, left] of [
    [1, 1, 1, 1, 0, 0],
    [5, 7, 9, 12, 2, 3],
    [5, 7, 3, 2, -1, -4],
    [6, 6, 6, 6, 3, -2],
    [32, 32, 40, 40, 4, 4],
    [3, 3, 4, 4, -5, 9],
  ] as const) {
    for (const channels of [1, 3, 4, 17]) {
      for (const batch of [1, 4]) {
        const g = { batch, height, width, channels, outHeight, outWidth };
        expectKernel(backends, {
          reference,
          fast,
          tensors: { x: normal(rng, batch * height * width * channels), y: blank(batch * outHeight * outWidth * channels) },
          results: ['y'],
          bound: EXACT,
          call: (kernels, { x, y }) => kernels.pad(g, top, left, x, y),
        });
      }
    }
  }
});

function repeatedSize(g: BroadcastGeometry): number {
  return (g.overBatch ? 1 : g.batch) * (g.overPixels ? 1 : g.pixels) * (g.overChannels ? 1 : g.channels);
}
