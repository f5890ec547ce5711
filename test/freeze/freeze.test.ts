import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../src/engine/index.js';
import { encodePackedModel } from '../../src/formats/packed/model.js';
import { freeze } from '../../src/freeze/freeze.js';
import { createModel } from '../../src/models/index.js';
import { BatchNorm2d, FPReLU, type Module, PReLU } from '../../src/nn/index.js';
import { load } from '../../src/runtime/index.js';
import { Rng } from '../../src/tensor/rng.js';
import { scope } from '../../src/tensor/scope.js';
import { Tensor } from '../../src/tensor/tensor.js';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

/** Statistics and slopes as a training leaves them: of other signs and sizes than those that a layer begins with. */
function unsettle(model: Module): void {
  const rng = new Rng(5);
  const write = (entry: { size: number; write(values: ArrayLike<number>): void }, draw: () => number) =>
    entry.write(Float32Array.from({ length: entry.size }, draw));
  for (const [, module] of model.modules()) {
    if (module instanceof BatchNorm2d) {
      write(module.weight, () => 0.6 + 0.3 * rng.normal());
      write(module.bias, () => 0.3 * rng.normal());
      write(module.runningMean, () => 0.2 * rng.normal());
      write(module.runningVariance, () => 0.5 + rng.uniform());
    } else if (module instanceof FPReLU || module instanceof PReLU) {
      for (const [, slopes] of module.parameters()) write(slopes, () => 0.5 + rng.normal());
    }
  }
}

function images(batch: number, input: readonly number[]): { readonly data: Float32Array; readonly shape: readonly number[] } {
  const rng = new Rng(9);
  const shape = [batch, ...input];
  const size = shape.reduce((product, length) => product * length, 1);
  return { data: Float32Array.from({ length: size }, () => rng.normal()), shape };
}

function forward(model: Module, { data, shape }: { data: Float32Array; shape: readonly number[] }): Float32Array {
  return scope(engine, () => Float32Array.from(model.forward(Tensor.from(engine, data, shape)).toArray()));
}

const narrow = { widths: [16, 32], blocks: [1, 1] };
const cases: readonly (readonly [name: string, options: Record<string, unknown>, input: readonly number[]])[] = [
  ['resnet20', narrow, [16, 12, 3]],
  ['resnet20', { ...narrow, theta: 0.7 }, [16, 12, 3]],
  ['resnet18', { widths: [8, 16, 24, 32], blocks: [1, 1, 1, 1] }, [33, 40, 3]],
  ['bireal18', { widths: [16, 32, 64, 128], classes: 7 }, [32, 32, 3]],
  ['ftbnn-base', { widths: [16, 32, 64, 128] }, [32, 32, 3]],
  ['ftbnn-compact-cifar', { widths: [16, 32, 64, 128] }, [15, 16, 3]],
  ['ftbnn-compact-cifar', { widths: [16, 32, 64, 128], theta: 0.5 }, [16, 16, 3]],
  ['ftbnn-compact-cifar', { widths: [16, 32, 64, 128], scale: true, activation: 'prelu' }, [16, 16, 3]],
  ['ftbnn-g4-cifar', { widths: [64, 128, 256, 512] }, [16, 16, 3]],
  ['ftbnn-compact-cifar-float', { widths: [16, 32, 64, 128] }, [16, 16, 3]],
  ['dydensenet', { stages: [2, 2], growth: [8, 16] }, [16, 16, 3]],
  ['dydensenet', { stages: [2, 2], growth: [8, 16], ties: 'drop' }, [16, 16, 3]],
  ['dydensenet', { stages: [2, 2], growth: [8, 16], selection: 'random' }, [16, 16, 3]],
  ['dydensenet', { stages: [2, 2], growth: [8, 16], convolution: 'dynamic-binary' }, [16, 16, 3]],
  ['dydensenet', { stages: [2, 2], growth: [8, 16], convolution: 'grouped' }, [16, 16, 3]],
  ['dyresnet18', { widths: [16, 16, 32, 32], blocks: [1, 1, 1, 1] }, [48, 48, 3]],
  ['cdcn', { mapSize: 8 }, [64, 64, 3]],
  ['cdcnpp', { mapSize: 8 }, [64, 64, 3]],
  ['cdcn-s', {}, [128, 128, 3]],
  ['bicdcn-s', {}, [128, 128, 3]],
  ['bicdcn-s', { mapSize: 8, activation: 'prelu', activationPlace: 'branch' }, [64, 64, 3]],
  ['bicdcn-s-float', { mapSize: 8 }, [64, 64, 3]],
];

describe('a packed model answers as the model that it was made of', () => {
  it.each(cases)('%s %j', async (name, options, input) => {
    const model = createModel(name as string, { engine, seed: 3, ...options });
    unsettle(model);
    model.eval();
    model.setProgress(1);
    const packed = freeze(model, { input });
    expect(packed.verification.largestDifference).toBeGreaterThan(0);
    const bytes = await encodePackedModel(packed);
    const runtime = await load(bytes, { threads: 1 });
    for (const batch of [1, 3]) {
      const given = images(batch, input);
      const expected = forward(model, given);
      const { data, shape } = await runtime.run(given);
      expect(shape[0]).toBe(batch);
      expect(data.length).toBe(expected.length);
      const size = Math.sqrt(expected.reduce((sum, value) => sum + value * value, 0) / expected.length);
      const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - data[i]!)), 0);
      expect(size).toBeGreaterThan(0);
      expect(worst / size).toBeLessThan(1e-4);
    }
    runtime.dispose();
    model.dispose();
  });
});
