import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../src/engine/index.js';
import { inactiveChannels } from '../../src/nn/conv/dynamic.js';
import { readCheckpoint } from '../../src/train/checkpoint.js';
import { evaluate } from '../../src/train/evaluate.js';
import type { TrainEvent } from '../../src/train/events.js';
import { isBetter } from '../../src/train/progress.js';
import { train } from '../../src/train/train.js';
import { digestOf, runPath, stripes, stripesRecipe } from './helpers.js';

const engine = await createEngine({ threads: 1 });
const data = { train: stripes(150), test: stripes(60, 2) };

afterAll(() => engine.dispose());

const recipe = stripesRecipe({
  model: { name: 'dydensenet', options: { stages: [1, 2], growth: [8, 8], heads: 2 } },
  optimizer: { name: 'sgd', learningRate: 0.05, momentum: 0.9, nesterov: true },
  loss: { lasso: 1e-3 },
  epochs: 6,
});

describe('training a dynamic network', () => {
  it('switches channels off as it goes, tells how many, and goes on with them after an interruption', async () => {
    const whole = runPath();
    const events: TrainEvent[] = [];
    const result = await train({ engine, data, recipe, workers: 0, run: whole, onEvent: (event) => events.push(event) });
    const epochs = events.filter((event) => event.kind === 'epoch');
    const inactive = epochs.map((epoch) => epoch.inactive!);
    expect(inactive).toEqual([...inactive].sort((a, b) => a - b));
    expect(inactive.at(-1)).toBeCloseTo(0.75, 1);
    expect(epochs.every(({ deadSelectors }) => deadSelectors! >= 0 && deadSelectors! <= 1)).toBe(true);
    // Only a network that is pruned for good may be the best.
    expect(inactive[result.best!.epoch - 1]).toBe(inactive.at(-1));
    const { weights } = await readCheckpoint(`${whole}/best.safetensors`);
    const [path, { data: stored }] = [...weights].find(([name]) => name.endsWith('.inactive'))!;
    expect(stored[0], path).toBe(inactiveChannels(16, 0.75, 1, 0));
    const { top1 } = await evaluate({
      model: result.model,
      source: data.test,
      transforms: recipe.transforms.evaluate,
      workers: 0,
    });
    expect(top1).toBeGreaterThan(0.8);

    const parts = runPath();
    const controller = new AbortController();
    const onEvent = (event: TrainEvent) => {
      if (event.kind === 'step' && event.step === 17) controller.abort();
    };
    await train({ engine, data, recipe, workers: 0, run: parts, signal: controller.signal, onEvent });
    await train({ engine, data, recipe, workers: 0, run: parts, resume: true });
    expect(await digestOf(`${parts}/last.safetensors`)).toBe(await digestOf(`${whole}/last.safetensors`));
  });

  it('learns with 1-bit branches', async () => {
    const { name, options } = recipe.model;
    const binary = { ...recipe, model: { name, options: { ...options, convolution: 'dynamic-binary' } } };
    const { model } = await train({ engine, data, recipe: binary, workers: 0 });
    const { top1 } = await evaluate({ model, source: data.test, transforms: recipe.transforms.evaluate, workers: 0 });
    expect(top1).toBeGreaterThan(0.8);
  });

  it('counts the auxiliary loss', async () => {
    const lossOf = async (lasso: number) => {
      const losses: number[] = [];
      const onEvent = (event: TrainEvent) => {
        if (event.kind === 'step') losses.push(event.loss);
      };
      await train({ engine, data, recipe: { ...recipe, epochs: 1, loss: { lasso } }, workers: 0, onEvent });
      return losses[0]!;
    };
    // Saliencies start around 1 and there are six selectors, in three layers.
    const added = (await lossOf(1)) - (await lossOf(0));
    expect(added).toBeGreaterThan(1);
    expect(added).toBeLessThan(60);
  });
});

describe('isBetter', () => {
  const candidate = { epoch: 2, accuracy: 0.5, loss: 1, inactive: 0.5 };
  it.each([
    ['the first', candidate, null, true],
    ['a higher accuracy', { ...candidate, accuracy: 0.6 }, candidate, true],
    ['a lower accuracy', { ...candidate, accuracy: 0.4, loss: 0.1 }, candidate, false],
    ['a lower loss at the same accuracy', { ...candidate, loss: 0.9 }, candidate, true],
    ['the same', candidate, candidate, false],
    ['more channels off, whatever the accuracy', { ...candidate, accuracy: 0.1, inactive: 0.75 }, candidate, true],
    ['without validation, the newest', { ...candidate, accuracy: null, loss: null }, candidate, true],
  ])('%s', (_name, newest, best, expected) => {
    expect(isBetter(newest, best)).toBe(expected);
  });
});
