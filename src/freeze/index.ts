export { type FrozenFile, freezeCheckpoint } from './checkpoint.js';
export { type FreezeOptions, type FrozenModel, freeze } from './freeze.js';
export { type FrozenLayer, frozenLayers } from './layers.js';
export type { StepVerification } from './verify.js';
