import type { Surrogate } from '../engine/kernels.js';
import { sizeOf } from '../tensor/shape.js';
import { elementwise, type Operator } from './operator.js';

export interface SignAttributes {
  /** What stands in for the derivative, which is 0 almost everywhere. */
  readonly surrogate: Surrogate;
}

/** +1 where x >= 0, -1 elsewhere. */
export const sign: Operator<SignAttributes> = {
  shape: ([x]) => x!,
  forward({ kernels, inputs: [x], output }) {
    kernels.sign(x!.size, x!.address, output.address);
  },
  backward({ kernels, inputs: [x], dy, make }, { surrogate }) {
    const dx = make(x!.shape);
    kernels.signGradient(surrogate, x!.size, x!.address, dy.address, dx.address);
    return [dx];
  },
  cost: ([x]) => elementwise(sizeOf(x!)),
};
