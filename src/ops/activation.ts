import type { Activation } from '../engine/kernels.js';
import { sizeOf } from '../tensor/shape.js';
import { elementwise, type Operator } from './operator.js';

type NoAttributes = Record<never, never>;

/** An activation whose derivative can be told from its output. */
function activation(kind: Activation): Operator<NoAttributes> {
  return {
    shape: ([x]) => x!,
    forward({ kernels, inputs: [x], output }) {
      kernels.activation(kind, x!.size, x!.address, output.address);
    },
    backward({ kernels, output, dy, reuse }) {
      const dx = reuse();
      kernels.activationGradient(kind, output.size, output.address, dy.address, dx.address);
      return [dx];
    },
    reads: () => ({ inputs: [], output: true }),
    cost: ([x]) => elementwise(sizeOf(x!)),
  };
}

/** max(x, 0); derivative 0 at 0. */
export const relu = activation('relu');
/** 1 / (1 + exp(-x)) */
export const sigmoid = activation('sigmoid');
/** x clamped to [-1, 1]; derivative 0 at the ends. */
export const hardTanh = activation('hardTanh');
