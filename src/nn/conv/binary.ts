import type { Surrogate } from '../../engine/kernels.js';
import type { KeptDerivative } from '../../ops/binary-conv2d.js';
import * as ops from '../../ops/index.js';
import type { Tensor } from '../../tensor/tensor.js';
import { normal } from '../initializers.js';
import { Module } from '../module.js';
import { Parameter } from '../state.js';
import { type Conv2dOptions, transformedWeight, weightShape } from './convolution.js';

export interface BinaryConv2dOptions extends Omit<Conv2dOptions, 'bias'> {
  /** Multiply each output channel by the mean |w| of its weights. Off by default: a batch norm follows and learns it. */
  readonly scale?: boolean;
  /** Stand-in for the derivative of the activations' sign. */
  readonly surrogate?: Surrogate;
  /**
   * What training keeps of the input for the `quadratic` surrogate: the input itself (`exact`), or a byte an element (`packed`; the derivative is at most 1/255 off).
   * `clip` needs a bit and is exact.
   */
  readonly keep?: KeptDerivative;
}

/**
 * 1-bit convolution: signs of the input with signs of the weights, one xor and one popcount for 64 products.
 *
 * Training keeps real weights behind the signs. Gradients pass the weights' sign unchanged where |w| <= 1 and stop elsewhere, and
 * the activations' sign by the surrogate. Its input should be centred (after a batch norm): behind a ReLU every sign is +1.
 *
 * With `theta` the real weights are transformed to their central difference first and the signs are taken of that, so that
 * the result is 1-bit still: a 1-bit central difference convolution.
 */
export class BinaryConv2d extends Module {
  readonly weight: Parameter;
  readonly theta: number;
  private readonly options: Required<
    Pick<BinaryConv2dOptions, 'stride' | 'padding' | 'dilation' | 'groups' | 'scale' | 'surrogate' | 'keep'>
  >;

  constructor(inChannels: number, outChannels: number, options: BinaryConv2dOptions) {
    super();
    const {
      kernel,
      stride = 1,
      padding = 0,
      dilation = 1,
      groups = 1,
      theta = 0,
      scale = false,
      surrogate = 'quadratic',
      keep = 'exact',
    } = options;
    const shape = weightShape(inChannels, outChannels, kernel, groups);
    // Only the sign acts: a small start lets signs change early, and the gradient passes everywhere.
    this.weight = new Parameter(shape, options.initializer ?? normal(0.05), options.rng, 'weight', {
      bits: 1,
      // The scale is a mean of sizes, and the transform of theta mixes the weights before their signs are taken.
      signsOnly: !scale && theta === 0,
    });
    this.theta = theta;
    this.options = { stride, padding, dilation, groups, scale, surrogate, keep };
  }

  forward(x: Tensor): Tensor {
    return ops.binaryConv2d(x, transformedWeight(this.weight.value, this.theta), this.options);
  }
}
