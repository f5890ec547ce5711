import { createEngine, type Engine, type EngineOptions } from '../engine/index.js';
import { ConfigError } from '../errors.js';
import { openSplit, type TrainingData } from '../train/dataset.js';
import { expectBothClasses, transformedShape } from '../train/depth-data.js';
import type { Recipe } from '../train/recipe.js';
import { mapSizeOf, modelOf, type SearchContext, type SearchEvent, type StrategyOutcome } from './context.js';
import { countedCosts } from './cost/counted.js';
import { measuredCosts } from './cost/measured.js';
import { type Answers, type CostTable, costOf } from './cost/table.js';
import { differentiableEpochSeconds, searchDifferentiable } from './differentiable.js';
import { evolve } from './evolution.js';
import { randomSearch } from './random.js';
import { parseSearchRecipe, type SearchRecipe, type SearchRecipeInput, trainingRecipe } from './recipe.js';
import type { SearchResult, Strategy } from './result.js';
import { readSearchConfig, type SearchConfig, SearchFolder } from './search-folder.js';
import { trialSeconds } from './trial-seconds.js';

export interface SearchOptions {
  readonly recipe: SearchRecipe | SearchRecipeInput;
  /** `differentiable` unless given. */
  readonly strategy?: Strategy;
  /** Where the recipe says, unless given. */
  readonly data?: TrainingData;
  /** Folder of the search. */
  readonly folder: string;
  /** Goes on where the folder's search stands: with what that began with, whatever recipe, strategy and budget say. */
  readonly resume?: boolean;
  /**
   * Hours to spend. They become a number of epochs at the start, by the speed of this machine, which is written down: the clock decides
   * nothing after that. The recipe's own numbers unless given.
   */
  readonly budget?: number;
  /** What networks are made of costs; counted or measured anew unless given. */
  readonly costs?: CostTable;
  /** Threads and kernels; results do not depend on threads. The recipe's `memoryLimit` holds. */
  readonly engine?: Omit<EngineOptions, 'memoryLimit'>;
  /** Saves and throws the signal's reason. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: SearchEvent) => void;
}

/**
 * Searches the networks of a space for the best on the data, within a cost. The same recipe, data, seed, costs and budget give the same network to the bit, whatever
 * the number of threads, and whether the search was killed and resumed or not. (Measured costs and budgets in hours are of this machine: config.json
 * keeps what came of them.)
 * @throws ConfigError when recipe, options and folder do not fit together, or no network of the space is within the limit; DataError when an image cannot
 *   be read; OutOfMemoryError beyond the recipe's `memoryLimit`; the signal's reason
 */
export async function search(options: SearchOptions): Promise<SearchResult> {
  const folder = SearchFolder.open(options.folder, options);
  try {
    const begun = options.resume ? readSearchConfig(options.folder) : null;
    const recipe = begun?.recipe ?? parseSearchRecipe(options.recipe);
    const engine = await createEngine({ ...options.engine, memoryLimit: recipe.memoryLimit * 2 ** 20 });
    try {
      const place = await placeOf(recipe, options.data);
      const costs = begun?.costs ?? options.costs ?? (await costsOf(recipe, place, options));
      const { signal = null, onEvent: emit = () => {} } = options;
      const base = { engine, folder: folder.path, ...place, costs, signal, emit };
      const config =
        begun ?? (await plan({ strategy: options.strategy ?? 'differentiable', recipe, costs }, base, options.budget));
      if (!begun) await folder.writeConfig(config);
      const outcome = await runStrategy(config.strategy, { ...base, recipe: config.recipe });
      const result = resultOf(config, outcome, engine);
      await folder.writeResult(result, recipeOf(config.recipe, result, place));
      return result;
    } finally {
      engine.dispose();
    }
  } finally {
    folder.close();
  }
}

interface Place {
  readonly data: TrainingData;
  readonly input: SearchContext['input'];
  readonly answers: Answers;
}

/** What the data decides. */
export async function placeOf(recipe: SearchRecipe, given: TrainingData | undefined): Promise<Place> {
  const { frame } = recipe.space;
  const plain = trainingRecipe(recipe, {
    ...{ name: recipe.name, epochs: 1, validation: { fraction: 0.5 } },
    model: { name: frame.task, options: {} },
  });
  const { source, indices } = await openSplit(given, 'train', plain);
  const input = transformedShape(source, recipe.training.transforms.train);
  const isDepth = frame.task === 'depth-map';
  if (isDepth) expectBothClasses(source, indices, 'training');
  const answers = isDepth ? { mapSize: mapSizeOf(input[0]) } : { classes: source.classes.length };
  return { data: given ?? recipe.training.data.source!, input, answers };
}

function costsOf(
  recipe: SearchRecipe,
  { input, answers }: Place,
  { engine, signal }: SearchOptions,
): Promise<CostTable> | CostTable {
  const { space, cost } = recipe;
  if (cost.unit !== 'milliseconds' && engine?.autotune === 'off') return countedCosts(space, input, answers);
  const autotune = engine?.autotune === 'fresh' ? 'fresh' : 'on';
  return measuredCosts(space, input, answers, { autotune, signal: signal ?? null });
}

/** The search with numbers in place of hours. */
async function plan(
  config: SearchConfig,
  base: Omit<SearchContext, 'recipe'>,
  budget: number | undefined,
): Promise<SearchConfig> {
  if (budget === undefined) return config;
  if (!(budget > 0 && Number.isFinite(budget))) throw new ConfigError('budget', `got ${budget}, needs hours above 0.`);
  const { recipe, strategy } = config;
  const context = { ...base, recipe };
  const epochSeconds =
    strategy === 'differentiable'
      ? await differentiableEpochSeconds(context)
      : (await trialSeconds(context)) / recipe.trial.epochs;
  const epochs = Math.floor((budget * 3600) / epochSeconds);
  const least = strategy === 'differentiable' ? 1 : recipe.trial.epochs;
  if (epochs < least) {
    const needed = ((least * epochSeconds) / 3600).toPrecision(2);
    throw new ConfigError('budget', `got ${budget} hours, which is less than the least of this search takes here, ${needed}.`);
  }
  return { ...config, recipe: { ...recipe, ...planned(strategy, recipe, epochs) } };
}

function planned(
  strategy: Strategy,
  { differentiable, random, evolution, trial }: SearchRecipe,
  epochs: number,
): Partial<SearchRecipe> {
  switch (strategy) {
    case 'differentiable':
      return { differentiable: { ...differentiable, epochs } };
    case 'random':
      // Those that are given up early make room for others.
      return { random: { ...random, candidates: epochs, epochs } };
    case 'evolution':
      return { evolution: { ...evolution, candidates: Math.floor(epochs / trial.epochs) } };
  }
}

function runStrategy(strategy: Strategy, context: SearchContext): Promise<StrategyOutcome> {
  switch (strategy) {
    case 'differentiable':
      return searchDifferentiable(context);
    case 'random':
      return randomSearch(context);
    case 'evolution':
      return evolve(context);
  }
}

/** An ordinary recipe that trains what was found from scratch. */
function recipeOf(recipe: SearchRecipe, { genotype }: SearchResult, { input }: Place): Recipe {
  const { epochs, validation } = recipe.training;
  return trainingRecipe(recipe, {
    name: `${recipe.name}-found`,
    model: modelOf(genotype, recipe.space, input),
    epochs,
    validation,
  });
}

function resultOf({ strategy, recipe, costs }: SearchConfig, outcome: StrategyOutcome, engine: Engine): SearchResult {
  const { genotype, seconds, candidates, course } = outcome;
  const { name, seed, space, cost } = recipe;
  return {
    ...{ strategy, seed, recipe: name, task: space.frame.task, unit: cost.unit, limit: cost.limit, seconds },
    bytesPeak: engine.memory().bytesPeak,
    genotype,
    cost: costOf(costs, genotype.cells),
    ...{ operations: space.operations, nodes: space.nodes, candidates, course },
  };
}
