import type { RecipeInput } from '../recipe.js';
import { cifar10Transforms } from './cifar10.js';

/**
 * How the 1-bit networks train on CIFAR-10, so that their comparison is of networks alone: Adam with a straight decay of the
 * learning rate, as Bi-Real (Liu et al., 2018) trained; signs need no weight decay.
 */
export const ftbnnCifar10Training = {
  transforms: cifar10Transforms,
  optimizer: { name: 'adam', learningRate: 2e-3 },
  schedule: { name: 'linear', warmup: { epochs: 0.5 } },
  epochs: 120,
  batchSize: 128,
  validation: { fraction: 0.1 },
} satisfies Omit<RecipeInput, 'name' | 'model'>;
