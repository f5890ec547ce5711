import type { RecipeInput } from '../recipe.js';

const normalize = { name: 'normalize', mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } satisfies NonNullable<
  NonNullable<RecipeInput['transforms']>['train']
>[number];

/**
 * What is usual on ImageNet, in class folders: windows of 8 to 100 % of the image at 224 pixels, mirrored or not; the middle of 256 for
 * judging. Pictures are brought to 256 x 256 when they are read, so that windows are cut of the middle square, not of the whole picture.
 */
export const imagenet = {
  data: { size: 256, fit: 'cover', channels: 3 },
  transforms: {
    train: [{ name: 'random-resized-crop', size: 224 }, { name: 'flip' }, normalize],
    evaluate: [{ name: 'center-crop', size: 224 }, normalize],
  },
  validation: { fraction: 0.02 },
} satisfies Partial<RecipeInput>;
