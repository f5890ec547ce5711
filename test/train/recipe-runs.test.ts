import { afterAll, describe, expect, it } from 'vitest';
import { PixelSource, shareLabels } from '../../src/data/pixels.js';
import { createEngine } from '../../src/engine/index.js';
import type { StepEvent } from '../../src/train/events.js';
import type { Recipe } from '../../src/train/recipe.js';
import { isPaperRecipe, type RecipeName, recipes } from '../../src/train/recipes/index.js';
import { tables } from '../../src/train/tables/index.js';
import { train } from '../../src/train/train.js';
import { drawnFaces, side } from './drawn-faces.js';

/** Keeps every recipe and every row of every table running: a few steps on a few made-up images. */
const engine = await createEngine({ threads: 2 });
afterAll(() => engine.dispose());

function made(length: number, side: number, channels: 1 | 3): PixelSource {
  const pixels = new SharedArrayBuffer(length * side * side * channels);
  new Uint8Array(pixels).forEach((_, i, all) => {
    all[i] = (31 * i + 17 * (i % 7) + Math.floor(i / 100)) % 256;
  });
  return new PixelSource({
    kind: 'pixels',
    name: 'made',
    classes: Array.from({ length: 10 }, (_, i) => `class ${i}`),
    length,
    height: side,
    width: side,
    channels,
    pixels,
    labels: shareLabels(Int32Array.from({ length }, (_, i) => i % 10)),
  });
}

const images = {
  cifar10: made(8, 32, 3),
  imagenet: made(8, 80, 3),
  fashion: made(8, 28, 1),
  faces: drawnFaces(8),
};

async function lossesOf(recipe: Recipe, source: PixelSource): Promise<number[]> {
  const steps: StepEvent[] = [];
  const result = await train({
    engine,
    data: { train: source },
    recipe: {
      ...recipe,
      epochs: 1,
      batchSize: 4,
      validation: { fraction: 0, count: null },
      transforms: smaller(recipe.transforms),
    },
    workers: 0,
    onEvent: (event) => event.kind === 'step' && steps.push(event),
  });
  result.model.dispose();
  return steps.map(({ loss }) => loss);
}

/** ImageNet's windows of 224 pixels, and faces of 128 and 256, take ten times as long and show nothing more. */
function smaller({ train, evaluate }: Recipe['transforms']): Recipe['transforms'] {
  const shrink = (list: Recipe['transforms']['train']) =>
    list.map((transform) => {
      if (transform.name === 'face-scale') return { ...transform, size: side };
      return 'size' in transform && transform.size === 224 ? { ...transform, size: 64 } : transform;
    });
  return { train: shrink(train), evaluate: shrink(evaluate) };
}

function sourceFor(name: string): PixelSource {
  if (recipes[name as RecipeName].loss.name === 'depth') return images.faces;
  if (name.endsWith('-fashion')) return images.fashion;
  return name.endsWith('-imagenet') ? images.imagenet : images.cifar10;
}

describe('recipes', () => {
  it.each(Object.entries(recipes))('%s runs', async (name, recipe) => {
    const losses = await lossesOf(recipe, sourceFor(name));
    expect(losses.length).toBe(2);
    for (const loss of losses) expect(loss).toBeGreaterThan(0);
  });

  it('those of the papers train as long as the papers did', () => {
    const papers = Object.values(recipes).filter(({ name }) => isPaperRecipe(name));
    expect(Object.fromEntries(papers.map(({ name, epochs, batchSize }) => [name, [epochs, batchSize]]))).toEqual({
      'dydensenet86-cifar10': [300, 64],
      'dydensenet-imagenet': [120, 256],
      'dyresnet18-imagenet': [120, 256],
      'bireal18-imagenet': [256, 512],
      'ftbnn-base-imagenet': [256, 512],
      'ftbnn-compact-imagenet': [256, 512],
      'ftbnn-g4-imagenet': [256, 512],
      cdcn: [1400, 7],
      cdcnpp: [1400, 7],
    });
  });
});

describe.each(tables)('rows of the table $name', ({ rows }) => {
  it.each(rows)('$id runs', async ({ recipe }) => {
    const losses = await lossesOf(recipe, images.cifar10);
    expect(losses.length).toBe(2);
    for (const loss of losses) expect(loss).toBeGreaterThan(0);
  });
});
