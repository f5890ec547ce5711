import type { RecipeInput } from '../recipe.js';
import { cifar10Transforms } from './cifar10.js';

/** ResNet-20 as He et al. (2015) trained it on CIFAR-10, with a cosine in place of their steps. Theirs: 91.25 %. */
export const resnet20Cifar10 = {
  name: 'resnet20-cifar10',
  description: 'ResNet-20 on CIFAR-10: the full-precision yardstick',
  model: { name: 'resnet20' },
  transforms: cifar10Transforms,
  optimizer: { name: 'sgd', learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 1e-4, decay: 'all' },
  schedule: { name: 'cosine', warmup: { epochs: 0.5 } },
  epochs: 164,
  batchSize: 128,
  validation: { fraction: 0.1 },
} satisfies RecipeInput;
