import { faceTransforms } from '../train/recipes/cdcn.js';
import { cifar10Transforms } from '../train/recipes/cifar10.js';
import { parseSearchRecipe, type SearchRecipe, type SearchRecipeInput } from './recipe.js';

/** One operation after another. */
function chain(...operations: string[]) {
  return { nodes: operations.map((operation, from) => ({ from, operation })), output: [operations.length] };
}

function everywhere(...operations: string[]) {
  return [chain(...operations), chain(...operations), chain(...operations)];
}

const [crop, flip, normalize] = cifar10Transforms.train;

/** Halved: a quarter of the pixels, so that a search takes minutes. The window moves by half as much. */
const small = { name: 'resize', size: 16 } as const;

/**
 * Among all three families, by what they cost on this machine. Ours, the paper searched for depth maps only.
 */
const cifar10 = {
  name: 'search-cifar10',
  description: 'three cells for CIFAR-10, of plain, central difference, 1-bit and dynamic convolutions',
  training: {
    transforms: cifar10Transforms,
    optimizer: { name: 'sgd', learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 3e-4 },
    schedule: { name: 'cosine', warmup: { epochs: 0.5 } },
    gradientClip: 5,
    epochs: 60,
    batchSize: 64,
  },
  space: {
    frame: { task: 'classification', stem: [16], widths: [16, 32, 64] },
    nodes: 3,
    operations: ['none', 'skip', 'conv', 'conv_2_1.5', 'cdc', 'binary', 'binary@0.7', 'dynamic'],
    theta: 0.3,
  },
  cost: { unit: 'milliseconds', weight: 0.2, limit: null },
  differentiable: { epochs: 20, partial: 2, learningRate: 0.01 },
  trial: { epochs: 4 },
  random: { candidates: 15 },
  evolution: { candidates: 15, population: 5, sample: 3 },
  byHand: { plain: everywhere('conv', 'conv') },
} satisfies SearchRecipeInput;

export const searchRecipes = {
  'search-cifar10': parseSearchRecipe(cifar10),
  'search-cifar10-small': parseSearchRecipe({
    ...cifar10,
    name: 'search-cifar10-small',
    description: 'the same on images of 16x16, which takes minutes',
    training: {
      ...cifar10.training,
      transforms: { train: [small, { ...crop, padding: 2 }, flip, normalize], evaluate: [small, normalize] },
      epochs: 15,
    },
  }),
} as const satisfies Record<string, SearchRecipe>;
