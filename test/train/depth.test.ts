import fs from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { createLoader } from '../../src/data/batches.js';
import { PixelSource } from '../../src/data/pixels.js';
import { createEngine } from '../../src/engine/index.js';
import { ConfigError, DataError, UnsupportedError } from '../../src/errors.js';
import { freezeCheckpoint } from '../../src/freeze/index.js';
import { load } from '../../src/runtime/index.js';
import { evaluateDepth } from '../../src/train/evaluate-depth.js';
import type { EpochEvent, TrainEvent } from '../../src/train/events.js';
import { isBetter } from '../../src/train/progress.js';
import type { RecipeInput } from '../../src/train/recipe.js';
import { type TrainOptions, train } from '../../src/train/train.js';
import { drawnFaces, drawnFacesRecipe, side } from './drawn-faces.js';
import { digestOf, runPath } from './helpers.js';

const engine = await createEngine({ threads: 2 });
afterAll(() => engine.dispose());

const data = { train: drawnFaces(64), test: drawnFaces(24, 2) };

function trainFaces(changes: Partial<RecipeInput> = {}, options: Partial<TrainOptions> = {}) {
  return train({ engine, data, recipe: drawnFacesRecipe(changes), workers: 0, ...options });
}

describe.each(['cdcn-s', 'bicdcn-s'])('%s', (name) => {
  it('learns to tell drawn faces from drawn attacks, and freezes to a model that does', async () => {
    const run = runPath();
    const changes = { model: { name, options: { mapSize: 6 } }, epochs: name === 'cdcn-s' ? 14 : 8 };
    const events: TrainEvent[] = [];
    const { model, best, epochs, classes, recipe } = await trainFaces(changes, { run, onEvent: (event) => events.push(event) });
    expect(classes).toEqual([]);
    expect(best!.detection!.eer).toBeLessThan(0.1);
    expect(epochs.at(-1)!.trainLoss).toBeLessThan(0.5 * epochs[0]!.trainLoss);
    expect(events.at(-1)).toMatchObject({ kind: 'end', bestAccuracy: null, bestEer: best!.detection!.eer });

    const judged = { model, source: data.test, transforms: recipe.transforms.evaluate, workers: 0 };
    const { rates, threshold, scores } = await evaluateDepth({ ...judged, threshold: best!.detection!.threshold });
    expect(threshold).toBe(best!.detection!.threshold);
    expect(rates.acer).toBeLessThan(0.1);
    expect(Object.keys(rates.apcer)).toEqual(['print', 'replay']);
    expect(rates.auc).toBeGreaterThan(0.97);
    const meanOf = (label: number) => {
      const own = [...scores].filter((_, record) => data.test.label(record) === label);
      return own.reduce((sum, score) => sum + score, 0) / own.length;
    };
    expect(meanOf(1)).toBeGreaterThan(3 * meanOf(0));
    model.dispose();

    const { path: file } = await freezeCheckpoint(`${run}/best.safetensors`, `${run}/packed.safetensors`);
    const packed = await load(fs.readFileSync(file), { threads: 1 });
    expect(packed.facts).toMatchObject({
      output: [6, 6],
      contract: {
        task: 'depth-map',
        labels: null,
        source: { size: [side, side] },
        prepare: [{ name: 'center-crop' }, { name: 'resize', size: [side, side] }],
      },
    });
    const loader = createLoader(data.test, { batchSize: 4, transforms: recipe.transforms.evaluate, workers: 0 });
    for await (const { images, shape, records } of loader.epoch(0)) {
      const { data: maps } = await packed.run({ data: images, shape });
      const size = maps.length / records.length;
      for (const [i, record] of records.entries()) {
        const score = maps.subarray(i * size, (i + 1) * size).reduce((sum, value) => sum + value, 0) / size;
        expect(score).toBeCloseTo(scores[record]!, 3);
      }
    }
    packed.dispose();
  });
});

describe('a depth run', () => {
  it('tells error rates in place of accuracy, and draws its maps', async () => {
    const run = runPath();
    const events: TrainEvent[] = [];
    const { model } = await trainFaces({ epochs: 2 }, { run, onEvent: (event) => events.push(event) });
    model.dispose();
    const epochs = events.filter((event): event is EpochEvent => event.kind === 'epoch');
    for (const { trainAccuracy, validationAccuracy, detection } of epochs) {
      expect([trainAccuracy, validationAccuracy]).toEqual([null, null]);
      expect(Object.keys(detection!).sort()).toEqual(['acer', 'auc', 'eer', 'threshold']);
    }
    // One frame of each of the 48 videos of the 12 subjects that are not held out.
    expect(events[0]).toMatchObject({ stepsPerEpoch: 6, images: { train: 96, validation: 32 } });
    const png = fs.readFileSync(`${run}/depth-maps.png`);
    // Eight columns and three rows of 128 pixels, 4 between them, and a bar of 6.
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([8 * 132 - 4, 6 + 3 * 132]);
  });

  it('has the same bits whatever the workers, whether it was interrupted, died, and went on, or not', async () => {
    const changes = { epochs: 3, averageWeights: 0.9, checkpoint: { everySeconds: null, everySteps: 4 } } as const;
    const [whole, broken] = [runPath(), runPath()];
    (await trainFaces(changes, { run: whole })).model.dispose();

    const controller = new AbortController();
    const interrupted = await trainFaces(changes, {
      run: broken,
      workers: 2,
      signal: controller.signal,
      onEvent: (event) => event.kind === 'step' && event.step === 3 && controller.abort(),
    });
    expect(interrupted.reason).toBe('interrupted');
    interrupted.model.dispose();
    for (const last of [10, 15]) {
      const dies = (event: TrainEvent) => {
        if (event.kind === 'step' && event.step === last) throw new Error('power cut');
      };
      await expect(trainFaces(changes, { run: broken, resume: true, onEvent: dies })).rejects.toThrow('power cut');
    }
    (await trainFaces(changes, { run: broken, resume: true, workers: 1 })).model.dispose();
    for (const file of ['last', 'best']) {
      expect(await digestOf(`${broken}/${file}.safetensors`)).toBe(await digestOf(`${whole}/${file}.safetensors`));
    }
    expect(fs.readFileSync(`${broken}/depth-maps.png`)).toEqual(fs.readFileSync(`${whole}/depth-maps.png`));
  });

  it('chooses by images of its own where the data has some', async () => {
    const events: TrainEvent[] = [];
    const { model } = await trainFaces(
      { epochs: 1, validation: { split: true } },
      { data: { ...data, validation: data.test }, onEvent: (event) => events.push(event) },
    );
    model.dispose();
    expect(events[0]).toMatchObject({ images: { train: 128, validation: 48 } });
    await expect(trainFaces({ validation: { split: true } })).rejects.toThrow(/no source of validation images/);
    const place = { name: 'made', open: () => Promise.resolve(data.train) };
    await expect(trainFaces({ validation: { split: true } }, { data: place })).rejects.toThrow(/validation\.fraction/);
  });

  it('names what does not fit together', async () => {
    const { spec } = data.train;
    const bare = new PixelSource({ ...spec, maps: undefined });
    await expect(trainFaces({}, { data: { train: bare } })).rejects.toThrow(/no target maps/);
    const named = new PixelSource({ ...spec, classes: ['spoof', 'live'] });
    await expect(trainFaces({}, { data: { train: named } })).rejects.toThrow(/needs attack, bona-fide/);
    const live = new Int32Array(new SharedArrayBuffer(4 * 128)).fill(1);
    const oneClass = new PixelSource({ ...spec, labels: live.buffer as SharedArrayBuffer }, [], data.train.frames);
    await expect(trainFaces({}, { data: { train: oneClass } })).rejects.toBeInstanceOf(DataError);
    const other = new PixelSource({ ...spec, faceCrop: { ...spec.faceCrop!, scale: 1.6 } }, [], data.train.frames);
    await expect(trainFaces({}, { data: { train: other } })).rejects.toThrow(/--set transforms\.train\.0\.stored=1\.6/);
    await expect(
      trainFaces({ sampling: { frames: 'one-per-video' } }, { data: { train: new PixelSource(spec) } }),
    ).rejects.toThrow(/sampling\.frames/);
    await expect(trainFaces({ model: { name: 'resnet20' } })).rejects.toBeInstanceOf(UnsupportedError);
    await expect(trainFaces({ model: { name: 'cdcn-s', options: { classes: 2 } } })).rejects.toBeInstanceOf(ConfigError);
  });
});

describe('the best epoch', () => {
  const epoch = (eer: number, loss: number) => ({
    ...{ epoch: 1, accuracy: null, loss, inactive: 0 },
    detection: { eer, acer: 0.5, auc: 0.5, threshold: 0.2 },
  });

  it('has the lowest equal error rate, and of equal ones the lowest loss', () => {
    expect(isBetter(epoch(0.1, 0.9), epoch(0.2, 0.1))).toBe(true);
    expect(isBetter(epoch(0.2, 0.1), epoch(0.1, 0.9))).toBe(false);
    expect(isBetter(epoch(0.1, 0.1), epoch(0.1, 0.2))).toBe(true);
    expect(isBetter(epoch(0.1, 0.2), epoch(0.1, 0.2))).toBe(false);
    expect(isBetter(epoch(0.1, 0.2), null)).toBe(true);
  });
});
