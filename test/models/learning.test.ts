import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../src/engine/index.js';
import { createModel } from '../../src/models/index.js';
import * as ops from '../../src/ops/index.js';
import { Rng, scope, Tensor, withGradients } from '../../src/tensor/index.js';

/** Every family, and the parts that its options bring in, in sizes that take no time. */
const small: Record<string, [name: string, input: number[], options: Record<string, unknown>]> = {
  resnet20: ['resnet20', [12, 12, 3], { widths: [4, 8], blocks: [1, 1] }],
  resnet18: ['resnet18', [32, 32, 3], { widths: [4, 8], blocks: [1, 1], classes: 5 }],
  bireal18: ['bireal18', [32, 32, 3], { widths: [8, 16], blocks: [1, 2], classes: 5 }],
  'ftbnn-base': ['ftbnn-base', [32, 32, 3], { widths: [8, 16], blocks: [1, 2], classes: 5 }],
  'ftbnn-compact': ['ftbnn-compact', [32, 32, 3], { widths: [8, 16], blocks: [1, 2], classes: 5 }],
  'ftbnn-g4': ['ftbnn-g4', [32, 32, 3], { widths: [16, 32], blocks: [1, 2], classes: 5 }],
  'ftbnn-tiny': ['ftbnn-tiny', [14, 14, 1], {}],
  'ftbnn-tiny, 1-bit central difference': ['ftbnn-tiny', [14, 14, 1], { theta: 0.5, activationPlace: 'branch', scale: true }],
  'ftbnn-tiny-float': ['ftbnn-tiny-float', [14, 14, 1], {}],
  dydensenet: ['dydensenet', [12, 12, 3], { stages: [1, 2], growth: [4, 8] }],
  'dydensenet, central difference': ['dydensenet', [12, 12, 3], { stages: [1], growth: [4], ties: 'drop', theta: 0.5 }],
  'dydensenet, 1 bit': ['dydensenet', [12, 12, 3], { stages: [1, 2], growth: [4, 8], convolution: 'dynamic-binary', theta: 0.5 }],
  'dydensenet-grouped': ['dydensenet-grouped', [12, 12, 3], { stages: [1, 1], growth: [4, 8] }],
  dyresnet18: ['dyresnet18', [32, 32, 3], { widths: [8, 16], blocks: [1, 1], classes: 5, theta: 0.3 }],
  'dyresnet18, 1 bit': [
    'dyresnet18',
    [32, 32, 3],
    { widths: [8, 16], blocks: [1, 1], classes: 5, convolution: 'dynamic-binary' },
  ],
  cdcn: ['cdcn', [16, 16, 3], { mapSize: 8 }],
  cdcnpp: ['cdcnpp', [16, 16, 3], { mapSize: 8 }],
  'cdcn-s': ['cdcn-s', [16, 16, 3], { mapSize: 8 }],
  'bicdcn-s': ['bicdcn-s', [16, 16, 3], { mapSize: 8 }],
  'bicdcn-s-float': ['bicdcn-s-float', [16, 16, 3], { mapSize: 8 }],
};

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

describe.each(Object.entries(small))('%s', (_title, [name, input, options]) => {
  const images = () => {
    const rng = new Rng(3);
    const [height, width, channels] = input as [number, number, number];
    return Tensor.from(
      engine,
      Float32Array.from({ length: 4 * height * width * channels }, () => rng.normal()),
      [4, height, width, channels],
    );
  };

  it('passes a gradient to every layer, and frees all else', () => {
    using model = createModel(name as string, { engine, seed: 2, ...options });
    using x = images();
    model.setProgress(0.5);
    const parameters = [...model.parameters()];
    const before = engine.memory().bytesInUse;
    const silent = scope(engine, () => {
      const values = parameters.map(([, parameter]) => parameter.value);
      const { loss, gradients } = withGradients(engine, values, () => {
        const y = model.forward(x);
        return [ops.mean(ops.multiply(y, y))];
      });
      expect(loss.item()).toBeGreaterThan(0);
      const sums = gradients.map((gradient) =>
        Float32Array.from(gradient.toArray()).reduce((sum, value) => sum + Math.abs(value), 0),
      );
      expect(sums.every(Number.isFinite)).toBe(true);
      return parameters.map(([path]) => path).filter((_path, i) => sums[i] === 0);
    });
    // Selectors whose hidden units are all off, as narrow ones often start, learn nothing in that step.
    expect(silent.filter((path) => !/\.(reduce|expand)$/.test(path))).toEqual([]);
    expect(engine.memory().bytesInUse).toBe(before);
  });

  it('answers for an image the same alone and in a batch', () => {
    using model = createModel(name as string, { engine, seed: 2, ...options }).eval();
    model.setProgress(1);
    using x = images();
    const half = x.size / 4;
    using alone = Tensor.from(engine, x.toArray().slice(2 * half, 3 * half), [1, ...input]);
    const [together, single] = scope(engine, () => [model.forward(x).toArray(), model.forward(alone).toArray()]);
    const width = together!.length / 4;
    const found = Array.from(together!.slice(2 * width, 3 * width));
    found.forEach((value, i) => {
      expect(value).toBeCloseTo(single![i]!, 4);
    });
  });
});

it('the seed decides the weights', () => {
  const weights = (seed: number) => {
    using model = createModel('ftbnn-tiny', { engine, seed });
    return [...model.state().values()].map((entry) => entry.read());
  };
  expect(weights(4)).toEqual(weights(4));
  expect(weights(4)).not.toEqual(weights(5));
});

it('evaluation keeps no more than a few activations at a time', () => {
  using model = createModel('resnet20', { engine }).eval();
  using x = Tensor.full(engine, [1, 32, 32, 3], 0.5);
  const largest = 32 * 32 * 16 * 4;
  const before = engine.memory().bytesInUse;
  let peak = 0;
  scope(engine, () =>
    ops.observe(
      engine,
      () => {
        peak = Math.max(peak, engine.memory().bytesInUse - before);
      },
      () => model.forward(x),
    ),
  );
  expect(peak).toBeLessThan(5 * largest);
});
