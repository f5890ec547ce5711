import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { writePicture } from '../../src/data/index.js';
import { Pipeline } from '../../src/data/pipeline.js';
import { parseTransforms, type TransformInput } from '../../src/data/transforms.js';
import { createEngine } from '../../src/engine/index.js';
import { ConfigError, DataError, FreezeError, UnsupportedError } from '../../src/errors.js';
import { freezeCheckpoint } from '../../src/freeze/index.js';
import { createModel } from '../../src/models/index.js';
import { ImageReader } from '../../src/runtime/images.js';
import { load } from '../../src/runtime/index.js';
import { Plan } from '../../src/runtime/plan.js';
import { Rng } from '../../src/tensor/rng.js';
import { type CheckpointContent, writeCheckpoint } from '../../src/train/checkpoint.js';
import { startingProgress } from '../../src/train/progress.js';
import { parseRecipe, type RecipeInput } from '../../src/train/recipe.js';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gossamer-freeze-'));
afterAll(() => fs.rmSync(folder, { recursive: true }));

type Images = Pick<CheckpointContent, 'classes' | 'input' | 'source' | 'faceCrop'>;
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

  it('refuses what answers otherwise than its steps once it is loaded, and writes nothing', async () => {
    const images: Images = { classes: ['a', 'b'], source: [8, 8, 3], input: [8, 8, 3] };
    const checkpoint = await checkpointOf('resnet20', tiny, images, []);
    const out = path.join(folder, 'otherwise');
    const run = vi.spyOn(Plan.prototype, 'run').mockReturnValue(new Float32Array(2));
    await expect(freezeCheckpoint(checkpoint, out)).rejects.toThrow(FreezeError);
    run.mockRestore();
    expect(fs.existsSync(out)).toBe(false);
  });

  it('compares given pictures too, those of folders in the order of their names, and refuses what is none', async () => {
    const images: Images = { classes: ['a', 'b'], source: [8, 8, 3], input: [8, 8, 3] };
    const checkpoint = await checkpointOf('resnet20', tiny, images, [{ name: 'normalize', mean: [0.5], std: [0.25] }]);
    const pictures = path.join(folder, 'pictures');
    fs.mkdirSync(path.join(pictures, 'below'), { recursive: true });
    fs.writeFileSync(path.join(pictures, 'notes.txt'), 'no picture');
    const draw = (file: string, level: number) =>
      writePicture(file, { data: new Uint8Array(9 * 7 * 3).fill(level), height: 9, width: 7, values: 3 });
    await draw(path.join(pictures, 'below', 'b.png'), 255);
    await draw(path.join(pictures, 'a.png'), 0);
    const single = path.join(folder, 'single.png');
    await draw(single, 51);
    const { verification, answers } = await freezeCheckpoint(checkpoint, path.join(folder, 'compared'), {
      images: [pictures, single],
    });
    expect(verification).toMatchObject({ images: 5, givenImages: 3, whole: { sameBest: 5 } });
    expect(answers.slice(2).map(({ image }) => image[0])).toEqual([-2, 2, expect.closeTo(-1.2, 5)]);

    const out = path.join(folder, 'uncompared');
    const attempt = (...places: string[]) => expect(freezeCheckpoint(checkpoint, out, { images: places })).rejects;
    await attempt(path.join(folder, 'nowhere.png')).toMatchObject({ reason: 'not-found' });
    await attempt(path.join(pictures, 'notes.txt')).toThrow(DataError);
    fs.mkdirSync(path.join(folder, 'empty'));
    await attempt(path.join(folder, 'empty')).toMatchObject({ reason: 'empty' });
    await attempt(...new Array<string>(1001).fill(single)).toThrow(ConfigError);
    expect(fs.existsSync(out)).toBe(false);
  });

  it('of faces knows how they were cut, and shows the middle of them as evaluation does', async () => {
    const faceCrop = { scale: 1.4, aspect: 'stretch', fill: 'black' } as const;
    const images: Images = { classes: [], source: [48, 48, 3], input: [32, 32, 3], faceCrop };
    const transforms: TransformInput[] = [{ name: 'face-scale', stored: 1.4, scales: [1.3], size: 32 }];
    const checkpoint = await checkpointOf('cdcn-s', { mapSize: 4 }, images, transforms);
    const { contract } = await freezeCheckpoint(checkpoint, path.join(folder, 'faces'));
    expect(contract).toMatchObject({
      ...{ task: 'depth-map', source: { size: [48, 48], fit: 'cover' }, faces: faceCrop },
      prepare: [
        { name: 'center-crop', size: [45, 45] },
        { name: 'resize', size: [32, 32] },
      ],
    });
    // The same bits, through the pipeline of training and through the reader of the runtime.
    const pixels = Uint8Array.from({ length: 48 * 48 * 3 }, (_, i) => (i * i) % 253);
    const pipeline = new Pipeline(parseTransforms(transforms), [48, 48, 3]);
    const expected = new Float32Array(32 * 32 * 3);
    pipeline.input.set(pixels);
    pipeline.run(new Rng(1), expected);
    const read = new ImageReader([32, 32, 3], contract).read({ data: pixels, width: 48, height: 48 });
    expect(read.data).toEqual(expected);
  });

  it('refuses a transform that a runtime does not know, and writes nothing', async () => {
    const images: Images = { classes: ['a', 'b'], source: [8, 8, 3], input: [8, 8, 3] };
    const checkpoint = await checkpointOf('resnet20', tiny, images, [{ name: 'flip', probability: 1 }]);
    const out = path.join(folder, 'none');
    await expect(freezeCheckpoint(checkpoint, out)).rejects.toThrow(UnsupportedError);
    expect(fs.existsSync(out)).toBe(false);
  });
});
