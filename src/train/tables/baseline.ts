import { cifar10Transforms } from '../recipes/cifar10.js';
import { defineTable } from './table.js';

/** The yardstick: what a plain network of full precision reaches here in a training of two hours. */
export const baseline = defineTable({
  name: 'baseline',
  title: 'Float baseline',
  question: 'Does ResNet-20 reach 90 % of the test images in at most 25 epochs?',
  seeds: 1,
  chart: 'operations',
  caveats: ['One seed: there is nothing to compare.', 'ResNet-20 in 164 epochs is published at 91.25 % (He et al., 2015).'],
  training: {
    transforms: cifar10Transforms,
    optimizer: { name: 'sgd', learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 5e-4 },
    schedule: { name: 'cosine', warmup: { epochs: 1 } },
    loss: { smoothing: 0.1 },
    epochs: 25,
    batchSize: 64,
    validation: { fraction: 0.02 },
  },
  rows: [{ id: 'resnet20', label: 'ResNet-20', model: { name: 'resnet20' } }],
});
