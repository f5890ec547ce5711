import fs from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../src/engine/index.js';
import { createShapeEngine } from '../../src/engine/shapes.js';
import { ConfigError, FormatError } from '../../src/errors.js';
import { summarize } from '../../src/metrics/summary.js';
import { createModel } from '../../src/models/index.js';
import { createRecipeModel } from '../../src/train/model.js';
import { blockLinearity } from '../../src/train/tables/block-linearity.js';
import { imagesTrained, planOf, tableByName, tables, withEpochs } from '../../src/train/tables/index.js';
import { type CellResult, readResult } from '../../src/train/tables/result.js';
import { linearityCsv, resultsCsv, statistics } from '../../src/train/tables/results.js';
import { runPath, stripes, stripesRecipe } from './helpers.js';

const rowsOf = (name: string) => tableByName(name).rows;
const cost = (table: string, id: string) => {
  const { recipe } = rowsOf(table).find((row) => row.id === id)!;
  const model = createRecipeModel(recipe, createShapeEngine(), { classes: 10, inChannels: 3 });
  return summarize(model, [32, 32, 3]).totals;
};

describe('tables', () => {
  it.each(tables)(
    '$name gives every row the same budget, at least two seeds where rows are compared, and names of its own',
    (table) => {
      const budgets = table.rows.map(
        ({ recipe: { epochs, batchSize, optimizer, schedule, transforms, validation, data, loss } }) =>
          JSON.stringify({
            epochs,
            batchSize,
            optimizer,
            schedule,
            transforms,
            validation,
            images: data.trainImages,
            smoothing: loss.name === 'depth' ? null : loss.smoothing,
          }),
      );
      expect(new Set(budgets).size).toBe(1);
      expect(table.seeds).toBeGreaterThanOrEqual(table.rows.length > 1 ? 2 : 1);
      for (const name of [table.name, ...table.rows.map(({ id }) => id)]) expect(name).toMatch(/^[a-z0-9-]+$/);
      expect(new Set(table.rows.map(({ id }) => id)).size).toBe(table.rows.length);
      expect(new Set(table.rows.map(({ label }) => label)).size).toBe(table.rows.length);
      expect(table.rows.every(({ recipe }) => recipe.data.testImages === null)).toBe(true);
    },
  );

  it('compare group execution at equal or fewer OPs', () => {
    const compact = cost('beyond', 'compact').operations;
    expect(cost('beyond', 'base').operations).toBeGreaterThan(compact);
    for (const id of ['g2', 'g4', 'g8']) expect(cost('beyond', id).operations, id).toBeLessThanOrEqual(compact);
  });

  it('compare dynamic groups with fixed ones of the same MACs, but for the selectors', () => {
    const fixed = cost('dynamic', 'grouped').macs;
    for (const id of ['keep-25', 'heads-1', 'heads-2', 'heads-8', 'random', 'no-lasso']) {
      expect(Math.abs(cost('dynamic', id).macs / fixed - 1), id).toBeLessThan(0.04);
    }
    expect(cost('dynamic', 'dense').macs).toBeGreaterThan(1.5 * fixed);
  });

  it('compare the same operations in all rows of the 1-bit network', () => {
    const costs = rowsOf('nonlinearity').map(({ id }) => cost('nonlinearity', id).operations);
    expect(new Set(costs).size).toBe(1);
  });

  it('names the nearest table', () => {
    expect(() => tableByName('dynamics')).toThrow(/Did you mean "dynamic"\?/);
  });

  it('counts the images that a run trains on', () => {
    const { recipe } = rowsOf('baseline')[0]!;
    expect(imagesTrained(recipe)).toBe(25 * 49_000);
    expect(imagesTrained({ ...recipe, epochs: 2, validation: { ...recipe.validation, fraction: null, count: 500 } })).toBe(
      2 * 49_500,
    );
  });
});

describe('planOf', () => {
  const table = tableByName('dynamic');
  const ids = (rows?: string[], seeds?: number) =>
    planOf(table, { out: 'runs', data: '/data', rows, seeds }).map(({ row, seed }) => `${row.id}/${seed}`);

  it('trains all rows with one seed before the next seed', () => {
    const plan = ids();
    expect(plan).toHaveLength(table.rows.length * table.seeds);
    expect(plan.slice(0, table.rows.length).every((cell) => cell.endsWith('/0'))).toBe(true);
  });

  it('chooses rows by name and pattern', () => {
    expect(ids(['heads-*', 'dense'], 1)).toEqual(['dense/0', 'heads-1/0', 'heads-2/0', 'heads-8/0']);
    expect(ids(['dense'], 3)).toEqual(['dense/0', 'dense/1', 'dense/2']);
    expect(() => ids(['keep-5'])).toThrow(/Did you mean "keep-50"\?/);
    expect(() => ids(['.*dense'])).toThrow(ConfigError);
  });

  it('gives each run its seed, its data and a folder of its own', () => {
    const [cell] = planOf(table, { out: 'runs', data: '/data', rows: ['dense'], seeds: 1 });
    expect(cell).toMatchObject({ table: 'dynamic', folder: path.join('runs', 'dynamic', 'dense-seed0') });
    expect(cell!.recipe).toMatchObject({ seed: 0, data: { source: '/data', trainImages: 30_000 } });
  });

  it('keeps what was trained for other epochs apart, and says so', () => {
    const short = withEpochs(table, 2);
    expect(short.name).toBe('dynamic-epochs2');
    expect(short.rows.every(({ recipe }) => recipe.epochs === 2)).toBe(true);
    expect(short.caveats[0]).toMatch(/^Not the table's own budget/);
  });
});

const result: CellResult = {
  table: 'dynamic',
  row: 'dense',
  recipe: 'dynamic-dense',
  seed: 1,
  epochs: 5,
  images: 27_000,
  bestEpoch: 4,
  parameters: 100,
  macs: 2000,
  bops: 640,
  ops: 2010,
  top1Validation: 0.70126,
  top1Test: 0.69994,
  seconds: 12.34,
  imagesPerSecond: 456.78,
  commit: 'abc1234',
  linearity: [{ block: 'blocks.0', branch: 0.5, output: -0.25 }],
};
const rows = [
  { row: rowsOf('dynamic')[0]!, results: [result, { ...result, seed: 2, top1Validation: null, linearity: [] }] },
  { row: rowsOf('dynamic')[1]!, results: [] },
];

describe('results as CSV', () => {
  it('has a line a run', () => {
    expect(resultsCsv(rows)).toBe(
      'table,row,recipe,seed,epochs,images,best_epoch,parameters,macs,bops,ops,top1_validation,top1_test,seconds,images_per_second,commit\n' +
        'dynamic,dense,dynamic-dense,1,5,27000,4,100,2000,640,2010,0.7013,0.6999,12.3,456.8,abc1234\n' +
        'dynamic,dense,dynamic-dense,2,5,27000,4,100,2000,640,2010,,0.6999,12.3,456.8,abc1234\n',
    );
  });

  it('has a line a block where that was measured', () => {
    expect(linearityCsv(rows)).toBe(
      'table,row,seed,block,linear_share_branch,linear_share_output\ndynamic,dense,1,blocks.0,0.5000,-0.2500\n',
    );
    expect(linearityCsv([])).toBeNull();
  });

  it('knows mean and spread', () => {
    expect(statistics([0.5, 0.75])).toEqual({ mean: 0.625, lowest: 0.5, highest: 0.75 });
    expect(statistics([])).toBeNull();
  });
});

describe('readResult', () => {
  const folder = path.dirname(runPath());
  const summary = path.join(folder, 'summary.json');
  const failure = () => {
    try {
      readResult(folder);
    } catch (error) {
      return error as FormatError;
    }
    throw new Error('nothing was thrown');
  };

  it('reads what a run came to, and nothing while it is not finished', () => {
    expect(readResult(folder)).toBeNull();
    fs.writeFileSync(summary, JSON.stringify(result));
    expect(readResult(folder)).toEqual(result);
  });

  it.each([
    ['{', /is not JSON/],
    ['{}', /"table" is wrong/],
    [JSON.stringify({ ...result, top1Test: 2 }), /"top1Test" is wrong/],
  ])('refuses %s', (text, message) => {
    fs.writeFileSync(summary, text);
    expect(failure()).toBeInstanceOf(FormatError);
    expect(failure().reason).toBe('bad-summary');
    expect(failure().message).toMatch(message);
  });
});

describe('blockLinearity', () => {
  const source = stripes(120);
  const everything = { source, indices: Int32Array.from({ length: 120 }, (_, i) => i) };
  const recipe = stripesRecipe();

  it('measures every block, alike each time, and finds real convolutions linear and signs not', async () => {
    const engine = await createEngine({ threads: 1 });
    afterAll(() => engine.dispose());
    const create = (options: object) =>
      createModel('ftbnn-tiny', {
        engine,
        widths: [4, 4],
        blocks: [1, 1],
        strides: [1, 2],
        classes: 3,
        activation: 'none',
        ...options,
      });
    const real = await blockLinearity(create({ convolution: 'real' }), everything, recipe);
    expect(real.map(({ block }) => block)).toEqual(['blocks.0', 'blocks.1']);
    for (const { branch, output } of real) {
      expect(branch).toBeGreaterThan(0.999);
      expect(output).toBeGreaterThan(0.999);
    }
    const model = create({});
    const binary = await blockLinearity(model, everything, recipe);
    for (const { branch } of binary) expect(branch).toBeLessThan(0.95);
    expect(await blockLinearity(model, everything, recipe)).toEqual(binary);
    expect(model.training).toBe(true);
  });
});
