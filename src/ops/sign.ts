import type { Surrogate } from '../engine/kernels.js';
import { ConfigError } from '../errors.js';
import { sizeOf } from '../tensor/shape.js';
import { elementwise, type Operator, readsInputs } from './operator.js';

export interface SignAttributes {
  /** What stands in for the derivative, which is 0 almost everywhere. */
  readonly surrogate: Surrogate;
}

const surrogates: readonly Surrogate[] = ['clip', 'quadratic'];

/** For callers without types: an unknown name would train with another derivative than meant. @throws ConfigError */
export function checkSurrogate(operation: string, surrogate: Surrogate): void {
  if (!surrogates.includes(surrogate))
    throw new ConfigError(`${operation}.surrogate`, `got ${surrogate}, needs ${surrogates.join(' or ')}`);
}

/** +1 where x >= 0, -1 elsewhere. */
export const sign: Operator<SignAttributes> = {
  shape([x], { surrogate }) {
    checkSurrogate('sign', surrogate);
    return x!;
  },
  forward({ kernels, inputs: [x], output }) {
    kernels.sign(x!.size, x!.address, output.address);
  },
  backward({ kernels, inputs: [x], dy, make }, { surrogate }) {
    const dx = make(x!.shape);
    kernels.signGradient(surrogate, x!.size, x!.address, dy.address, dx.address);
    return [dx];
  },
  reads: () => readsInputs(0),
  cost: ([x]) => elementwise(sizeOf(x!)),
};
