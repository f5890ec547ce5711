import { describe, expect, it } from 'vitest';
import { createReferenceEngine } from '../../src/engine/reference/index.js';
import { constant } from '../../src/nn/initializers.js';
import { Linear } from '../../src/nn/layers.js';
import { Parameter } from '../../src/nn/state.js';
import { Rng } from '../../src/tensor/rng.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { WeightAverage } from '../../src/train/average.js';
import { clipGradients, globalNorm } from '../../src/train/gradients.js';
import { createOptimizer } from '../../src/train/optimizer.js';
import type { OptimizerOptions } from '../../src/train/recipe.js';

const engine = createReferenceEngine();
const gradient = (...values: number[]) => Tensor.from(engine, values, [values.length]);

function parameters(): Map<string, Parameter> {
  const roles = ['weight', 'bias', 'norm', 'slope'] as const;
  const made = new Map(roles.map((role) => [role as string, new Parameter([1], constant(1), new Rng(0), role)]));
  for (const [path, parameter] of made) parameter.to(engine, path);
  return made;
}

const sgd = { name: 'sgd', learningRate: 1, momentum: 0, nesterov: false, weightDecay: 0.5, decay: 'weights' } as const;

describe('optimisers', () => {
  it.each<[OptimizerOptions['decay'], number[]]>([
    ['weights', [0.5, 1, 1, 1]],
    ['all', [0.5, 0.5, 0.5, 0.5]],
  ])('decay of %s', (decay, expected) => {
    const made = parameters();
    createOptimizer(engine, made, { ...sgd, decay }).step(
      [0, 0, 0, 0].map((value) => gradient(value)),
      1,
    );
    expect([...made.values()].map((parameter) => parameter.read()[0])).toEqual(expected);
  });

  it('use the learning rate of the step, and keep a velocity', () => {
    const made = new Map([...parameters()].slice(0, 1));
    const optimizer = createOptimizer(engine, made, { ...sgd, momentum: 0.5, weightDecay: 0 });
    optimizer.step([gradient(1)], 0.1);
    optimizer.step([gradient(1)], 0.2);
    expect(made.get('weight')!.read()[0]).toBeCloseTo(1 - 0.1 * 1 - 0.2 * 1.5, 6);
    expect([...optimizer.state().keys()]).toEqual(['velocity/weight']);
    expect(optimizer.state().get('velocity/weight')!.item()).toBeCloseTo(1.5, 12);
  });

  it('keep nothing where nothing is needed, two moments where they are', () => {
    expect(createOptimizer(engine, parameters(), sgd).state().size).toBe(0);
    const adam = {
      name: 'adam',
      learningRate: 1,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: 0,
      decay: 'all',
    } as const;
    expect([...createOptimizer(engine, parameters(), adam).state().keys()].slice(0, 2)).toEqual([
      'first/weight',
      'second/weight',
    ]);
  });
});

describe('gradient clipping', () => {
  it('takes the norm over all gradients, and shrinks them to the largest allowed', () => {
    const gradients = [gradient(3, 0), gradient(4)];
    expect(globalNorm(gradients)).toBe(5);
    clipGradients(gradients, 5, 1);
    expect(globalNorm(gradients)).toBeCloseTo(1, 5);
    expect(gradients[0]!.toArray()[0]! / gradients[1]!.item()).toBeCloseTo(3 / 4, 12);
  });

  it('leaves small ones as they are, to the bit', () => {
    const gradients = [gradient(0.3, 0.1)];
    clipGradients(gradients, globalNorm(gradients), 1);
    expect([...gradients[0]!.toArray()]).toEqual([0.3, 0.1]);
  });

  it('sees what is not finite', () => {
    expect(globalNorm([gradient(1), gradient(Number.NaN)])).toBeNaN();
  });
});

describe('WeightAverage', () => {
  it('follows the weights, faster at first, and stands in for them while something is judged', async () => {
    const layer = new Linear(1, 1, { rng: new Rng(0), bias: false }).to(engine);
    layer.weight.write([1]);
    const average = new WeightAverage(layer, 0.5);
    layer.weight.write([2]);
    average.update();
    expect(average.state().get('weight')!.item()).toBeCloseTo(0.1 * 1 + 0.9 * 2, 12);
    for (let i = 0; i < 20; i++) average.update();
    layer.weight.write([4]);
    average.update();
    expect(average.state().get('weight')!.item()).toBeCloseTo(3, 3);
    const seen = await average.during(async () => layer.weight.read()[0]);
    expect(seen).toBeCloseTo(3, 3);
    expect(layer.weight.read()[0]).toBe(4);
    await expect(average.during(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(layer.weight.read()[0]).toBe(4);
  });
});
