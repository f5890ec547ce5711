import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { createEngine } from '../../src/engine/index.js';
import { createModel } from '../../src/models/registry.js';
import { cifar10, fashionMnist, holdOut, openSplit } from '../../src/train/dataset.js';
import { applyOverrides } from '../../src/train/overrides.js';
import { recipes } from '../../src/train/recipes/index.js';
import { train } from '../../src/train/train.js';
import { runPath } from './helpers.js';

it('trains as the design shows: a model, a data set by name, a recipe', async () => {
  const folder = path.join(path.dirname(runPath()), 'cifar-10-batches-bin');
  fs.mkdirSync(folder);
  for (const file of ['data_batch_1', 'data_batch_2', 'data_batch_3', 'data_batch_4', 'data_batch_5', 'test_batch']) {
    const records = Array.from({ length: 10 }, (_, label) => Buffer.from([label, ...new Uint8Array(3072).fill(25 * label)]));
    fs.writeFileSync(path.join(folder, `${file}.bin`), Buffer.concat(records));
  }
  const engine = await createEngine({ threads: 1 });
  const model = createModel('resnet20', { engine, classes: 10, seed: 1 });
  const recipe = applyOverrides(recipes['resnet20-cifar10'], ['epochs=1', 'batchSize=20', 'validation.count=10']);
  const result = await train({ model, data: cifar10(path.dirname(folder)), recipe });
  expect(result).toMatchObject({ model, engine, reason: 'finished', step: 2 });
  expect(result.classes).toHaveLength(10);
  engine.dispose();
});

it('takes parts of the shipped images, disjoint, of even classes, the same each time', async () => {
  const recipe = applyOverrides(recipes['ftbnn-tiny-fashion'], [
    'data.trainImages=1000',
    'validation.count=100',
    'data.testImages=50',
  ]);
  const selection = await openSplit(undefined, 'train', recipe);
  const { train: training, validation } = holdOut(selection, recipe);
  expect([training.indices.length, validation.indices.length]).toEqual([900, 100]);
  expect(new Set([...training.indices, ...validation.indices])).toEqual(new Set(selection.indices));
  const counts = new Array<number>(10).fill(0);
  for (const record of validation.indices) counts[selection.source.label(record)]!++;
  expect(counts).toEqual(new Array<number>(10).fill(10));
  expect((await openSplit(fashionMnist(), 'train', recipe)).indices).toEqual(selection.indices);
  const other = applyOverrides(recipe, ['seed=1']);
  expect((await openSplit(undefined, 'train', other)).indices).not.toEqual(selection.indices);
  expect((await openSplit(undefined, 'test', recipe)).indices).toHaveLength(50);
});
