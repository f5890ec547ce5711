import type { RecipeInput } from '../recipe.js';
import { binaryTraining, narrow } from './binary-training.js';
import { defineTable, shortBudget } from './table.js';

type Options = NonNullable<RecipeInput['model']['options']>;

const row = (id: string, label: string, series: string, options: Options) => ({
  id,
  label,
  series,
  model: { name: 'ftbnn-tiny', options: { ...narrow, widths: [...narrow.widths], ...options } },
});

/** FTBNN's first claim: a 1-bit network lives by its non-linearity, and what makes its blocks more linear harms it. */
export const nonlinearity = defineTable({
  name: 'nonlinearity',
  title: 'Non-linearity of 1-bit blocks',
  question:
    'What do the activation, its place, scale factors and the surrogate do to a 1-bit network, and do less linear blocks do better?',
  seeds: 2,
  chart: 'linearity',
  caveats: [
    shortBudget,
    'Linearity is the share of the variance of a block’s output, on images it was not fitted on, that the best linear map of the 3x3 patch of its float input explains; a row’s figure is the mean over its blocks.',
  ],
  training: binaryTraining,
  rows: [
    row('none', 'no activation', 'no activation', { activation: 'none' }),
    row('relu-branch', 'ReLU in the branch', 'in the branch', { activation: 'relu', activationPlace: 'branch' }),
    row('prelu-branch', 'PReLU in the branch', 'in the branch', { activation: 'prelu', activationPlace: 'branch' }),
    row('fprelu-branch', 'FPReLU in the branch', 'in the branch', { activation: 'fprelu', activationPlace: 'branch' }),
    row('prelu-sum', 'PReLU on the sum', 'on the sum', { activation: 'prelu' }),
    row('fprelu-sum', 'FPReLU on the sum', 'on the sum', { activation: 'fprelu' }),
    row('fprelu-sum-scale', 'FPReLU on the sum, scale', 'on the sum', { activation: 'fprelu', scale: true }),
    row('none-scale', 'no activation, scale', 'no activation', { activation: 'none', scale: true }),
    row('fprelu-sum-clip', 'FPReLU on the sum, clip', 'on the sum', { activation: 'fprelu', surrogate: 'clip' }),
  ],
});
