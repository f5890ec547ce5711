import { ConfigError } from '../errors.js';
import { sizeOf } from '../tensor/shape.js';
import { elementwise, type Operator, readsInputs } from './operator.js';

type NoAttributes = Record<never, never>;

/** Sum of all elements; a scalar. */
export const sum: Operator<NoAttributes> = {
  shape: () => [],
  forward({ kernels, inputs: [x], output }) {
    kernels.sum(x!.size, x!.address, output.address);
  },
  backward({ kernels, inputs: [x], dy, make }) {
    const dx = make(x!.shape);
    kernels.fill(dx.size, 0, dx.address);
    const everywhere = { batch: 1, pixels: dx.size, channels: 1, overBatch: true, overPixels: true, overChannels: true };
    kernels.broadcast('add', everywhere, dx.address, dy.address, dx.address);
    return [dx];
  },
  reads: () => readsInputs(),
  cost: ([x]) => elementwise(sizeOf(x!)),
};

export interface ScaleAttributes {
  /** Any finite number. */
  readonly factor: number;
}

/** factor * x */
export const scale: Operator<ScaleAttributes> = {
  shape([x], { factor }) {
    if (!Number.isFinite(factor)) throw new ConfigError('scale.factor', `got ${factor}, needs a finite number`);
    return x!;
  },
  forward({ kernels, inputs: [x], output }, { factor }) {
    kernels.affine(x!.size, factor, 0, x!.address, output.address);
  },
  backward({ kernels, dy, reuse }, { factor }) {
    const dx = reuse();
    kernels.affine(dx.size, factor, 0, dy.address, dx.address);
    return [dx];
  },
  reads: () => readsInputs(),
  cost: ([x]) => elementwise(sizeOf(x!)),
};
