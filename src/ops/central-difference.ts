import { ConfigError, ShapeError } from '../errors.js';
import { formatShape, type Shape, sizeOf } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { elementwise, type Operator, readsInputs } from './operator.js';

export interface CentralDifferenceAttributes {
  /** Share of the central difference, in [0, 1]; 0 leaves the weights as they are. */
  readonly theta: number;
}

/**
 * Central difference convolution (CDCN, equation 4) is y(p0) = sum w(pn) x(p0 + pn) - theta x(p0) sum w(pn). Collecting what
 * multiplies x(p0): a plain convolution whose centre tap is w_centre - theta * sum(w). So the operator is this transform of the
 * weights [outChannels, kernelHeight, kernelWidth, inChannels], and any convolution may follow it.
 */
export const centralDifference: Operator<CentralDifferenceAttributes> = {
  shape([w], { theta }) {
    if (!(theta >= 0 && theta <= 1)) throw new ConfigError('centralDifference.theta', `got ${theta}, needs a number in [0, 1]`);
    if (w!.length !== 4 || w![1]! % 2 === 0 || w![2]! % 2 === 0) {
      throw new ShapeError(
        'centralDifference',
        `weights ${formatShape(w!)}`,
        'a kernel of odd height and width',
        'An even one has no centre tap.',
      );
    }
    return w!;
  },
  forward({ kernels, inputs: [w], output }, { theta }) {
    kernels.centralDifference(...sizes(w!), theta, w!.address, output.address);
  },
  backward({ kernels, inputs: [w], dy, make }, { theta }) {
    const dw = make(w!.shape);
    kernels.centralDifferenceGradient(...sizes(w!), theta, dy.address, dw.address);
    return [dw];
  },
  reads: () => readsInputs(),
  cost: ([w]: readonly Shape[]) => elementwise(sizeOf(w!)),
};

function sizes(w: Tensor): [rows: number, taps: number, channels: number] {
  const [rows, kernelHeight, kernelWidth, channels] = w.shape as unknown as [number, number, number, number];
  return [rows, kernelHeight * kernelWidth, channels];
}
