import type { RecipeInput } from '../recipe.js';
import { cifar10Transforms } from './cifar10.js';
import { imagenet } from './imagenet.js';

/** How DGC trained (arXiv:2007.04242, the authors' code), whatever the images. */
const dgcTraining = {
  optimizer: { name: 'sgd', learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 1e-4, decay: 'all' },
  schedule: { name: 'cosine' },
  loss: { lasso: 1e-5 },
} satisfies Partial<RecipeInput>;

/** A small dynamic dense network on CIFAR-10, by the recipe of DGC with fewer epochs. */
export const dyDenseNetCifar10 = {
  name: 'dydensenet-cifar10',
  description: 'A small dense network that picks, for every image, the channels worth convolving; on CIFAR-10',
  model: { name: 'dydensenet-small-cifar' },
  ...dgcTraining,
  transforms: cifar10Transforms,
  epochs: 120,
  batchSize: 64,
  validation: { fraction: 0.1 },
} satisfies RecipeInput;

/** The network of the table `dynamic`, half of its channels kept, for longer: its weights ship with the package. */
export const dyDenseNetTinyCifar10 = {
  name: 'dydensenet-tiny-cifar10',
  description: 'The smallest dynamic dense network on CIFAR-10, in 20 minutes on one core; its weights ship with Gossamer',
  model: { name: 'dydensenet', options: { stemStride: 2, stages: [3, 3, 3], growth: [8, 16, 32], keep: 0.5 } },
  ...dgcTraining,
  transforms: cifar10Transforms,
  epochs: 12,
  batchSize: 64,
  validation: { fraction: 0.04 },
} satisfies RecipeInput;

const dgcNormalize = { name: 'normalize', mean: [0.4914, 0.4824, 0.4467], std: [0.2471, 0.2435, 0.2616] } satisfies NonNullable<
  NonNullable<RecipeInput['transforms']>['train']
>[number];

/** Theirs: 4.77 % error, trained on all 50,000 images; here 1,000 of them are held out to choose the epoch. */
export const dyDenseNet86Cifar10 = {
  name: 'dydensenet86-cifar10',
  description: 'The dynamic dense network of 86 layers on CIFAR-10, as the DGC authors trained it',
  model: { name: 'dydensenet86-cifar' },
  ...dgcTraining,
  transforms: { train: [{ name: 'crop', padding: 4 }, { name: 'flip' }, dgcNormalize], evaluate: [dgcNormalize] },
  epochs: 300,
  batchSize: 64,
  validation: { fraction: 0.02 },
} satisfies RecipeInput;

/** Theirs: 25.4 % top-1 error, 7.8 % top-5. */
export const dyDenseNetImagenet = {
  name: 'dydensenet-imagenet',
  description: 'The dynamic dense network of five stages on ImageNet, as the DGC authors trained it',
  model: { name: 'dydensenet-imagenet' },
  ...dgcTraining,
  ...imagenet,
  epochs: 120,
  batchSize: 256,
} satisfies RecipeInput;

/** Theirs: 31.22 % top-1 error, 11.38 % top-5. */
export const dyResNet18Imagenet = {
  name: 'dyresnet18-imagenet',
  description: 'ResNet-18 with dynamic convolutions on ImageNet, as the DGC authors trained it',
  model: { name: 'dyresnet18' },
  ...dgcTraining,
  ...imagenet,
  epochs: 120,
  batchSize: 256,
} satisfies RecipeInput;
