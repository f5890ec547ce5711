import type { RecipeInput } from '../recipe.js';
import { biRealTraining } from './bireal.js';
import { cifar10Transforms } from './cifar10.js';

/**
 * The first run of a newcomer: a small 1-bit network, on the Fashion-MNIST images that ship with the package, in less than two minutes on
 * two cores. Seed 0 gives 87.2 % of the 2,000 test images.
 */
export const ftbnnTinyFashion = {
  name: 'ftbnn-tiny-fashion',
  description: 'A small 1-bit network on the 10,000 Fashion-MNIST images that ship with Gossamer',
  model: { name: 'ftbnn-tiny' },
  data: { source: 'fashion-mnist-sample' },
  transforms: {
    train: [{ name: 'crop', padding: 1 }, { name: 'flip' }, { name: 'normalize', mean: [0.286], std: [0.353] }],
    evaluate: [{ name: 'normalize', mean: [0.286], std: [0.353] }],
  },
  optimizer: { name: 'adam', learningRate: 5e-3 },
  schedule: { name: 'cosine', warmup: { epochs: 0.5 } },
  epochs: 9,
  batchSize: 64,
  validation: { fraction: 0.05 },
  checkpoint: { everySeconds: 30 },
} satisfies RecipeInput;

/**
 * How the 1-bit networks train on CIFAR-10, so that their comparison is of networks alone: Adam with a straight decay of the
 * learning rate, as Bi-Real (Liu et al., 2018) trained; signs need no weight decay.
 */
const cifar10Training = {
  transforms: cifar10Transforms,
  optimizer: { name: 'adam', learningRate: 2e-3 },
  schedule: { name: 'linear', warmup: { epochs: 0.5 } },
  epochs: 120,
  batchSize: 128,
  validation: { fraction: 0.1 },
} satisfies Omit<RecipeInput, 'name' | 'model'>;

export const ftbnnBaseCifar10 = {
  name: 'ftbnn-base-cifar10',
  description: 'The 1-bit network of ResNet-18 shape, with real-valued shortcuts, on CIFAR-10',
  model: { name: 'ftbnn-base-cifar' },
  ...cifar10Training,
} satisfies RecipeInput;

export const ftbnnCompactCifar10 = {
  name: 'ftbnn-compact-cifar10',
  description: 'The 1-bit network with a small stem and parameter-free shortcuts, on CIFAR-10',
  model: { name: 'ftbnn-compact-cifar' },
  ...cifar10Training,
} satisfies RecipeInput;

/** The network that did best in the table `nonlinearity`, for longer: its weights ship with the package. */
export const ftbnnTinyCifar10 = {
  name: 'ftbnn-tiny-cifar10',
  description: 'A small 1-bit network on CIFAR-10, in 20 minutes on one core; its weights ship with Gossamer',
  model: { name: 'ftbnn-tiny', options: { inChannels: 3, widths: [24, 48, 96], activationPlace: 'branch' } },
  ...cifar10Training,
  optimizer: { name: 'adam', learningRate: 5e-3 },
  epochs: 20,
  batchSize: 64,
  validation: { fraction: 0.04 },
} satisfies RecipeInput;

/** The FTBNN authors published no code and their recipe could not be read: Bi-Real's, so that networks compare. */
export const ftbnnBaseImagenet = {
  name: 'ftbnn-base-imagenet',
  description: "The 1-bit network of ResNet-18 shape on ImageNet, by Bi-Real's recipe",
  model: { name: 'ftbnn-base' },
  ...biRealTraining,
} satisfies RecipeInput;

export const ftbnnCompactImagenet = {
  name: 'ftbnn-compact-imagenet',
  description: "The 1-bit network with a small stem and parameter-free shortcuts on ImageNet, by Bi-Real's recipe",
  model: { name: 'ftbnn-compact' },
  ...biRealTraining,
} satisfies RecipeInput;

export const ftbnnG4Imagenet = {
  name: 'ftbnn-g4-imagenet',
  description: "The compact 1-bit network, widened in 4 groups, on ImageNet, by Bi-Real's recipe",
  model: { name: 'ftbnn-g4' },
  ...biRealTraining,
} satisfies RecipeInput;
