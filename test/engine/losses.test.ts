import { expect, test } from 'vitest';
import { lossKernels as reference } from '../../src/engine/reference/losses.js';
import { lossKernels as fast } from '../../src/engine/wasm/losses.js';
import { Rng } from '../../src/tensor/rng.js';
import { blank, blankIntegers, EXACT, expectKernel, normal, useBackends } from './harness.js';

const backends = useBackends();
const rng = new Rng(19);
const BOUND = { absolute: 1e-6, relative: 1e-6 };
const SIZES = [1, 2, 3, 4, 5, 9, 100, 16_385, 50_003, 1_200_001];

const labels = (rows: number, classes: number) => Int32Array.from({ length: rows }, () => rng.integer(classes));

test('crossEntropy and its gradient', () => {
  for (const [rows, classes] of [
    [1, 1],
    [1, 2],
    [64, 10],
    [7, 3],
    [33, 100],
    [300, 1000],
    [5000, 2],
  ] as const) {
    for (const smoothing of [0, 0.1]) {
      for (const spread of [1, 30]) {
        const g = { rows, classes, smoothing };
        const n = rows * classes;
        expectKernel(backends, {
          reference,
          fast,
          tensors: {
            logits: normal(rng, n).map((value) => 200 + spread * value),
            labels: labels(rows, classes),
            probabilities: blank(n),
            loss: blank(1),
            dloss: Float32Array.of(0.7),
            dlogits: blank(n),
          },
          results: ['probabilities', 'loss', 'dlogits'],
          bound: { absolute: 1e-7, relative: 3e-6 },
          call: (kernels, at) => {
            kernels.crossEntropy(g, at.logits, at.labels, at.probabilities, at.loss);
            kernels.crossEntropyGradient(g, at.probabilities, at.labels, at.dloss, at.dlogits);
          },
        });
      }
    }
  }
});

test('crossEntropy of extreme logits: excluded classes, overflow, NaN', () => {
  for (const [first, second] of [
    [Number.NEGATIVE_INFINITY, 1],
    [3e38, -3e38],
    [1e30, 1e30],
    [Number.NaN, 1],
    [Number.POSITIVE_INFINITY, 0],
  ] as const) {
    expectKernel(backends, {
      reference,
      fast,
      tensors: {
        logits: Float32Array.of(first, second, 0, 1, 2, first),
        labels: Int32Array.of(1, 2),
        probabilities: blank(6),
        loss: blank(1),
      },
      results: ['probabilities', 'loss'],
      bound: BOUND,
      call: (kernels, at) =>
        kernels.crossEntropy({ rows: 2, classes: 3, smoothing: 0 }, at.logits, at.labels, at.probabilities, at.loss),
    });
  }
});

test('meanSquaredError and its gradient, to one operand or both', () => {
  for (const n of SIZES) {
    for (const toBoth of [true, false]) {
      expectKernel(backends, {
        reference,
        fast,
        tensors: {
          a: normal(rng, n),
          b: normal(rng, n),
          loss: blank(1),
          dloss: Float32Array.of(-1.3),
          da: blank(n),
          db: blank(n),
        },
        results: toBoth ? ['loss', 'da', 'db'] : ['loss', 'da'],
        bound: { absolute: 0, relative: 1e-6 },
        call: (kernels, { a, b, loss, dloss, da, db }) => {
          kernels.meanSquaredError(n, a, b, loss);
          kernels.meanSquaredErrorGradient(n, a, b, dloss, da, toBoth ? db : 0);
        },
      });
    }
  }
});

test('depthContrast and its gradient', () => {
  for (const [batch, height, width] of [
    [1, 3, 3],
    [2, 4, 7],
    [3, 5, 12],
    [1, 3, 9],
    [20, 32, 32],
  ] as const) {
    const n = batch * height * width;
    const contrasts = batch * 8 * (height - 2) * (width - 2);
    expectKernel(backends, {
      reference,
      fast,
      tensors: { x: normal(rng, n), y: blank(contrasts), dy: normal(rng, contrasts), dx: blank(n) },
      results: ['y', 'dx'],
      bound: BOUND,
      call: (kernels, { x, y, dy, dx }) => {
        kernels.depthContrast(batch, height, width, x, y);
        kernels.depthContrastGradient(batch, height, width, dy, dx);
      },
    });
  }
});

test('sum and sumSquares', () => {
  for (const n of SIZES) {
    // A mean far from 0 makes the sum large beside its terms.
    expectKernel(backends, {
      reference,
      fast,
      tensors: { x: normal(rng, n).map((value) => 50 + value), sum: blank(1), squares: blank(1) },
      results: ['sum', 'squares'],
      bound: { absolute: 0, relative: 2e-7 },
      call: (kernels, { x, sum, squares }) => {
        kernels.sum(n, x, sum);
        kernels.sumSquares(n, x, squares);
      },
    });
  }
});

test('columnSums, rowMeanAbsolute and scaleRows', () => {
  for (const rows of [1, 2, 65, 800]) {
    for (const columns of [1, 3, 4, 15, 16, 17, 144, 1025]) {
      const n = rows * columns;
      expectKernel(backends, {
        reference,
        fast,
        tensors: { x: normal(rng, n), sums: blank(columns), means: blank(rows) },
        results: ['sums', 'means'],
        bound: { absolute: 1e-6, relative: 3e-6 },
        call: (kernels, { x, sums, means }) => {
          kernels.columnSums(rows, columns, x, sums);
          kernels.rowMeanAbsolute(rows, columns, x, means);
        },
      });
      for (const byRow of [true, false]) {
        expectKernel(backends, {
          reference,
          fast,
          tensors: { x: normal(rng, n), factor: normal(rng, byRow ? rows : columns), y: blank(n) },
          results: ['y'],
          bound: BOUND,
          call: (kernels, { x, factor, y }) => kernels.scaleRows(rows, columns, byRow, x, factor, y),
        });
      }
    }
  }
});

test('countNonFinite', () => {
  for (const n of SIZES) {
    const x = normal(rng, n);
    let expected = 0;
    for (let i = n - 1; i >= 0; i -= 1 + (i >> 3)) {
      x[i] = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY][i % 3]!;
      expected++;
    }
    expectKernel(backends, {
      reference,
      fast,
      tensors: { x },
      results: [],
      call: (kernels, at) => expect(kernels.countNonFinite(n, at.x)).toBe(expected),
    });
  }
});

test('argmaxRows: the first of equals', () => {
  for (const rows of [1, 7, 3000]) {
    for (const columns of [1, 2, 7, 8, 10, 13, 100]) {
      expectKernel(backends, {
        reference,
        fast,
        tensors: { x: normal(rng, rows * columns).map((value) => Math.round(2 * value)), places: blankIntegers(rows) },
        results: ['places'],
        bound: EXACT,
        call: (kernels, { x, places }) => kernels.argmaxRows(rows, columns, x, places),
      });
    }
  }
});
