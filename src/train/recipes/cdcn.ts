import type { TransformInput } from '../../data/transforms.js';
import type { RecipeInput } from '../recipe.js';

/** How `gossamer pad prepare` cuts faces unless told otherwise: at the largest of the scales. */
const stored = 1.4;

/** The CDCN authors' augmentation (arXiv:2003.04092 and their code), for crops of `size` pixels; black squares of up to `cutout`. */
export function faceTransforms(size: number, cutout: number) {
  // (x - 127.5) / 128
  const normalize: TransformInput = { name: 'normalize', mean: [0.5], std: [128 / 255] };
  return {
    train: [
      { name: 'face-scale', stored, scales: [1.2, 1.3, 1.4], size },
      { name: 'channel-shift', range: [-40, 40] },
      { name: 'gamma', range: [0.5, 1.5] },
      { name: 'erasing', probability: 0.5, patches: [1, 2], area: [0.01, 0.05], ratio: [0.5, 2] },
      { name: 'flip' },
      { name: 'cutout', size: cutout, least: 1 },
      normalize,
    ],
    evaluate: [{ name: 'face-scale', stored, scales: [1.3], size }, normalize],
  } satisfies RecipeInput['transforms'];
}

/** The authors' settings: a frame of every video an epoch, and every weight decays. The dev split chooses the epoch. */
const paperTraining = {
  transforms: faceTransforms(256, 49),
  sampling: { frames: 'one-per-video' },
  loss: { name: 'depth' },
  optimizer: { name: 'adam', learningRate: 1e-4, weightDecay: 5e-5, decay: 'all' },
  schedule: { name: 'multistep', milestones: [500, 1000], factor: 0.5 },
  epochs: 1400,
  batchSize: 7,
  validation: { split: true },
} satisfies Omit<RecipeInput, 'name' | 'model'>;

export const cdcn = {
  name: 'cdcn',
  description: 'CDCN on prepared faces (gossamer pad prepare), as its authors trained it',
  model: { name: 'cdcn' },
  ...paperTraining,
} satisfies RecipeInput;

export const cdcnpp = {
  name: 'cdcnpp',
  description: 'CDCN++ on prepared faces, as its authors trained it',
  model: { name: 'cdcnpp' },
  ...paperTraining,
} satisfies RecipeInput;

/**
 * A share of the pixels is to be covered, not a number of them. Small networks learn at higher rates: in the first epoch on 768 drawn faces the loss of
 * cdcn-s is 0.122 on average at 5e-3 and 0.143 at 1e-3, that of bicdcn-s 0.133 at 5e-3 and 0.155 at 2e-3.
 */
const smallTraining = {
  ...paperTraining,
  transforms: faceTransforms(128, 25),
  sampling: { frames: 'one-per-video', balance: 'label' },
  epochs: 200,
  batchSize: 16,
} satisfies Omit<RecipeInput, 'name' | 'model'>;

export const cdcnSmall = {
  name: 'cdcn-s',
  description: 'The small CDCN for CPUs on prepared faces',
  model: { name: 'cdcn-s' },
  ...smallTraining,
  optimizer: { name: 'adam', learningRate: 5e-3, weightDecay: 5e-5 },
  schedule: { name: 'cosine', warmup: { epochs: 1 } },
} satisfies RecipeInput;

/** As our other 1-bit networks: a straight decay of the learning rate, and no weight decay. */
export const biCdcnSmall = {
  name: 'bicdcn-s',
  description: 'The 1-bit form of the small CDCN on prepared faces',
  model: { name: 'bicdcn-s' },
  ...smallTraining,
  optimizer: { name: 'adam', learningRate: 5e-3 },
  schedule: { name: 'linear', warmup: { epochs: 1 } },
} satisfies RecipeInput;
