import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createEngineOn } from '../../src/engine/create.js';
import { createNodeHost } from '../../src/engine/node-host.js';
import { forwardKernels } from '../../src/engine/wasm/forward.js';
import { allKernels } from '../../src/engine/wasm/index.js';
import { kernelNames } from '../../src/engine/wasm/protocol.js';
import { decodePackedModel, encodePackedModel } from '../../src/formats/packed/model.js';
import { freeze } from '../../src/freeze/index.js';
import { createModel } from '../../src/models/index.js';
import { Plan } from '../../src/runtime/plan.js';
import { root } from '../package.js';

const browser = path.join(root, 'dist', 'browser');
const compile = (file: string) => new WebAssembly.Module(fs.readFileSync(path.join(root, 'dist', file)));

describe('the kernels of packed models', () => {
  const forward = kernelNames(compile('browser/gossamer-runtime.wasm'));

  it('are all that the code of the runtime names, and no others', () => {
    const code = fs.readFileSync(path.join(browser, 'runtime-worker.js'), 'utf8');
    // An activation's kernel has the activation's name.
    const isNamed = (kernel: string) => kernel === 'relu' || new RegExp(`["'\`]${kernel}["'\`]`).test(code);
    const named = kernelNames(compile('kernels/gossamer.wasm')).filter(isNamed);
    expect(forward.filter((kernel) => !named.includes(kernel)).sort()).toEqual([]);
    expect(named.filter((kernel) => !forward.includes(kernel)).sort()).toEqual([]);
  });

  it.each([
    ['1-bit', 'ftbnn-compact-cifar', { widths: [16, 32], blocks: [1, 1], strides: [1, 2] }, [20, 22, 3]],
    ['1-bit in groups', 'ftbnn-g4-cifar', { widths: [16, 32], blocks: [1, 1], strides: [1, 2] }, [16, 16, 3]],
    ['real', 'resnet20', { widths: [8, 16], blocks: [1, 1] }, [40, 38, 3]],
    ['dynamic', 'dydensenet', { stages: [1, 1], growth: [4, 8] }, [16, 16, 3]],
    ['central difference, a map', 'cdcn', { mapSize: 4 }, [32, 32, 3]],
  ] as const)(
    'have the same bits as those of the full build (%s, threads and relaxed SIMD too)',
    async (_what, name, options, input) => {
      const makers = await createEngineOn(createNodeHost(), { threads: 1 }, allKernels);
      const model = createModel(name as string, { engine: makers, seed: 3, ...options });
      model.setProgress(1);
      const file = await encodePackedModel(freeze(model, { input: [...input] }));
      makers.dispose();
      const packed = await decodePackedModel(file, name);
      const image = Float32Array.from({ length: input[0] * input[1] * input[2] }, (_, i) => Math.sin(i * i));
      for (const relaxedSimd of ['off', 'on'] as const) {
        const answers = [];
        for (const threads of [1, 2]) {
          const full = await createEngineOn(createNodeHost(), { threads, relaxedSimd, binaryKernel: 'popcount' }, allKernels);
          answers.push(new Plan(packed, full).run(1, image));
          full.dispose();
          const host = createNodeHost(new URL(`file://${browser}/`));
          const small = await createEngineOn(host, { threads, relaxedSimd, binaryKernel: 'nibble-tables' }, forwardKernels);
          expect(small.facts().build).toMatch(/^gossamer-runtime/);
          answers.push(new Plan(packed, small).run(1, image));
          small.dispose();
        }
        expect(answers[0]!.some((value) => value !== 0)).toBe(true);
        for (const answer of answers) expect(answer).toEqual(answers[0]);
      }
    },
  );
});
