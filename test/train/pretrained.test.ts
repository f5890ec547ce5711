import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createEngine } from '../../src/engine/index.js';
import { scope } from '../../src/tensor/scope.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { readCheckpoint } from '../../src/train/checkpoint.js';
import { loadModel } from '../../src/train/model.js';
import { isPretrained, pretrained, pretrainedModels } from '../../src/train/pretrained.js';
import { recipes } from '../../src/train/recipes/index.js';

const card = fs.readFileSync(new URL('../../assets/models/README.md', import.meta.url), 'utf8');

describe.each(pretrainedModels)('%s', (name) => {
  const file = pretrained(name);

  it('is small, was trained by its recipe, and says nothing of the machine', async () => {
    const { holds, recipe, classes, optimizer, progress } = await readCheckpoint(file);
    expect(fs.statSync(file).size).toBeLessThan(350 * 1024);
    expect({ holds, optimizer }).toEqual({ holds: 'weights', optimizer: new Map() });
    const { data, ...rest } = recipe;
    const { data: ours, ...expected } = recipes[name];
    expect(rest).toEqual(expected);
    expect(data).toEqual({ ...ours, source: null });
    expect([classes.length, progress.epoch]).toEqual([10, progress.best!.epoch]);
  });

  it('tells pictures apart', async () => {
    const engine = await createEngine({ threads: 1 });
    const { model } = await loadModel(file, engine);
    const answers = scope(engine, () => {
      const x = Tensor.empty(engine, [2, 32, 32, 3], 'float32');
      x.write(Float32Array.from({ length: 2 * 32 * 32 * 3 }, (_, i) => Math.sin(i / (i < 3072 ? 3 : 50))));
      return [...model.forward(x).toArray()];
    });
    const [first, second] = [answers.slice(0, 10), answers.slice(10)];
    expect(answers.every(Number.isFinite)).toBe(true);
    expect(first).not.toEqual(second);
    engine.dispose();
  });

  it('has a card that tells recipe, seed, licence and accuracy', () => {
    const at = card.indexOf(`## ${name}`);
    expect(at).toBeGreaterThan(0);
    const section = card.slice(at).split('\n## ', 2).join('');
    for (const word of ['recipe', 'seed', 'licence', 'test images', 'intended']) expect(section.toLowerCase()).toContain(word);
    expect(section).toMatch(/\d\d\.\d %/);
  });
});

it('knows the names that ship', () => {
  expect(isPretrained('ftbnn-tiny-cifar10')).toBe(true);
  expect(isPretrained('resnet20')).toBe(false);
});
