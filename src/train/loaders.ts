import { createLoader, type Loader } from '../data/batches.js';
import { balancedSampler } from '../data/sampler.js';
import type { MapSize } from '../data/view.js';
import { ConfigError } from '../errors.js';
import type { Selection } from './dataset.js';
import type { Recipe } from './recipe.js';

export interface Loaders {
  readonly training: Loader;
  /** Null when nothing is held out. */
  readonly validation: Loader | null;
}

/** What of a recipe decides its batches. */
type BatchRecipe = Pick<Recipe, 'batchSize' | 'transforms' | 'seed' | 'sampling'>;

export interface LoaderParts {
  readonly recipe: BatchRecipe;
  readonly workers: number;
  /** For networks that answer with maps. */
  readonly mapSize: MapSize | undefined;
}

export function createLoaders(training: Selection, validation: Selection, parts: LoaderParts): Loaders {
  return {
    training: createTrainingLoader(training, parts),
    validation: validation.indices.length > 0 ? createJudgingLoader(validation, parts) : null,
  };
}

/**
 * Batches to learn from: in an order of their own each epoch, augmented.
 * @throws ConfigError for batches larger than what there is
 */
export function createTrainingLoader({ source, indices }: Selection, { recipe, workers, mapSize }: LoaderParts): Loader {
  const { batchSize, transforms, seed, sampling } = recipe;
  const isPlain = sampling.frames === 'all' && sampling.balance === 'none';
  const sampler = isPlain ? undefined : balancedSampler(source, { indices, seed, ...sampling });
  const count = sampler?.length ?? indices.length;
  if (batchSize > count) {
    throw new ConfigError('batchSize', `got ${batchSize}, needs at most the ${count} images to train on.`);
  }
  return createLoader(source, {
    ...{ batchSize, seed, workers, mapSize, transforms: transforms.train },
    ...(sampler ? { sampler } : { indices, shuffle: true }),
    // A last batch of a few images would make noise of its batch statistics.
    dropLast: true,
  });
}

/** Batches to judge by: all images in their order, as they are. */
function createJudgingLoader({ source, indices }: Selection, { recipe, workers, mapSize }: LoaderParts): Loader {
  const { batchSize, transforms, seed } = recipe;
  return createLoader(source, { batchSize, seed, workers, mapSize, indices, transforms: transforms.evaluate });
}
