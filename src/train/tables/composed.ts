import { binaryTraining, narrow } from './binary-training.js';
import { defineTable, shortBudget } from './table.js';

const centralDifference = [0, 0.3, 0.7].map((theta) => ({
  id: `binary-theta-${theta * 100}`,
  label: `1-bit, theta ${theta}`,
  series: '1-bit central difference',
  model: { name: 'ftbnn-tiny', options: { ...narrow, widths: [...narrow.widths], theta } },
}));

/** What the three ideas do when they are put into one layer. */
export const composed = defineTable({
  name: 'composed',
  title: 'Ideas composed',
  question: 'Does a 1-bit network gain by the central difference of its weights?',
  seeds: 2,
  chart: 'operations',
  caveats: [shortBudget, 'With theta the signs are taken of the transformed weights, so that the layer stays 1-bit.'],
  training: binaryTraining,
  rows: centralDifference,
});
