export { besideStateDict, decodePyTorch, type PyTorchCheckpoint, stateDict } from './checkpoint.js';
export type { PyTorchTensor } from './tensors.js';
export { isPyTorchTensor, type PyTorchValue } from './tree.js';
