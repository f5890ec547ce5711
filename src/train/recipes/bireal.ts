import type { RecipeInput } from '../recipe.js';
import { imagenet } from './imagenet.js';

/** How Bi-Real net trained its 1-bit networks on ImageNet (Liu et al., 2018); signs need no weight decay. */
export const biRealTraining = {
  ...imagenet,
  optimizer: { name: 'adam', learningRate: 1e-3 },
  schedule: { name: 'linear' },
  epochs: 256,
  batchSize: 512,
} satisfies Partial<RecipeInput>;

/** Theirs: 56.4 % top-1, 79.5 % top-5. */
export const biReal18Imagenet = {
  name: 'bireal18-imagenet',
  description: 'Bi-Real-18 on ImageNet, as its authors trained it',
  model: { name: 'bireal18' },
  ...biRealTraining,
} satisfies RecipeInput;
