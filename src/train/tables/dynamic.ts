import type { RecipeInput } from '../recipe.js';
import { cifar10Transforms } from '../recipes/cifar10.js';
import { defineTable, shortBudget } from './table.js';

type Options = NonNullable<RecipeInput['model']['options']>;

const lasso = 1e-5;

const row = (id: string, label: string, series: string, options: Options, change?: Partial<RecipeInput>) => ({
  id,
  label,
  series,
  model: { name: 'dydensenet', options: { stemStride: 2, stages: [3, 3, 3], growth: [8, 16, 32], ...options } },
  ...(change && { change }),
});

const training = {
  data: { trainImages: 30_000 },
  transforms: cifar10Transforms,
  optimizer: { name: 'sgd', learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 1e-4, decay: 'all' },
  schedule: { name: 'cosine' },
  epochs: 5,
  batchSize: 64,
  loss: { lasso },
  validation: { fraction: 0.1 },
} satisfies Omit<RecipeInput, 'name' | 'model'>;

const grouped = row('grouped', '4 fixed groups', 'fixed', { convolution: 'grouped' });
const keep25 = row('keep-25', 'keep 0.25, 4 heads', 'dynamic', {});

const caveats = [
  'The stem halves the image, so that the network works on 16x16 pixels and less.',
  'MACs are those of the network as shipped, with all channels off that go, selectors included.',
];

/** DGC's claim: groups that pick their channels for each image beat fixed ones of the same cost. */
export const dynamic = defineTable({
  name: 'dynamic',
  title: 'Dynamic group convolution',
  question:
    'Do channels picked for each image beat fixed groups of the same cost, and how much do keep rate, heads, lasso and the choice itself matter?',
  seeds: 2,
  chart: 'macs',
  caveats: [
    shortBudget,
    ...caveats,
    'The random rows multiply by their saliencies as the others do: only the choice of channels differs.',
  ],
  training,
  rows: [
    row('dense', 'dense', 'fixed', { convolution: 'dense' }),
    grouped,
    row('keep-50', 'keep 0.5, 4 heads', 'dynamic', { keep: 0.5 }),
    keep25,
    row('heads-1', 'keep 0.25, 1 head', 'dynamic', { heads: 1 }),
    row('heads-2', 'keep 0.25, 2 heads', 'dynamic', { heads: 2 }),
    row('heads-8', 'keep 0.25, 8 heads', 'dynamic', { heads: 8 }),
    row('no-lasso', 'keep 0.25, 4 heads, no lasso', 'dynamic', {}, { loss: { lasso: 0 } }),
    row('random', 'keep 0.25, 4 heads, random', 'random channels', { selection: 'random' }),
  ],
});

/** Channels go during the training, so that a short one says little of what they do in the end: the pair that matters, four times as long. */
export const dynamicLonger = defineTable({
  name: 'dynamic-longer',
  title: 'Dynamic group convolution, trained for longer',
  question: 'What is left of the distance between fixed and dynamic groups after four times as many images?',
  seeds: 2,
  chart: 'macs',
  caveats: ['Longer, not long: the authors train for 120 to 300 epochs.', ...caveats],
  training: { ...training, data: {}, epochs: 12 },
  rows: [grouped, keep25],
});
