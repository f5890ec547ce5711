export { Rng, type RngState } from './rng.js';
export { Scope, scope } from './scope.js';
export { formatShape, imageShape, rowsAndChannels, type Shape, sameShape, sizeOf } from './shape.js';
export { type Gradients, Tape, type TapeNode, withGradients } from './tape.js';
export { expectDType, Tensor } from './tensor.js';
