import { expect, it } from 'vitest';
import { didYouMean, nearest } from '../src/nearest.js';

it.each([
  ['epoch', 'epochs'],
  ['bacthSize', 'batchSize'],
  ['LEARNINGRATE', 'learningRate'],
  ['learningrate', 'learningRate'],
])('takes %s for %s', (typed, meant) => {
  expect(nearest(typed, ['epochs', 'batchSize', 'learningRate', 'seed'])).toBe(meant);
});

it('takes nothing for what is not near', () => {
  expect(nearest('colour', ['epochs', 'batchSize'])).toBeNull();
  expect(didYouMean('colour', ['epochs', 'batchSize'])).toBe('');
});

it('prefers the nearer of two', () => {
  expect(nearest('ftbnn-bace', ['ftbnn-base', 'ftbnn-base-cifar'])).toBe('ftbnn-base');
});
