import type { RecipeInput } from '../recipe.js';
import { cifar10Transforms } from './cifar10.js';

/** Adam with a straight decay of the learning rate, as Bi-Real (Liu et al., 2018) trained; signs need no weight decay. */
export const ftbnnCompactCifar10 = {
  name: 'ftbnn-compact-cifar10',
  description: 'The 1-bit network with a small stem and parameter-free shortcuts, on CIFAR-10',
  model: { name: 'ftbnn-compact-cifar' },
  transforms: cifar10Transforms,
  optimizer: { name: 'adam', learningRate: 2e-3 },
  schedule: { name: 'linear', warmup: { epochs: 0.5 } },
  epochs: 120,
  batchSize: 128,
  validation: { fraction: 0.1 },
} satisfies RecipeInput;
