import type { RecipeInput } from '../recipe.js';
import { ftbnnCifar10Training } from './ftbnn-cifar10.js';

export const ftbnnBaseCifar10 = {
  name: 'ftbnn-base-cifar10',
  description: 'The 1-bit network of ResNet-18 shape, with real-valued shortcuts, on CIFAR-10',
  model: { name: 'ftbnn-base-cifar' },
  ...ftbnnCifar10Training,
} satisfies RecipeInput;
