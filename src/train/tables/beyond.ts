import type { RecipeInput } from '../recipe.js';
import { binaryTraining } from './binary-training.js';
import { defineTable, shortBudget } from './table.js';

type Options = NonNullable<RecipeInput['model']['options']>;

const row = (id: string, label: string, options: Options) => ({
  id,
  label,
  series: id === 'base' ? 'real-valued shortcuts' : id === 'compact' ? 'compact' : 'compact, in groups',
  model: {
    name: 'ftbnn-tiny',
    options: { inChannels: 3, ...options },
  },
});

/**
 * FTBNN's second claim: spend on binary operations, not on real ones. `compact` drops the real 1x1 shortcuts; group execution widens it by more
 * than sqrt(k) with k groups and pays for that by a narrower stem, so that OPs do not grow.
 */
export const beyond = defineTable({
  name: 'beyond',
  title: 'Compact shortcuts and group execution',
  question: 'How much accuracy do parameter-free shortcuts and group execution give at equal or fewer OPs?',
  seeds: 2,
  chart: 'operations',
  caveats: [
    shortBudget,
    'At 32x32 pixels with a small stem the real-valued operations are a smaller share of the cost than on ImageNet, where the paper claims 4 to 5 points.',
  ],
  training: binaryTraining,
  rows: [
    row('base', 'base', { widths: [24, 48, 96], shortcut: 'pooled-projection' }),
    row('compact', 'compact', { widths: [24, 48, 96] }),
    row('g2', '2 groups', { widths: [38, 76, 152], groups: 2, stemCopies: 2 }),
    row('g4', '4 groups', { widths: [60, 120, 240], groups: 4, stemCopies: 4 }),
    row('g8', '8 groups', { widths: [88, 176, 352], groups: 8, stemCopies: 8 }),
  ],
});
