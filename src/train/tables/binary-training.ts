import type { RecipeInput } from '../recipe.js';
import { cifar10Transforms } from '../recipes/cifar10.js';

/** How the rows of all tables of 1-bit networks train: Adam with a straight decay, as in the full recipes, in few epochs. */
export const binaryTraining = {
  data: { trainImages: 30_000 },
  transforms: cifar10Transforms,
  optimizer: { name: 'adam', learningRate: 5e-3 },
  schedule: { name: 'linear', warmup: { epochs: 0.25 } },
  epochs: 5,
  batchSize: 64,
  validation: { fraction: 0.1 },
} satisfies Omit<RecipeInput, 'name' | 'model'>;

/**
 * The 1-bit network that tables compare forms of: `ftbnn-tiny` for colour images, narrowed. Its stem halves the image, so that the body works
 * on 16x16, 8x8 and 4x4 pixels.
 */
export const narrow = { inChannels: 3, widths: [24, 48, 96] } as const;
