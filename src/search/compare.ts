import fs from 'node:fs';
import nodePath from 'node:path';
import { z } from 'zod';
import type { Engine } from '../engine/engine.js';
import { ConfigError, FormatError } from '../errors.js';
import { writeFileAtomic } from '../formats/file.js';
import { countParameters } from '../metrics/cost.js';
import { createModel, type Genotype } from '../models/index.js';
import { openSplit, type TrainingData } from '../train/dataset.js';
import type { TrainEvent } from '../train/events.js';
import { type TestResult, testOn } from '../train/tested.js';
import { train } from '../train/train.js';
import { modelOf, type SearchContext } from './context.js';
import { type CostTable, costIn, costOf, within } from './cost/table.js';
import { type SearchRecipe, trainingRecipe } from './recipe.js';
import { type ComparedNetwork, type Comparison, type CostUnit, type SearchResult, type Strategy, unitNames } from './result.js';
import { genotypeOf } from './space.js';

/** A network that takes part. */
interface Entry extends Omit<ComparedNetwork, 'scores' | 'parameters'> {
  readonly folder: string;
}

export interface CompareOptions {
  readonly recipe: SearchRecipe;
  readonly engine: Engine;
  readonly data: TrainingData;
  readonly input: SearchContext['input'];
  readonly costs: CostTable;
  /** What the searches found; beside them the recipe's networks made by hand take part. */
  readonly results: readonly SearchResult[];
  /** Of the trainings from scratch: each network is trained with each. */
  readonly seeds: readonly number[];
  /** Trainings are kept there, in a folder each; those that are finished are not done again, one that was interrupted goes on. */
  readonly folder: string;
  readonly signal: AbortSignal | null;
  readonly onTraining?: (training: { readonly name: string; readonly number: number; readonly of: number }) => void;
  readonly onEvent?: (event: TrainEvent) => void;
}

/**
 * Trains what the searches found, and the networks made by hand, from scratch by one recipe, and judges each on the test images.
 * @throws ConfigError without results, or when the data has no test images (of depth maps: none to choose a threshold by); as `train`
 */
export async function compare(options: CompareOptions): Promise<Comparison> {
  const { recipe, results, seeds, folder } = options;
  const { unit, limit } = recipe.cost;
  if (results.length === 0) throw new ConfigError('results', 'there is nothing to compare: search first.');
  const entries = [...results.map(found(options)), ...byHand(options)];
  const networks: ComparedNetwork[] = [];
  for (const [i, entry] of entries.entries()) {
    const scores: number[] = [];
    for (const [j, seed] of seeds.entries()) {
      options.onTraining?.({ name: entry.folder, number: i * seeds.length + j + 1, of: entries.length * seeds.length });
      scores.push(await scoreOf(options, entry.genotype, seed, nodePath.join(folder, `${entry.folder}-training-${seed}`)));
    }
    const { folder: _, ...plain } = entry;
    networks.push({ ...plain, parameters: parametersOf(options, entry.genotype), scores });
  }
  return {
    ...{ recipe: recipe.name, task: recipe.space.frame.task, unit, limit, epochs: recipe.training.epochs, networks },
    verdict: verdictOf(networks, unit),
  };
}

function found({ costs, recipe }: CompareOptions) {
  return ({ strategy, seed, seconds, genotype }: SearchResult): Entry => ({
    ...{ name: strategy, searchSeed: seed, searchSeconds: seconds, genotype, cost: costOf(costs, genotype.cells) },
    folder: `${recipe.name}-${strategy}-${seed}`,
  });
}

/** Those within the limit: others would be no comparison at equal cost. */
function byHand({ costs, recipe }: CompareOptions): Entry[] {
  return Object.entries(recipe.byHand)
    .map(([name, cells]) => {
      const genotype = genotypeOf(recipe.space, cells);
      const cost = costOf(costs, genotype.cells);
      return { name, searchSeed: null, searchSeconds: null, genotype, cost, folder: `${recipe.name}-by-hand-${name}` };
    })
    .filter(({ cost }) => within(cost, recipe.cost.unit, recipe.cost.limit));
}

function parametersOf({ recipe, input, costs: { answers } }: CompareOptions, genotype: Genotype): number {
  const { name, options } = modelOf(genotype, recipe.space, input);
  const { binary, real } = countParameters(createModel(name, { ...options, ...answers, inChannels: input[2] }));
  return binary + real;
}

const scoreSchema = z.object({ score: z.number() });

/** Of one training from scratch: kept in a file of its own, so that it is done once. */
async function scoreOf(options: CompareOptions, genotype: Genotype, seed: number, run: string): Promise<number> {
  const { recipe, engine, data, input, signal, onEvent } = options;
  const file = nodePath.join(run, 'score.json');
  if (fs.existsSync(file)) return readScore(file);
  const { epochs, validation } = recipe.training;
  const training = trainingRecipe(recipe, {
    ...{ name: nodePath.basename(run), epochs, validation, seed },
    model: modelOf(genotype, recipe.space, input),
  });
  const resume = fs.existsSync(nodePath.join(run, 'config.json'));
  const result = await train({ recipe: training, engine, data, run, resume, signal: signal ?? undefined, onEvent });
  try {
    if (result.reason === 'interrupted') throw signal!.reason;
    const test = await testOn(await openSplit(data, 'test', training, { expectSplit: true }), result, {
      signal: signal ?? undefined,
    });
    const score = test && scoreIn(test);
    if (score === null) throw new ConfigError('training.validation', 'leaves no images to choose a threshold by: hold some out.');
    await writeFileAtomic(file, Buffer.from(`${JSON.stringify({ score })}\n`));
    return score;
  } finally {
    result.model.dispose();
  }
}

/** Accuracy, or of depth maps 1 - ACER; null where no threshold could be chosen. */
function scoreIn(test: TestResult): number | null {
  if ('top1' in test) return test.top1;
  const { acer } = test.rates;
  return acer === null ? null : 1 - acer;
}

function readScore(file: string): number {
  try {
    return scoreSchema.parse(JSON.parse(fs.readFileSync(file, 'utf8'))).score;
  } catch (cause) {
    throw new FormatError(
      file,
      'bad-score',
      `holds no score (${(cause as Error).message}): remove its folder, and it is trained again.`,
      { cause },
    );
  }
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const points = (share: number) => `${(100 * share).toFixed(1)} points`;

/** Whether the differentiable search beat each other kind, and whether by more than its results lie apart among themselves. */
function verdictOf(networks: readonly ComparedNetwork[], unit: CostUnit): string {
  const kinds = new Map<string, ComparedNetwork[]>();
  for (const network of networks) kinds.set(network.name, [...(kinds.get(network.name) ?? []), network]);
  const scores = (list: readonly ComparedNetwork[]) => list.flatMap((network) => network.scores);
  const shown = (name: string, list: readonly ComparedNetwork[]) =>
    `${name} ${percent(mean(scores(list)))} at ${mean(list.map(({ cost }) => costIn(cost, unit))).toPrecision(3)} ${unitNames[unit]}`;
  const own = kinds.get('differentiable' satisfies Strategy);
  const all = [...kinds].map(([name, list]) => shown(name, list)).join(', ');
  if (!own) return `${all}.`;
  const spread = (list: readonly ComparedNetwork[]) => Math.max(...scores(list)) - Math.min(...scores(list));
  const judged = [...kinds].flatMap(([name, list]) => {
    if (list === own) return [];
    const gain = mean(scores(own)) - mean(scores(list));
    const apart = Math.max(spread(own), spread(list));
    const word = gain > 0 ? 'beat' : 'did not beat';
    const within = Math.abs(gain) <= apart ? `, less than the ${points(apart)} that repeats lie apart` : '';
    return [`It ${word} ${name} (${gain < 0 ? 'by -' : 'by '}${points(Math.abs(gain))}${within}).`];
  });
  return `${all}. ${judged.join(' ')}`.replace('It ', 'The differentiable search ');
}
