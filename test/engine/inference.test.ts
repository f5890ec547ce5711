import { describe, test } from 'vitest';
import type { FinishTensors } from '../../src/engine/kernels.js';
import { inferenceKernels as reference } from '../../src/engine/reference/inference.js';
import { inferenceKernels as fast } from '../../src/engine/wasm/inference.js';
import { Rng } from '../../src/tensor/rng.js';
import { blank, expectKernel, normal, useBackends } from './harness.js';

const backends = useBackends();

/** Which parts of a finish there are. */
const parts: Readonly<Record<string, Partial<Record<'scale' | 'bias' | 'shortcut', true>>>> = {
  nothing: {},
  'a scale': { scale: true },
  'a bias': { bias: true },
  'a shortcut': { shortcut: true },
  all: { scale: true, bias: true, shortcut: true },
};

describe.each(['none', 'relu', 'prelu', 'fprelu'] as const)('finish with %s', (activation) => {
  for (const [name, { scale, bias, shortcut }] of Object.entries(parts)) {
    for (const [rows, channels] of [
      [1, 1],
      [5, 3],
      [7, 8],
      [3, 13],
      [900, 32],
    ] as const) {
      test(`${name}, [${rows}, ${channels}]`, () => {
        const rng = new Rng(rows * channels);
        const vector = () => normal(rng, channels);
        expectKernel(backends, {
          reference,
          fast,
          tensors: {
            ...{ x: normal(rng, rows * channels), scale: vector(), bias: vector(), shortcut: normal(rng, rows * channels) },
            ...{ positive: vector(), negative: vector(), y: blank(rows * channels) },
          },
          results: ['y'],
          call: (kernels, at) => {
            const tensors: FinishTensors = {
              scale: scale ? at.scale : 0,
              bias: bias ? at.bias : 0,
              shortcut: shortcut ? at.shortcut : 0,
              activation,
              positive: activation === 'fprelu' ? at.positive : 0,
              negative: activation === 'prelu' || activation === 'fprelu' ? at.negative : 0,
            };
            kernels.finish(rows, channels, tensors, at.x, at.y);
          },
        });
      });
    }
  }
});
