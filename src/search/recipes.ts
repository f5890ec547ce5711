import { loadNamed } from '../train/named.js';
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

const paperOperations = ['none', 'skip', 'cdc', 'cdc_2_1.2', 'cdc_2_1.4', 'cdc_2_1.6', 'cdc_2_1.8', 'cdc_2_2.0'];

/** Adam as the CDCN authors train. */
const faceTraining = {
  sampling: { frames: 'one-per-video', balance: 'label' },
  loss: { name: 'depth' },
  validation: { split: true },
} satisfies Partial<SearchRecipeInput['training']>;

/** The paper's space: its eight candidates, four nodes, its frame; r = 1.8 and 2.0 complete its list, which we know from r = 1.2, 1.4 and 1.6 of the result. */
const faces = {
  name: 'search-cdcn',
  description:
    "the paper's search: three cells of central difference convolutions between CDCN's stem and head, for prepared faces",
  training: {
    ...faceTraining,
    transforms: faceTransforms(256, 49),
    optimizer: { name: 'adam', learningRate: 1e-4, weightDecay: 5e-5, decay: 'all' },
    schedule: { name: 'multistep', milestones: [500, 1000], factor: 0.5 },
    epochs: 1400,
    batchSize: 7,
  },
  space: {
    frame: { task: 'depth-map', stem: [64, 128], widths: [128, 128, 128], head: [128], attention: [7, 5, 3] },
    nodes: 4,
    operations: paperOperations,
  },
  cost: { unit: 'macs', weight: 0, limit: null },
  differentiable: { epochs: 60, warmup: 0.3, partial: 4, learningRate: 6e-4 },
  trial: { epochs: 5 },
  byHand: {
    cdcn: everywhere('cdc', 'cdc'),
    'cdcn++': [chain('cdc_2_1.6'), chain('cdc_2_1.2', 'cdc_2_1.4'), chain('cdc', 'cdc_2_1.2')],
  },
  memoryLimit: 4094,
} satisfies SearchRecipeInput;

/** All three families on a quarter of the pixels and of the channels, as `cdcn-s`. */
const smallFaces = {
  name: 'search-faces',
  description:
    'three cells of plain, central difference, 1-bit and dynamic convolutions between the stem and head of cdcn-s, for CPUs',
  training: {
    ...faceTraining,
    transforms: faceTransforms(128, 25),
    optimizer: { name: 'adam', learningRate: 5e-3, weightDecay: 5e-5 },
    schedule: { name: 'cosine', warmup: { epochs: 1 } },
    epochs: 200,
    batchSize: 8,
  },
  space: {
    frame: { task: 'depth-map', stem: [16, 32], widths: [32, 32, 32], head: [32, 16], attention: [7, 5, 3] },
    nodes: 3,
    operations: ['none', 'skip', 'conv', 'cdc', 'cdc_2_1.5', 'binary', 'binary@0.7', 'dynamic'],
  },
  cost: { unit: 'milliseconds', weight: 0.2, limit: null },
  differentiable: { epochs: 30, warmup: 0.3, partial: 2, learningRate: 0.01 },
  trial: { epochs: 5 },
  random: { candidates: 12 },
  evolution: { candidates: 12, population: 5, sample: 3 },
  byHand: { cdcn: everywhere('cdc', 'cdc'), plain: everywhere('conv', 'conv') },
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
  'search-cdcn': parseSearchRecipe(faces),
  'search-faces': parseSearchRecipe(smallFaces),
} as const satisfies Record<string, SearchRecipe>;

/**
 * A search recipe by name, or from a JSON file by its path (what ends in .json or has a slash).
 * @throws ConfigError for an unknown name (with the nearest known one), an unreadable file, or a recipe that is wrong
 */
export function loadSearchRecipe(nameOrPath: string): SearchRecipe {
  return loadNamed<SearchRecipe>(nameOrPath, searchRecipes, parseSearchRecipe);
}
