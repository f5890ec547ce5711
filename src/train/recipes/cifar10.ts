import type { RecipeInput } from '../recipe.js';

const normalize = { name: 'normalize', mean: [0.4914, 0.4822, 0.4465], std: [0.2471, 0.2435, 0.2616] } as const;

/** What is usual on CIFAR-10: windows of the image padded by 4, mirrored or not. */
export const cifar10Transforms = {
  train: [{ name: 'crop', padding: 4 }, { name: 'flip' }, { ...normalize, mean: [...normalize.mean], std: [...normalize.std] }],
  evaluate: [{ ...normalize, mean: [...normalize.mean], std: [...normalize.std] }],
} satisfies RecipeInput['transforms'];
