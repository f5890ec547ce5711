import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.js';
import { createModel, genotypeText } from '../../src/models/index.js';
import { searchAndCompare, searchRecipes } from '../../src/search/index.js';
import { parseSearchRecipe } from '../../src/search/recipe.js';
import { search } from '../../src/search/search.js';
import { readSearchConfig } from '../../src/search/search-folder.js';
import { chooseModel, loadRecipe, train } from '../../src/train/index.js';
import { runPath, stripes } from '../train/helpers.js';
import { stripesSearch } from './helpers.js';

const data = { train: stripes(120), test: stripes(60, 2) };
const engine = { threads: 1, autotune: 'off' } as const;

const recipe = stripesSearch({
  differentiable: { epochs: 2, warmup: 0.5, partial: 2, learningRate: 0.1 },
  trial: { epochs: 1 },
  random: { candidates: 3 },
  evolution: { candidates: 4, population: 3, sample: 2 },
  byHand: { plain: [0, 1, 2].map(() => ({ nodes: [{ from: 0, operation: 'conv' }], output: [1] })) },
});

const json = (...file: string[]) => JSON.parse(fs.readFileSync(path.join(...file), 'utf8'));

describe('search', () => {
  it('leaves a folder with what it began with, the genotype and the result', async () => {
    const folder = runPath();
    const result = await search({ recipe, data, folder, engine });
    expect(result).toMatchObject({ strategy: 'differentiable', seed: 3, recipe: 'stripes', unit: 'macs', nodes: 2 });
    expect(result.cost).toMatchObject({ milliseconds: null });
    expect(result.bytesPeak).toBeGreaterThan(0);
    expect(json(folder, 'result.json')).toEqual(JSON.parse(JSON.stringify(result)));
    const { name, options } = chooseModel(`genotype:${path.join(folder, 'genotype.json')}`);
    expect(options['genotype']).toBe(genotypeText(result.genotype));
    expect(createModel(name, { ...options, classes: 3, inChannels: 1 }).parameters().size).toBeGreaterThan(0);
    const recipeFile = path.join(folder, 'recipe.json');
    const trained = await train({ recipe: loadRecipe(recipeFile), data, run: runPath(), threads: 1 });
    expect(trained.epochs).toHaveLength(4);
    trained.engine.dispose();
    expect(readSearchConfig(folder)).toMatchObject({ strategy: 'differentiable', recipe });

    await expect(search({ recipe, data, folder, engine })).rejects.toThrow(/holds a run already/);
    // It is done: what goes on comes to the same.
    const again = await search({ recipe, data, folder, engine, resume: true });
    expect(again.genotype).toEqual(result.genotype);
    expect(again.course).toEqual(result.course);
  });

  it('refuses to go on with what is not there, and to start with a budget that is too small', async () => {
    const folder = runPath();
    await expect(search({ recipe, data, folder, engine, resume: true })).rejects.toThrow(/there is no search in/);
    for (const strategy of ['differentiable', 'random', 'evolution'] as const) {
      const error = await search({ recipe, data, folder, engine, strategy, budget: 1e-9 }).catch((thrown) => thrown);
      expect(error).toBeInstanceOf(ConfigError);
      expect(error).toMatchObject({
        key: 'budget',
        message: expect.stringMatching(/less than the least of this search takes here/),
      });
    }
    await expect(search({ recipe, data, folder, engine, budget: Number.NaN })).rejects.toThrow(/^budget: got NaN, needs hours/);
    // Nothing was begun: the folder is free.
    await expect(search({ recipe, data, folder, engine })).resolves.toMatchObject({ seed: 3 });
  });

  it('writes down what a budget of hours comes to, and goes on with that', async () => {
    const folder = runPath();
    const stop = new AbortController();
    const budget = 1;
    const begun = search({ recipe, data, folder, engine, budget, signal: stop.signal, onEvent: () => stop.abort('begun') });
    await expect(begun).rejects.toBe('begun');
    const { epochs } = readSearchConfig(folder).recipe.differentiable;
    expect(epochs).toBeGreaterThan(10);
    const config = json(folder, 'config.json');
    config.recipe.differentiable.epochs = 2;
    fs.writeFileSync(path.join(folder, 'config.json'), JSON.stringify(config));
    const { course } = await search({ recipe, data, folder, engine, resume: true });
    expect(course.map(({ epoch }) => epoch)).toEqual([1, 2]);
  });
});

describe('a campaign', () => {
  it('searches by every strategy, trains what was found and what was made by hand, and goes on where it was stopped', async () => {
    const folder = runPath();
    const options = { recipe, data, folder, engine, seeds: [3], trainingSeeds: [1, 2] };
    const stop = new AbortController();
    const parts: string[] = [];
    const onPart = ({ kind, name, number, of }: { kind: string; name: string; number: number; of: number }) => {
      parts.push(`${kind} ${number}/${of} ${name}`);
      if (kind === 'training' && number === 2) stop.abort('enough');
    };
    await expect(searchAndCompare({ ...options, signal: stop.signal, onPart })).rejects.toBe('enough');
    const { comparison, results } = await searchAndCompare({ ...options, resume: true, onPart });
    expect(parts.slice(0, 4)).toEqual([
      'search 1/3 differentiable, seed 3',
      'search 2/3 random, seed 3',
      'search 3/3 evolution, seed 3',
      'training 1/8 stripes-differentiable-3',
    ]);
    expect(results.map(({ strategy, candidates }) => [strategy, candidates.length])).toEqual([
      ['differentiable', 0],
      ['random', 3],
      ['evolution', 4],
    ]);
    expect(comparison.networks.map(({ name, scores }) => [name, scores.length])).toEqual([
      ['differentiable', 2],
      ['random', 2],
      ['evolution', 2],
      ['plain', 2],
    ]);
    expect(comparison.networks.every(({ scores }) => scores.every((score) => score > 1 / 3))).toBe(true);
    expect(comparison.verdict).toMatch(
      /^differentiable \d+\.\d % at .* MACs.*The differentiable search (beat|did not beat) random/,
    );
    expect(json(folder, 'comparison.json')).toEqual(JSON.parse(JSON.stringify(comparison)));
    // Nothing of it is done again.
    const log = path.join(folder, 'trained', 'stripes-by-hand-plain-training-2', 'log.jsonl');
    const before = fs.readFileSync(log, 'utf8');
    expect((await searchAndCompare({ ...options, resume: true })).comparison).toEqual(comparison);
    expect(fs.readFileSync(log, 'utf8')).toBe(before);
  });
});

describe('search recipes', () => {
  it.each(Object.values(searchRecipes))('$name has networks by hand within its space', ({ byHand, space }) => {
    expect(Object.keys(byHand).length).toBeGreaterThan(0);
    const used = Object.values(byHand).flatMap((cells) => cells.flatMap(({ nodes }) => nodes.map(({ operation }) => operation)));
    expect(used.filter((operation) => !space.operations.includes(operation))).toEqual([]);
  });

  it('are refused by the place of what is wrong', () => {
    const refusal = (changes: object) => {
      try {
        parseSearchRecipe({ ...recipe, ...changes });
      } catch (error) {
        return (error as ConfigError).message;
      }
      return 'none';
    };
    const { space, differentiable } = recipe;
    expect(refusal({ space: { ...space, operations: ['conv', 'cvn'] } })).toMatch(/^space\.operations\.1: got "cvn"/);
    expect(refusal({ space: { ...space, operations: ['none', 'conv', 'conv'] } })).toMatch(/each operation once/);
    expect(refusal({ differentiable: { ...differentiable, partial: 3 } })).toMatch(
      /^space\.frame\.widths\.0: got 4, needs a multiple of 3/,
    );
    expect(refusal({ space: { ...space, operations: ['conv', 'dynamic'] } })).toMatch(/multiple of 8: .*4 heads/);
    expect(refusal({ training: { ...recipe.training, loss: { name: 'depth' } } })).toMatch(
      /^space\.frame\.task: is classification/,
    );
    expect(refusal({ evolution: { candidates: 5, population: 2, sample: 3 } })).toMatch(/^evolution\.sample/);
    expect(refusal({ differentiabel: {} })).toMatch(/Did you mean "differentiable"\?/);
  });
});
