import { Conv2d, type Conv2dOptions } from './convolution.js';

/**
 * Central difference convolution (CDCN, equation 4): a plain convolution whose centre tap is w_centre - theta * sum(w), so
 * that it sees intensity and gradient at once. The transform is of the weights alone: no extra cost over a plain convolution.
 */
export class CentralDifferenceConv2d extends Conv2d {
  constructor(inChannels: number, outChannels: number, options: Conv2dOptions) {
    super(inChannels, outChannels, { theta: 0.7, ...options });
  }
}
