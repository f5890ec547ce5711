import { binaryTraining, narrow } from './binary-training.js';
import { defineTable, shortBudget } from './table.js';

const centralDifference = [0, 0.3, 0.7].map((theta) => ({
  id: `binary-theta-${theta * 100}`,
  label: `1-bit, theta ${theta}`,
  series: '1-bit central difference',
  model: { name: 'ftbnn-tiny', options: { ...narrow, widths: [...narrow.widths], theta } },
}));

const dynamicRow = (id: string, label: string, options: { convolution?: 'dynamic-binary'; keep: number }) => ({
  id,
  label,
  series: options.convolution ? '1-bit dynamic' : 'real dynamic',
  model: { name: 'dydensenet', options: { stemStride: 2, stages: [3, 3, 3], growth: [8, 16, 32], ...options } },
  change: { loss: { lasso: 1e-5 } },
});

/** What the three ideas do when they are put into one layer. */
export const composed = defineTable({
  name: 'composed',
  title: 'Ideas composed',
  question:
    'Does a 1-bit network gain by the central difference of its weights, and what do 1-bit branches cost a network that picks its channels?',
  seeds: 2,
  chart: 'operations',
  caveats: [
    shortBudget,
    'With theta the signs are taken of the transformed weights, so that the layer stays 1-bit.',
    'A 1-bit dynamic layer has real selectors and 1-bit branches; the grouped 3x3 convolutions of the dense network stay real in all of its rows.',
    'The rows of the dense network and those of the other are two networks: compare within a network only.',
  ],
  training: binaryTraining,
  rows: [
    ...centralDifference,
    dynamicRow('dynamic-real-25', 'real dynamic, keep 0.25', { keep: 0.25 }),
    dynamicRow('dynamic-binary-25', '1-bit dynamic, keep 0.25', { convolution: 'dynamic-binary', keep: 0.25 }),
    dynamicRow('dynamic-binary-50', '1-bit dynamic, keep 0.5', { convolution: 'dynamic-binary', keep: 0.5 }),
    dynamicRow('dynamic-binary-100', '1-bit dynamic, all kept', { convolution: 'dynamic-binary', keep: 1 }),
  ],
});
