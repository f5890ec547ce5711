import { test } from 'vitest';
import { optimizerKernels as reference } from '../../src/engine/reference/optimizers.js';
import { optimizerKernels as fast } from '../../src/engine/wasm/optimizers.js';
import { Rng } from '../../src/tensor/rng.js';
import { blank, expectKernel, normal, useBackends } from './harness.js';

const backends = useBackends();
const rng = new Rng(13);
const SIZES = [1, 3, 4, 7, 64, 1001, 16_385, 50_002];
const BOUND = { absolute: 1e-7, relative: 1e-6 };
const STEPS = 4;

test('sgd: plain, with momentum, Nesterov; the first step forgets the velocity', () => {
  for (const n of SIZES) {
    for (const momentum of [0, 0.9]) {
      for (const nesterov of momentum === 0 ? [false] : [false, true]) {
        for (const weightDecay of [0, 5e-4]) {
          const options = { learningRate: 0.05, momentum, nesterov, weightDecay };
          expectKernel(backends, {
            reference,
            fast,
            tensors: { w: normal(rng, n), gradient: normal(rng, n), velocity: blank(n) },
            results: momentum === 0 ? ['w'] : ['w', 'velocity'],
            bound: BOUND,
            call: (kernels, { w, gradient, velocity }) => {
              for (let step = 1; step <= STEPS; step++) {
                kernels.sgd(n, { ...options, first: step === 1 }, w, gradient, momentum === 0 ? 0 : velocity);
              }
            },
          });
        }
      }
    }
  }
});

test('adam and adamW over several steps', () => {
  for (const n of SIZES) {
    for (const decoupled of [false, true]) {
      const options = { learningRate: 0.003, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, decoupled };
      expectKernel(backends, {
        reference,
        fast,
        tensors: { w: normal(rng, n), gradient: normal(rng, n), first: new Float32Array(n), second: new Float32Array(n) },
        results: ['w', 'first', 'second'],
        bound: BOUND,
        call: (kernels, { w, gradient, first, second }) => {
          for (let step = 1; step <= STEPS; step++) kernels.adam(n, { ...options, step }, w, gradient, first, second);
        },
      });
    }
  }
});

test('a small decay of AdamW adds up over many steps', () => {
  const options = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, decoupled: true };
  expectKernel(backends.slice(0, 1), {
    reference,
    fast,
    tensors: { w: normal(rng, 64), gradient: new Float32Array(64), first: new Float32Array(64), second: new Float32Array(64) },
    results: ['w'],
    bound: { absolute: 1e-7, relative: 1e-5 },
    call: (kernels, { w, gradient, first, second }) => {
      for (let step = 1; step <= 2000; step++) kernels.adam(64, { ...options, step }, w, gradient, first, second);
    },
  });
});

test('movingAverage follows, and stays where it should', () => {
  for (const n of SIZES) {
    expectKernel(backends, {
      reference,
      fast,
      tensors: { w: normal(rng, n), average: normal(rng, n) },
      results: ['average'],
      bound: BOUND,
      call: (kernels, { w, average }) => kernels.movingAverage(n, 0.999, w, average),
    });
  }
  const w = normal(rng, 64);
  expectKernel(backends.slice(0, 1), {
    reference,
    fast,
    tensors: { w, average: w.slice() },
    results: ['average'],
    bound: BOUND,
    call: (kernels, at) => {
      for (let step = 0; step < 5000; step++) kernels.movingAverage(64, 0.9999, at.w, at.average);
    },
  });
});
