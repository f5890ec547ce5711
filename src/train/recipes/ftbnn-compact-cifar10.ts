import type { RecipeInput } from '../recipe.js';
import { ftbnnCifar10Training } from './ftbnn-cifar10.js';

export const ftbnnCompactCifar10 = {
  name: 'ftbnn-compact-cifar10',
  description: 'The 1-bit network with a small stem and parameter-free shortcuts, on CIFAR-10',
  model: { name: 'ftbnn-compact-cifar' },
  ...ftbnnCifar10Training,
} satisfies RecipeInput;
