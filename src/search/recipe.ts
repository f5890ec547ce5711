import { z } from 'zod';
import { parseConfig } from '../config/parse.js';
import { ConfigError } from '../errors.js';
import { cellCount, cellSchema, type OptionValue } from '../models/index.js';
import { parseRecipe, type Recipe, recipeSchema } from '../train/recipe.js';
import { costUnits } from './result.js';
import { keptOperations, type SearchSpace, spaceSchema } from './space.js';

const positive = z.number().positive();
const count = z.int().min(1);
const share = z.number().min(0).max(1);

export const searchRecipeSchema = z.strictObject({
  name: recipeSchema.shape.name,
  description: z.string().default(''),
  /**
   * An ordinary recipe but for the network: `epochs` and `validation` are those of a training from scratch of what was found. While a search goes on, half of the
   * training data is held out.
   */
  training: recipeSchema.omit({ name: true, description: true, model: true, seed: true, checkpoint: true }),
  space: spaceSchema,
  cost: z
    .strictObject({
      unit: z.enum(costUnits).default('macs'),
      /**
       * Of the differentiable search: what is added to the loss of the architecture is this times the cost that its shares expect, over the limit (over
       * the mean cost of the space where there is none).
       */
      weight: z.number().min(0).default(0),
      /** No network above it is trained or chosen, by any strategy; null: none is too costly. */
      limit: positive.nullable().default(null),
    })
    .prefault({}),
  differentiable: z
    .strictObject({
      /** Passes over the half of the training data that the weights learn from. */
      epochs: count.default(50),
      /** Share of the epochs in which the weights learn alone. */
      warmup: share.default(0.3),
      /** One in so many channels passes an edge's operations, the others pass by (partial channel connections, PC-DARTS). */
      partial: z.int().min(1).max(64).default(4),
      /** Of the architecture, by Adam. */
      learningRate: positive.default(6e-4),
      beta1: z.number().min(0).lt(1).default(0.5),
      beta2: z.number().min(0).lt(1).default(0.999),
      weightDecay: z.number().min(0).default(1e-3),
    })
    .prefault({}),
  /** How long a network is trained that random search or evolution tries. */
  trial: z.strictObject({ epochs: count.default(5) }).prefault({}),
  random: z
    .strictObject({
      candidates: count.default(20),
      /** Of all networks together, after which no other is begun; null: no such bound. */
      epochs: count.nullable().default(null),
      /** A network is given up when, after an epoch, its score is below this quantile of the scores that those before it had at that age; null: never. */
      stopBelow: share.nullable().default(0.5),
    })
    .prefault({}),
  evolution: z
    .strictObject({
      candidates: count.default(20),
      /** Networks that are alive at a time. */
      population: z.int().min(2).default(8),
      /** Of them, drawn by chance, the best is changed. */
      sample: count.default(3),
    })
    .prefault({}),
  /** Networks made by hand, to compare what was found with: the cells low, mid and high in the frame of the space, by name. */
  byHand: z.record(recipeSchema.shape.name, z.array(cellSchema).length(cellCount)).default({}),
  /** Most that tensors may take while a supernet or a network is trained, in MiB. */
  memoryLimit: z.int().min(16).max(4094).default(2048),
  /** Decides the halves, all first weights, orders and choices. */
  seed: z.int().default(0),
});

/** How a network is searched for, as plain data, with every option present. */
export type SearchRecipe = z.output<typeof searchRecipeSchema>;
/** As it is written: options that have a default may be left out. */
export type SearchRecipeInput = z.input<typeof searchRecipeSchema>;

/**
 * Checks a search recipe and fills in the defaults.
 * @throws ConfigError with the dotted path of what is wrong
 */
export function parseSearchRecipe(value: unknown): SearchRecipe {
  const recipe = parseConfig(searchRecipeSchema, value);
  const { training, space, differentiable, evolution } = recipe;
  const learned = training.loss.name === 'depth' ? 'depth-map' : 'classification';
  if (learned !== space.frame.task) {
    throw new ConfigError('space.frame.task', `is ${space.frame.task}, but the loss ${training.loss.name} is for ${learned}.`);
  }
  if (evolution.sample > evolution.population) {
    throw new ConfigError('evolution.sample', `got ${evolution.sample}, needs at most the population, ${evolution.population}.`);
  }
  expectWidths(space, differentiable.partial);
  return recipe;
}

/** @throws ConfigError for a width that partial channels do not divide, or whose part a `dynamic` operation cannot take */
function expectWidths(space: SearchSpace, partial: number): void {
  const heads = keptOperations(space).some(({ kind }) => kind === 'dynamic') ? 4 : 1;
  for (const [level, width] of space.frame.widths.entries()) {
    if (width % (partial * heads) === 0) continue;
    const why = heads > 1 ? ', and a dynamic operation has 4 heads' : '';
    throw new ConfigError(
      `space.frame.widths.${level}`,
      `got ${width}, needs a multiple of ${partial * heads}: one in ${partial} channels passes an edge${why}.`,
    );
  }
}

export interface TrainingOf {
  readonly name: string;
  readonly model: { readonly name: string; readonly options: Readonly<Record<string, OptionValue>> };
  readonly epochs: number;
  readonly validation: SearchRecipe['training']['validation'] | { readonly fraction: number };
  /** The recipe's own unless given. */
  readonly seed?: number;
}

/** The ordinary recipe by which one network of a search is trained. */
export function trainingRecipe({ training, seed }: SearchRecipe, of: TrainingOf): Recipe {
  return parseRecipe({ ...training, seed, ...of });
}
