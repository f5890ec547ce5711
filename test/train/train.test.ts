import fs from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../src/engine/index.js';
import { ConfigError, DivergenceError, OutOfMemoryError } from '../../src/errors.js';
import { copyState, readCheckpoint } from '../../src/train/checkpoint.js';
import { evaluate } from '../../src/train/evaluate.js';
import type { TrainEvent } from '../../src/train/events.js';
import { readLog } from '../../src/train/log.js';
import { createRecipeModel, loadModel } from '../../src/train/model.js';
import type { Recipe } from '../../src/train/recipe.js';
import { type TrainOptions, train } from '../../src/train/train.js';
import { digest, digestOf, runPath, stripes, stripesRecipe } from './helpers.js';

const engine = await createEngine({ threads: 1 });
const data = { train: stripes(150), test: stripes(60, 2) };

afterAll(() => engine.dispose());

function trainStripes(recipe: Recipe, options: Partial<TrainOptions> = {}) {
  return train({ engine, data, recipe, workers: 0, ...options });
}

/** A signal that goes off after so many steps, and the events up to the end. */
function stopAfter(steps: number): { signal: AbortSignal; onEvent: (event: TrainEvent) => void; events: TrainEvent[] } {
  const controller = new AbortController();
  const events: TrainEvent[] = [];
  const onEvent = (event: TrainEvent) => {
    events.push(event);
    if (event.kind === 'step' && event.step === steps) controller.abort();
  };
  return { signal: controller.signal, onEvent, events };
}

describe('train', () => {
  it('learns, tells what happens in order, and keeps the best weights', async () => {
    const run = runPath();
    const events: TrainEvent[] = [];
    const recipe = stripesRecipe({ epochs: 5 });
    const result = await trainStripes(recipe, { run, onEvent: (event) => events.push(event) });

    const { top1, confusion } = await evaluate({
      model: result.model,
      source: data.test,
      transforms: recipe.transforms.evaluate,
    });
    expect(top1).toBeGreaterThan(0.9);
    expect(confusion.flat().reduce((a, b) => a + b)).toBe(60);

    const steps = events.filter((event) => event.kind === 'step');
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 35 }, (_, i) => i + 1));
    expect(steps.at(-1)!.loss).toBeLessThan(steps[0]!.loss / 2);
    expect(steps.map(({ learningRate }) => learningRate)).toEqual(
      [...steps.map(({ learningRate }) => learningRate)].sort((a, b) => b - a),
    );
    const epochs = events.filter((event) => event.kind === 'epoch');
    expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5]);
    const accuracies = epochs.map(({ validationAccuracy }) => validationAccuracy!);
    expect(result.best!.accuracy).toBe(Math.max(...accuracies));
    expect(accuracies[result.best!.epoch - 1]).toBe(result.best!.accuracy);
    expect(events[0]).toMatchObject({
      kind: 'start',
      steps: 35,
      stepsPerEpoch: 7,
      images: { train: 120, validation: 30 },
      resumedFrom: null,
    });
    expect(events.at(-1)).toMatchObject({ kind: 'end', reason: 'finished', step: 35, bestEpoch: result.best!.epoch });

    const best = await readCheckpoint(`${run}/best.safetensors`);
    expect(digest(copyState(result.model))).toBe(digest(best.weights));
    expect(best).toMatchObject({ holds: 'weights', classes: ['row', 'column', 'diagonal'], input: [8, 8, 1], recipe });
    expect(readLog(`${run}/log.jsonl`).filter(({ kind }) => kind === 'step')).toHaveLength(35);
    expect(fs.existsSync(`${run}/lock`)).toBe(false);

    const loaded = await loadModel(`${run}/best.safetensors`, engine);
    const again = await evaluate({
      model: loaded.model,
      source: data.test,
      transforms: loaded.checkpoint.recipe.transforms.evaluate,
    });
    expect(again.top1).toBe(top1);
  });

  it('gives the same bits on one thread and on two, whatever reads the images', async () => {
    const two = await createEngine({ threads: 2 });
    const recipe = stripesRecipe({
      averageWeights: 0.9,
      gradientClip: 1,
      model: { name: 'ftbnn-tiny', options: { widths: [16, 32], blocks: [2, 1], strides: [1, 2] } },
    });
    const paths = [runPath(), runPath()];
    await trainStripes(recipe, { run: paths[0]!, workers: 0 });
    await trainStripes(recipe, { run: paths[1]!, workers: 2, engine: two });
    two.dispose();
    expect(await digestOf(`${paths[1]}/last.safetensors`)).toBe(await digestOf(`${paths[0]}/last.safetensors`));
    expect(await digestOf(`${paths[1]}/best.safetensors`)).toBe(await digestOf(`${paths[0]}/best.safetensors`));
  });

  it('depends on the seed', async () => {
    const first = await trainStripes(stripesRecipe({ epochs: 1 }));
    const second = await trainStripes(stripesRecipe({ epochs: 1, seed: 1 }));
    expect(digest(copyState(first.model))).not.toBe(digest(copyState(second.model)));
  });

  it.each([
    { name: 'sgd', learningRate: 0.05, momentum: 0.9, nesterov: true } as const,
    { name: 'adamw', learningRate: 0.01, weightDecay: 0.01 } as const,
  ])('goes on after an interruption to the bits of the run that never stopped ($name)', async (optimizer) => {
    const recipe = stripesRecipe({ optimizer, averageWeights: 0.95, schedule: { name: 'one-cycle' } });
    const whole = runPath();
    await trainStripes(recipe, { run: whole });
    const parts = runPath();
    // In the first step, within an epoch, and where an epoch's validation is due.
    for (const [part, at] of [1, 10, 14].entries()) {
      const { signal, onEvent, events } = stopAfter(at);
      const result = await trainStripes(recipe, { run: parts, resume: part > 0, signal, onEvent });
      expect(result).toMatchObject({ reason: 'interrupted', step: at });
      expect(events.at(-1)).toMatchObject({ kind: 'end', reason: 'interrupted', step: at });
      expect(events.find(({ kind }) => kind === 'start')).toMatchObject({ resumedFrom: [null, 1, 10][part] });
    }
    const last = await trainStripes(recipe, { run: parts, resume: true });
    expect(last.reason).toBe('finished');
    for (const file of ['last', 'best']) {
      expect(await digestOf(`${parts}/${file}.safetensors`)).toBe(await digestOf(`${whole}/${file}.safetensors`));
    }
    const told = (folder: string) =>
      readLog(`${folder}/log.jsonl`).flatMap((line) =>
        line.kind === 'step'
          ? [`${line.step} ${line.loss}`]
          : line.kind === 'epoch'
            ? [`epoch ${line.epoch} ${line.trainLoss} ${line.validationLoss}`]
            : [],
      );
    expect(told(parts)).toEqual(told(whole));
  });

  it('leaves a finished run as it is when it is resumed', async () => {
    const run = runPath();
    const recipe = stripesRecipe({ epochs: 1 });
    const first = await trainStripes(recipe, { run });
    const bits = await digestOf(`${run}/last.safetensors`);
    const again = await trainStripes(recipe, { run, resume: true });
    expect(again).toMatchObject({ reason: 'finished', step: first.step, best: first.best });
    expect(digest(copyState(again.model))).toBe(digest(copyState(first.model)));
    expect(await digestOf(`${run}/last.safetensors`)).toBe(bits);
  });

  it('refuses to go on with another recipe or other images, naming the difference', async () => {
    const run = runPath();
    await trainStripes(stripesRecipe({ epochs: 2 }), { run, ...stopAfter(3) });
    await expect(trainStripes(stripesRecipe({ epochs: 3 }), { run, resume: true })).rejects.toMatchObject({ key: 'epochs' });
    const fewer = { train: stripes(120) };
    await expect(trainStripes(stripesRecipe({ epochs: 2 }), { run, resume: true, data: fewer })).rejects.toMatchObject({
      key: 'images.train',
    });
    await expect(trainStripes(stripesRecipe({ epochs: 2 }), { run })).rejects.toThrow(/holds a run already.*--resume.*--out/);
    await expect(trainStripes(stripesRecipe({ epochs: 2 }), { run: runPath(), resume: true })).rejects.toThrow(/no run/);
  });

  it('keeps memory flat over 200 steps', async () => {
    const inUse: number[] = [];
    const recipe = stripesRecipe({ epochs: 29, gradientClip: 1, averageWeights: 0.99 });
    const onEvent = (event: TrainEvent) => {
      if (event.kind === 'step') inUse.push(engine.memory().bytesInUse);
    };
    const result = await trainStripes(recipe, { onEvent });
    expect(inUse.length).toBe(203);
    expect(new Set(inUse).size).toBe(1);
    result.model.dispose();
  });

  it('gives back all memory when it fails', async () => {
    const before = engine.memory().bytesInUse;
    await expect(trainStripes(stripesRecipe({ optimizer: { name: 'sgd', learningRate: 1e30 } }))).rejects.toThrow(
      DivergenceError,
    );
    expect(engine.memory().bytesInUse).toBe(before);
  });

  it('trains a model of your own on data of your own, without validation', async () => {
    const warnings: string[] = [];
    const recipe = stripesRecipe({ epochs: 2, validation: {} });
    const onEvent = (event: TrainEvent) => {
      if (event.kind === 'warning') warnings.push(event.code);
    };
    const result = await trainStripes(recipe, { onEvent });
    expect(warnings).toEqual(['no-validation']);
    expect(result.best).toMatchObject({ epoch: 2, accuracy: null });
    const again = await train({ model: result.model, data: { train: data.train }, recipe, workers: 0 });
    expect(again.model).toBe(result.model);
    expect(again.epochs[0]!.trainLoss).toBeLessThan(result.epochs[0]!.trainLoss);
  });

  it('takes part of the images, the same share of every class', async () => {
    const recipe = stripesRecipe({ data: { trainImages: 60 }, validation: { count: 12 }, epochs: 1 });
    const events: TrainEvent[] = [];
    await trainStripes(recipe, { onEvent: (event) => events.push(event) });
    expect(events[0]).toMatchObject({ images: { train: 48, validation: 12 } });
  });

  it('names what does not fit together', async () => {
    await expect(trainStripes(stripesRecipe({ batchSize: 500 }))).rejects.toThrow(
      /batchSize: got 500, needs at most the 120 images/,
    );
    await expect(train({ engine, recipe: stripesRecipe() })).rejects.toThrow(/does not say where its images lie/);
    await expect(trainStripes(stripesRecipe({ validation: { count: 150 } }))).rejects.toBeInstanceOf(ConfigError);
    await expect(train({ engine, recipe: stripesRecipe({ model: { name: 'cdcn' } }), data })).rejects.toThrow(/depth-map/);
  });
});

describe('when numbers go bad', () => {
  it('stops at the step, names the layer, and leaves the last good checkpoint', async () => {
    const run = runPath();
    const recipe = stripesRecipe({ checkpoint: { everySeconds: null, everySteps: 2 } });
    const model = createRecipeModel(recipe, engine, { classes: 3, inChannels: 1 });
    const onEvent = (event: TrainEvent) => {
      if (event.kind !== 'checkpoint' || event.step !== 4) return;
      const weight = model.parameters().get('classifier.weight')!;
      weight.write(weight.read().fill(Number.NaN, 0, 1));
    };
    const error = await trainStripes(recipe, { run, model, onEvent }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DivergenceError);
    expect(error).toMatchObject({ step: 4, layer: 'classifier.weight', lastCheckpoint: `${run}/last.safetensors` });
    const last = await readCheckpoint(`${run}/last.safetensors`);
    expect(last.progress.step).toBe(4);
    expect([...last.weights.values()].every(({ data: values }) => values.every(Number.isFinite))).toBe(true);
  });
});

describe('when memory runs out', () => {
  it('names the tensor and the step, and leaves the last checkpoint', async () => {
    const small = await createEngine({ threads: 1, memoryLimit: 2 ** 20 });
    const run = runPath();
    const recipe = stripesRecipe({
      batchSize: 120,
      model: { name: 'ftbnn-tiny', options: { widths: [32, 64], blocks: [1, 1], strides: [1, 2] } },
    });
    const error = await train({ engine: small, data, recipe, run, workers: 0 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(OutOfMemoryError);
    expect((error as OutOfMemoryError).step).toBe(0);
    expect((error as OutOfMemoryError).message).toMatch(/in step 0: \S.* of shape \[120, /);
    expect((await readCheckpoint(`${run}/last.safetensors`)).progress.step).toBe(0);
    small.dispose();
  });
});
