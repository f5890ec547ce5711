import { createLoader, type Loader } from '../data/batches.js';
import { stretchOf } from '../data/part.js';
import { balancedSampler } from '../data/sampler.js';
import type { MapSize } from '../data/view.js';
import { ConfigError } from '../errors.js';
import type { Selection } from './dataset.js';
import { alone, partOf, type Ranks } from './ranks.js';
import type { Recipe } from './recipe.js';
import type { HeldOut } from './validation.js';

/** Of this rank: its part of every batch, and of what is held out. */
export interface Loaders {
  readonly training: Loader;
  /** Null when nothing is held out. */
  readonly heldOut: HeldOut | null;
}

/** What of a recipe decides its batches. */
type BatchRecipe = Pick<Recipe, 'batchSize' | 'transforms' | 'seed' | 'sampling'>;

export interface LoaderParts {
  readonly recipe: BatchRecipe;
  readonly workers: number;
  /** For networks that answer with maps. */
  readonly mapSize: MapSize | undefined;
  /** That share every batch; this process alone unless given. */
  readonly ranks?: Ranks;
}

/** @throws ConfigError for batches larger than what there is, and for fewer images than ranks in a batch or held out */
export function createLoaders(training: Selection, validation: Selection, parts: LoaderParts): Loaders {
  return { training: createTrainingLoader(training, parts), heldOut: heldOutFor(validation, parts) };
}

/**
 * Batches to learn from: in an order of their own each epoch, augmented.
 * @throws ConfigError for batches larger than what there is
 */
export function createTrainingLoader(
  { source, indices }: Selection,
  { recipe, workers, mapSize, ranks = alone }: LoaderParts,
): Loader {
  const { batchSize, transforms, seed, sampling } = recipe;
  const isPlain = sampling.frames === 'all' && sampling.balance === 'none';
  const sampler = isPlain ? undefined : balancedSampler(source, { indices, seed, ...sampling });
  const count = sampler?.length ?? indices.length;
  if (batchSize > count) {
    throw new ConfigError('batchSize', `got ${batchSize}, needs at most the ${count} images to train on.`);
  }
  if (batchSize < ranks.size) {
    throw new ConfigError('batchSize', `got ${batchSize}, needs at least an image for each of ${ranks.size} ranks.`);
  }
  return createLoader(source, {
    ...{ batchSize, seed, workers, mapSize, transforms: transforms.train },
    ...(sampler ? { sampler } : { indices, shuffle: true }),
    // A last batch of a few images would make noise of its batch statistics.
    dropLast: true,
    part: partOf(ranks),
  });
}

/** Images to judge by, in their order, as they are: a stretch of them for each rank. */
function heldOutFor({ source, indices }: Selection, { recipe, workers, mapSize, ranks = alone }: LoaderParts): HeldOut | null {
  const { batchSize, transforms, seed } = recipe;
  const { length } = indices;
  if (length === 0) return null;
  if (length < ranks.size) {
    throw new ConfigError(
      'validation',
      `holds ${length} images out, needs at least one for each of ${ranks.size} ranks, or none.`,
    );
  }
  const own = indices.subarray(...stretchOf(partOf(ranks), length));
  const part = createLoader(source, { batchSize, seed, workers, mapSize, indices: own, transforms: transforms.evaluate });
  return { records: indices, part };
}
