import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../src/engine/index.js';
import { UnsupportedError } from '../../src/errors.js';
import { freezeCheckpoint } from '../../src/freeze/index.js';
import { createModel } from '../../src/models/index.js';
import { load } from '../../src/runtime/index.js';
import { type CheckpointContent, writeCheckpoint } from '../../src/train/checkpoint.js';
import { startingProgress } from '../../src/train/progress.js';
import { parseRecipe, type RecipeInput } from '../../src/train/recipe.js';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gossamer-freeze-'));
afterAll(() => fs.rmSync(folder, { recursive: true }));

type Images = Pick<CheckpointContent, 'classes' | 'input' | 'source'>;
const tiny = { widths: [4], blocks: [1], classes: 2 };

/** A checkpoint of an untrained network, as `train` or `import` would have written it. */
async function checkpointOf(
  name: string,
  options: Readonly<Record<string, number | readonly number[]>>,
  images: Images,
  evaluate: NonNullable<RecipeInput['transforms']>['evaluate'],
): Promise<string> {
  const engine = await createEngine({ threads: 1 });
  const model = createModel(name, { engine, seed: 1, ...options });
  const weights = new Map([...model.state()].map(([at, entry]) => [at, { shape: entry.shape, data: entry.read() }]));
  const { spec } = model;
  engine.dispose();
  const file = path.join(folder, `${name}-${fs.readdirSync(folder).length}.safetensors`);
  await writeCheckpoint(file, {
    ...images,
    ...{ model: spec as CheckpointContent['model'], weights, holds: 'weights', images: { train: 0, validation: 0 } },
    progress: startingProgress(),
    recipe: parseRecipe({
      ...{ name: 'own', model: { name }, transforms: { evaluate }, optimizer: { name: 'sgd', learningRate: 0.1 }, epochs: 1 },
      batchSize: 1,
    }),
  });
  return file;
}

describe('freezeCheckpoint', () => {
  it('takes what the recipe does to images into the contract', async () => {
    const images: Images = { classes: ['a', 'b'], source: [20, 30, 3], input: [8, 8, 3] };
    const checkpoint = await checkpointOf('resnet20', tiny, images, [
      { name: 'resize', size: 10 },
      { name: 'center-crop', size: 8 },
      { name: 'normalize', mean: [0.5], std: [0.25] },
    ]);
    const { path: file } = await freezeCheckpoint(checkpoint, path.join(folder, 'packed'));
    const model = await load(fs.readFileSync(file), { threads: 1 });
    expect(model.facts.contract).toEqual({
      ...{ task: 'classification', channels: 'rgb', source: { size: [20, 30], fit: 'cover' }, labels: ['a', 'b'] },
      prepare: [
        { name: 'resize', size: [10, 15] },
        { name: 'center-crop', size: [8, 8] },
      ],
      ...{ mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
    });
    model.dispose();
  });

  it('of a network that names nothing has no labels', async () => {
    const checkpoint = await checkpointOf('cdcn', { mapSize: 8 }, { classes: [], source: [64, 64, 3], input: [64, 64, 3] }, []);
    const { path: file } = await freezeCheckpoint(checkpoint, path.join(folder, 'depth'));
    const model = await load(fs.readFileSync(file), { threads: 1 });
    expect(model.facts).toMatchObject({ output: [8, 8], contract: { task: 'depth-map', labels: null } });
    model.dispose();
  });

  it('refuses a transform that a runtime does not know, and writes nothing', async () => {
    const images: Images = { classes: ['a', 'b'], source: [8, 8, 3], input: [8, 8, 3] };
    const checkpoint = await checkpointOf('resnet20', tiny, images, [{ name: 'flip', probability: 1 }]);
    const out = path.join(folder, 'none');
    await expect(freezeCheckpoint(checkpoint, out)).rejects.toThrow(UnsupportedError);
    expect(fs.existsSync(out)).toBe(false);
  });
});
