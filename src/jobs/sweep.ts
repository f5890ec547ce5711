import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { parseConfig } from '../config/parse.js';
import { fashionMnistSample } from '../data/sample.js';
import { ConfigError } from '../errors.js';
import { Rng } from '../tensor/rng.js';
import { sampleName } from '../train/dataset.js';
import { applyOverrides, loadRecipe, type Recipe } from '../train/index.js';
import { packageVersion } from '../train/tables/version.js';
import { digestOfPlace } from './data-digest.js';
import { foldsOf, foldsSchema, type Settings, settingsSchema, settingValue } from './folds.js';
import type { Run } from './run.js';
import { type Task, taskId } from './task.js';

const range = z.tuple([z.number(), z.number()]).refine(([low, high]) => low < high, 'a lower and a higher number');

const distribution = z.union([
  z.strictObject({ choice: z.array(settingValue).min(1) }),
  z.strictObject({ uniform: range }),
  /** Evenly over the logarithm. */
  z.strictObject({ logUniform: range.refine(([low]) => low > 0, 'numbers above 0') }),
  /** Whole numbers, both ends among them. */
  z.strictObject({ integer: z.tuple([z.int(), z.int()]).refine(([low, high]) => low <= high, 'a lower and a higher number') }),
]);

const seeds = z.union([
  z.array(z.int().min(0)).min(1),
  z
    .int()
    .min(1)
    .max(10_000)
    .transform((count) => [...Array(count).keys()]),
]);

export const sweepSchema = z.strictObject({
  /** A recipe's name, or a .json file beside this one. */
  recipe: z.string().min(1),
  /** Folder or file of the data, seen from this file; where the recipe says, unless given. */
  data: z.string().nullable().default(null),
  /** What all runs change of the recipe. */
  set: settingsSchema.default({}),
  seeds: seeds.default([0]),
  /** Every combination of these values is a run. */
  grid: z.record(z.string().min(1), z.array(settingValue).min(1)).default({}),
  /** So many runs with values drawn by this seed. */
  random: z
    .strictObject({
      count: z.int().min(1).max(10_000),
      seed: z.int().default(0),
      space: z.record(z.string().min(1), distribution),
    })
    .nullable()
    .default(null),
  folds: foldsSchema.default([]),
});

export type Sweep = z.output<typeof sweepSchema>;

/** A run of a sweep, and what it sets. */
export interface SweepRun extends Run {
  readonly settings: Settings;
}

/**
 * Reads a sweep from a JSON file.
 * @throws ConfigError for a file that cannot be read, is not JSON, or says something that a sweep has not
 */
export function readSweep(file: string): Sweep {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError('sweep', `${file} cannot be read (${(error as Error).message}).`, { cause: error });
  }
  let plain: unknown;
  try {
    plain = JSON.parse(text);
  } catch (error) {
    throw new ConfigError('sweep', `${file} is not JSON (${(error as Error).message}).`, { cause: error });
  }
  return parseConfig(sweepSchema, plain);
}

/**
 * All runs of a sweep, first every setting with the first seed, then with the next, so that a sweep that is cut short compares all settings.
 * @param folder from which the sweep's recipe and data are seen
 * @throws ConfigError for settings that the recipe has not, or a protocol that has no such folds; DataError for data that is not there, FormatError for
 *   faces that are not prepared
 */
export async function runsOf(sweep: Sweep, folder: string): Promise<readonly SweepRun[]> {
  const own = /[/\\]|\.json$/.test(sweep.recipe) ? path.resolve(folder, sweep.recipe) : sweep.recipe;
  const recipe = applyOverrides(loadRecipe(own), assignmentsOf(sweep.set));
  const folds = await foldsOf(sweep.folds, () => placeOf(recipe, sweep.data, folder));
  const points = pointsOf(sweep);
  const digests = new Map<string, Promise<string>>();
  const runs: SweepRun[] = [];
  for (const seed of sweep.seeds) {
    for (const point of points) {
      for (const fold of folds) {
        const place = placeOf(recipe, fold.data ?? sweep.data, folder);
        const digest = digests.get(place) ?? digestOfPlace(place);
        digests.set(place, digest);
        const changed = applyOverrides(recipe, assignmentsOf({ ...point, ...fold.set }));
        const order = { task: { ...trainTask(changed, seed), data: await digest, fold: fold.name }, place };
        runs.push({ id: taskId(order.task, packageVersion()), order, name: nameOf(point, seed, fold.name), settings: point });
      }
    }
  }
  return expectDistinct(runs);
}

/** `learningRate=0.1 smoothing=0, seed 1, fold a` */
function nameOf(settings: Settings, seed: number, fold: string | null): string {
  const set = describeSettings(settings);
  return [...(set === '' ? [] : [set]), `seed ${seed}`, ...(fold === null ? [] : [`fold ${fold}`])].join(', ');
}

/** `learningRate=0.1 smoothing=0`, in five digits; keys that end alike, or in `name`, in full. Empty for none. */
export function describeSettings(settings: Settings): string {
  const ends = Object.keys(settings).map((key) => key.split('.').at(-1)!);
  const isShared = (end: string) => end === 'name' || ends.indexOf(end) !== ends.lastIndexOf(end);
  return Object.entries(settings)
    .map(
      ([key, wanted], i) =>
        `${isShared(ends[i]!) ? key : ends[i]}=${JSON.stringify(typeof wanted === 'number' ? Number(wanted.toPrecision(5)) : wanted)}`,
    )
    .join(' ');
}

/** Where the data lies and the seed are told apart from the recipe. */
function trainTask(recipe: Recipe, seed: number): Omit<Task, 'data' | 'fold'> {
  const { seed: _, ...rest } = recipe;
  const plain = { ...rest, data: { ...rest.data, source: null } };
  return { what: 'train', config: { recipe: JSON.parse(JSON.stringify(plain)) }, seed };
}

function placeOf(recipe: Recipe, data: string | null, folder: string): string {
  if (data !== null && data !== sampleName) return path.resolve(folder, data);
  const place = data ?? recipe.data.source;
  if (place === null)
    throw new ConfigError('data', `the recipe ${recipe.name} does not say where its images lie: name the folder.`);
  return place === sampleName ? fashionMnistSample() : path.resolve(place);
}

function assignmentsOf(set: Settings): string[] {
  return Object.entries(set).map(([key, wanted]) => `${key}=${JSON.stringify(wanted)}`);
}

/** Combinations of the grid, each with every point drawn at random. */
function pointsOf({ grid, random }: Sweep): readonly Settings[] {
  const combinations = Object.entries(grid).reduce<Settings[]>(
    (points, [key, values]) => points.flatMap((point) => values.map((wanted) => ({ ...point, [key]: wanted }))),
    [{}],
  );
  if (!random) return combinations;
  const drawn = Array.from({ length: random.count }, (_, i) => {
    const rng = Rng.for(random.seed, i);
    return Object.fromEntries(Object.entries(random.space).map(([key, from]) => [key, draw(from, rng)]));
  });
  return combinations.flatMap((point) => drawn.map((other) => ({ ...point, ...other })));
}

function draw(from: z.output<typeof distribution>, rng: Rng): Settings[string] {
  if ('choice' in from) return from.choice[rng.integer(from.choice.length)]!;
  if ('uniform' in from) return rng.uniform(...from.uniform);
  if ('logUniform' in from) return Math.exp(rng.uniform(Math.log(from.logUniform[0]), Math.log(from.logUniform[1])));
  const [low, high] = from.integer;
  return low + rng.integer(high - low + 1);
}

/** @throws ConfigError for two runs that would be the same */
function expectDistinct(runs: readonly SweepRun[]): readonly SweepRun[] {
  const seen = new Map<string, SweepRun>();
  for (const run of runs) {
    const other = seen.get(run.id);
    if (other) {
      const twice = JSON.stringify({ ...run.settings, seed: run.order.task.seed, fold: run.order.task.fold });
      throw new ConfigError('sweep', `has the same run twice: ${twice}. Leave out what does not change anything.`);
    }
    seen.set(run.id, run);
  }
  return runs;
}
