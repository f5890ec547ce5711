import type { RecipeInput } from '../recipe.js';
import { cifar10Transforms } from './cifar10.js';

/** Adam with a straight decay of the learning rate, as Bi-Real (Liu et al., 2018) trained; signs need no weight decay. */
export const ftbnnBaseCifar10 = {
  name: 'ftbnn-base-cifar10',
  description: 'The 1-bit network of ResNet-18 shape, with real-valued shortcuts, on CIFAR-10',
  model: { name: 'ftbnn-base-cifar' },
  transforms: cifar10Transforms,
  optimizer: { name: 'adam', learningRate: 2e-3 },
  schedule: { name: 'linear', warmup: { epochs: 0.5 } },
  epochs: 120,
  batchSize: 128,
  validation: { fraction: 0.1 },
} satisfies RecipeInput;
