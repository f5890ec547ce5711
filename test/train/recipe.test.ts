import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createShapeEngine } from '../../src/engine/shapes.js';
import { ConfigError } from '../../src/errors.js';
import { createRecipeModel } from '../../src/train/model.js';
import { applyOverrides } from '../../src/train/overrides.js';
import { parseRecipe, type Recipe, type RecipeInput } from '../../src/train/recipe.js';
import { loadRecipe, recipes } from '../../src/train/recipes/index.js';

const least: RecipeInput = {
  name: 'least',
  model: { name: 'resnet20' },
  optimizer: { name: 'sgd', learningRate: 0.1 },
  epochs: 2,
  batchSize: 4,
};

function failure(make: () => unknown): ConfigError {
  try {
    make();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return error as ConfigError;
  }
  throw new Error('nothing was thrown');
}

describe('parseRecipe', () => {
  it('fills in every option', () => {
    const recipe = parseRecipe(least);
    expect(recipe).toMatchObject({
      transforms: { train: [], evaluate: [] },
      optimizer: { name: 'sgd', learningRate: 0.1, momentum: 0, nesterov: false, weightDecay: 0, decay: 'weights' },
      schedule: { name: 'cosine', end: 0, warmup: null },
      loss: { name: 'cross-entropy', smoothing: 0, lasso: 0 },
      validation: { fraction: 0.1, count: null },
      gradientClip: null,
      averageWeights: null,
      seed: 0,
    });
    expect(parseRecipe(recipe)).toEqual(recipe);
  });

  it.each<[object, string, RegExp]>([
    [{ epoch: 3 }, 'epoch', /Did you mean "epochs"\?/],
    [{ optimizer: { name: 'sgd', learningrate: 0.1 } }, 'optimizer.learningrate', /Did you mean "learningRate"\?/],
    [
      { optimizer: { name: 'adam', learningRate: 1, momentum: 0.9 } },
      'optimizer.momentum',
      /Known here: name, learningRate, beta1/,
    ],
    [{ optimizer: { name: 'adamW', learningRate: 1 } }, 'optimizer.name', /one of sgd, adam, adamw\. Did you mean "adamw"\?/],
    [{ optimizer: { name: 'sgd' } }, 'optimizer.learningRate', /is missing; it needs a number/],
    [{ epochs: 0 }, 'epochs', /got 0, needs a number of at least 1/],
    [{ epochs: 1.5 }, 'epochs', /got 1\.5, needs a whole number/],
    [{ loss: { smoothing: 1 } }, 'loss.smoothing', /got 1, needs a number of less than 1/],
    [{ loss: { smoothing: '0.1' } }, 'loss.smoothing', /got "0\.1", needs a number/],
    [{ transforms: { train: [{ name: 'crop', paddding: 2 }] } }, 'transforms.train.0.paddding', /Did you mean "padding"\?/],
    [{ transforms: { train: [{ name: 'filp' }] } }, 'transforms.train.0.name', /Did you mean "flip"\?/],
    [{ validation: { fraction: 0.1, count: 5 } }, 'validation', /a fraction, a count or the split: one of them/],
    [{ validation: { count: 5, split: true } }, 'validation', /one of them/],
    [{ loss: { name: 'dept' } }, 'loss.name', /one of cross-entropy, depth\. Did you mean "depth"\?/],
    [{ loss: { name: 'depth', smoothing: 0.1 } }, 'loss.smoothing', /Known here: name, contrast/],
    [{ loss: { smothing: 0.1 } }, 'loss.smothing', /Did you mean "smoothing"\?/],
    [{ sampling: { balance: 'class' } }, 'sampling.balance', /one of none, label, species/],
    [{ data: { size: 'big' } }, 'data.size', /a whole number or a list|a number or a list/],
  ])('refuses %j and says why', (part, key, text) => {
    const error = failure(() => parseRecipe({ ...least, ...part }));
    expect(error.key).toBe(key);
    expect(error.message).toMatch(text);
  });

  it('refuses what is no object', () => {
    expect(failure(() => parseRecipe(5)).message).toMatch(/got 5, needs an object/);
  });
});

describe('applyOverrides', () => {
  const recipe = recipes['ftbnn-tiny-fashion'];
  const change = (...assignments: string[]): Recipe => applyOverrides(recipe, assignments);

  it('sets numbers, text, lists and options of the model, and leaves the recipe as it was', () => {
    const before = structuredClone(recipe);
    const changed = change(
      'epochs=3',
      'optimizer.learningRate=0.5',
      'data.source=12',
      'model.options.widths=[8,16]',
      'transforms.train.0.padding=2',
    );
    expect(changed.epochs).toBe(3);
    expect(changed.optimizer.learningRate).toBe(0.5);
    expect(changed.data.source).toBe('12');
    expect(changed.model.options['widths']).toEqual([8, 16]);
    expect(changed.transforms.train[0]).toMatchObject({ name: 'crop', padding: 2 });
    expect(recipe).toEqual(before);
  });

  it('chooses another optimiser or schedule, and keeps the options that both know', () => {
    const changed = change(
      'optimizer.name=sgd',
      'optimizer.momentum=0.9',
      'schedule.name=multistep',
      'schedule.milestones=[1,2]',
    );
    expect(changed.optimizer).toMatchObject({ name: 'sgd', learningRate: recipe.optimizer.learningRate, momentum: 0.9 });
    expect(changed.optimizer).not.toHaveProperty('beta1');
    expect(changed.schedule).toMatchObject({ name: 'multistep', milestones: [1, 2], warmup: recipe.schedule.warmup });
  });

  it('holds out a count in place of a fraction', () => {
    expect(change('validation.count=7').validation).toEqual({ fraction: null, count: 7, split: false });
    expect(change('validation.count=7', 'validation.fraction=0.2').validation).toEqual({
      fraction: 0.2,
      count: null,
      split: false,
    });
  });

  it('chooses by images of their own in place of either', () => {
    expect(change('validation.split=true').validation).toEqual({ fraction: null, count: null, split: true });
    expect(change('validation.split=true', 'validation.count=9').validation).toEqual({ fraction: null, count: 9, split: false });
    expect(change('validation.split=false').validation).toEqual(recipe.validation);
  });

  it('chooses another loss, without the options of the one before', () => {
    expect(change('loss.smoothing=0.1', 'loss.name=depth', 'loss.contrast=0.5').loss).toEqual({ name: 'depth', contrast: 0.5 });
    expect(change('loss.name=depth', 'loss.name=cross-entropy').loss).toEqual(recipe.loss);
  });

  it('takes values with = in them, quotes around text, and null', () => {
    expect(change('description=a=b').description).toBe('a=b');
    expect(change('data.source="x y"').data.source).toBe('x y');
    expect(change('data.source=null').data.source).toBeNull();
  });

  it.each<[string, string, RegExp]>([
    ['epochs', '', /needs key=value/],
    ['epochs=', 'epochs', /needs a value/],
    ['epochs=many', 'epochs', /got "many", needs a/],
    ['optimzer.learningRate=1', 'optimzer', /Did you mean "optimizer"\?/],
    ['optimizer.learningrate=1', 'optimizer.learningrate', /Did you mean "learningRate"\?/],
    ['transforms.train.9.padding=1', 'transforms.train.9', /The list has 3 entries, numbered from 0/],
    ['epochs.x=1', 'epochs.x', /there is no such key/],
    ['optimizer.name=adma', 'optimizer.name', /Did you mean "adam"\?/],
    ['constructor.x=1', 'constructor', /there is no such key/],
    ['__proto__.x=1', '__proto__', /there is no such key/],
    ['model.options.__proto__=[1]', 'model.options.__proto__', /there is no such key/],
    ['optimizer.learningRate=1e999', 'optimizer.learningRate', /got Infinity, needs a number/],
    ['name=../elsewhere', 'name', /needs a name without slashes/],
  ])('refuses %s', (assignment, key, text) => {
    const error = failure(() => change(assignment));
    expect(error.key).toBe(key);
    expect(error.message).toMatch(text);
  });

  it('says how to set inside of what is null', () => {
    const none = applyOverrides(recipe, ['schedule.warmup=null']);
    expect(failure(() => applyOverrides(none, ['schedule.warmup.epochs=2'])).message).toContain('schedule.warmup={"epochs":2}');
    expect(applyOverrides(none, ['schedule.warmup={"epochs":2}']).schedule.warmup).toEqual({ epochs: 2, start: 0.01 });
  });
});

describe('loadRecipe', () => {
  it.each(Object.keys(recipes))('%s makes its network', (name) => {
    const recipe = loadRecipe(name);
    expect(recipe.name).toBe(name);
    const inChannels = name.includes('fashion') ? 1 : 3;
    const model = createRecipeModel(recipe, createShapeEngine(), { classes: 10, inChannels });
    expect(model.parameters().size).toBeGreaterThan(10);
  });

  it.each(Object.keys(recipes))('%s holds out a part of however few images there are', (name) => {
    expect(loadRecipe(name).validation.count).toBeNull();
  });

  it('says where in the recipe an option of the network is wrong', () => {
    const recipe = applyOverrides(recipes['ftbnn-tiny-fashion'], ['model.options.widht=[8]']);
    const error = failure(() => createRecipeModel(recipe, createShapeEngine(), { classes: 10, inChannels: 1 }));
    expect(error.key).toBe('model.options.widht');
    expect(error.message).toContain('Did you mean "widths"?');
  });

  it('suggests the nearest name', () => {
    expect(failure(() => loadRecipe('resnet-cifar10')).message).toContain('Did you mean "resnet20-cifar10"?');
  });

  it('reads a file', () => {
    const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'gossamer-')), 'mine.json');
    expect(failure(() => loadRecipe(file)).message).toMatch(/cannot be read/);
    fs.writeFileSync(file, '{');
    expect(failure(() => loadRecipe(file)).message).toMatch(/is not JSON/);
    fs.writeFileSync(file, JSON.stringify(least));
    expect(loadRecipe(file)).toEqual(parseRecipe(least));
  });
});
