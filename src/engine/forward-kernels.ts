import type { Kernels } from './kernels.js';

/** What a packed model runs on, and how 1-bit methods are timed: no gradients, losses or optimisers. */
export type ForwardKernels = Pick<
  Kernels,
  | 'conv2d'
  | 'packedFilterFloats'
  | 'packFilters'
  | 'packedConv2d'
  | 'packSigns'
  | 'binaryConv2d'
  | 'packedWeightInts'
  | 'packSignBits'
  | 'packedBinaryConv2d'
  | 'binarySumFloats'
  | 'packedBinarySigns'
  | 'selectChannels'
  | 'packedDynamicWeightFloats'
  | 'packDynamicWeights'
  | 'packedDynamicConv2d'
  | 'dynamicConv2d'
  | 'levelGates'
  | 'dynamicBinaryConv2d'
  | 'finish'
  | 'copy'
  | 'fill'
  | 'activation'
  | 'broadcast'
  | 'copyColumns'
  | 'shuffleChannels'
  | 'pad'
  | 'maxPool'
  | 'averagePool'
  | 'globalAveragePool'
  | 'resizeBilinear'
  | 'channelMean'
  | 'channelMax'
>;

/** What of a group of kernels is among them, and what is for training only. */
export type ForwardPart<Group> = Pick<Group, keyof Group & keyof ForwardKernels>;
export type TrainingPart<Group> = Omit<Group, keyof ForwardKernels>;
