import type { RecipeInput } from '../recipe.js';
import { cifar10Transforms } from '../recipes/cifar10.js';
import { defineTable, shortBudget } from './table.js';

const thetas = [0, 0.3, 0.5, 0.7, 1];

const images = { trainImages: 30_000 };
const recaptured = { ...images, recapture: { strength: 0.06, seed: 0 } };

const rows = (task: string, series: string, data: RecipeInput['data']) =>
  thetas.map((theta) => ({
    id: `${task}-${theta * 100}`,
    label: `${series}, theta ${theta}`,
    series,
    model: { name: 'resnet20', options: { widths: [8, 16, 32], blocks: [1, 1, 1], theta } },
    change: { data },
  }));

/** CDCN's claim: a share of the central difference helps to see the fine texture that tells an attack from a face. */
export const theta = defineTable({
  name: 'theta',
  title: 'Central difference',
  question: 'What does the share of the central difference do on a task of texture, and on one of objects?',
  seeds: 2,
  chart: 'theta',
  caveats: [
    shortBudget,
    'Recaptured or not: half of the CIFAR-10 images carry a screen pattern of random strength, made by the project; a stand-in for a spoofing set until there is one.',
    'A network stays at chance until it finds the pattern: in so few steps the texture task tells how soon that is, as much as how well it does then.',
    'At theta 1 a convolution sees differences alone, in the stem too: colours and brightness of even areas are lost.',
  ],
  training: {
    data: images,
    transforms: cifar10Transforms,
    // At theta 0 SGD does not leave chance on the texture task in so few steps.
    optimizer: { name: 'adam', learningRate: 3e-3 },
    schedule: { name: 'cosine', warmup: { epochs: 0.5 } },
    epochs: 5,
    batchSize: 64,
    validation: { fraction: 0.1 },
  },
  rows: [...rows('recaptured', 'recaptured or not', recaptured), ...rows('objects', 'CIFAR-10', images)],
});
