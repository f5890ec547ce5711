import type { RecipeInput } from '../recipe.js';
import { cifar10Transforms } from './cifar10.js';

/** A small dynamic dense network on CIFAR-10, by the recipe of DGC (arXiv:2007.04242) with fewer epochs. */
export const dydensenetCifar10 = {
  name: 'dydensenet-cifar10',
  description: 'A small dense network that picks, for every image, the channels worth convolving; on CIFAR-10',
  model: { name: 'dydensenet-small-cifar' },
  transforms: cifar10Transforms,
  optimizer: { name: 'sgd', learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 1e-4, decay: 'all' },
  schedule: { name: 'cosine' },
  epochs: 120,
  batchSize: 64,
  loss: { lasso: 1e-5 },
  validation: { fraction: 0.1 },
} satisfies RecipeInput;
