import type { Surrogate } from '../engine/kernels.js';
import { sizeOf } from '../tensor/shape.js';
import { type Conv2dAttributes, conv2dGeometry, convolutionMacs } from './conv2d.js';
import { type Operator, readsInputs } from './operator.js';
import { checkSurrogate } from './sign.js';

export interface BinaryConv2dAttributes extends Conv2dAttributes {
  /** Multiply each output channel by the mean |w| of its weights; no gradient passes through that factor. */
  readonly scale: boolean;
  /** What stands in for the derivative of the activations' sign. */
  readonly surrogate: Surrogate;
}

/**
 * 1-bit convolution: the signs of x convolved with the signs of w (sign(0) = +1; padding is zero after the sign, so border
 * taps are skipped).
 *
 * With y = s * (sign(x) conv sign(w)): dsign(x) = inputGradient(s dy, sign(w)), dsign(w) = weightGradient(sign(x), s dy);
 * dx = dsign(x) * surrogate(x), dw = dsign(w) where |w| <= 1 and 0 elsewhere (straight-through estimator).
 */
export const binaryConv2d: Operator<BinaryConv2dAttributes> = {
  shape([x, w], attributes) {
    const g = conv2dGeometry('binaryConv2d', x!, w!, attributes);
    checkSurrogate('binaryConv2d', attributes.surrogate);
    return [g.batch, g.outHeight, g.outWidth, g.outChannels];
  },
  forward({ kernels, inputs: [x, w], output, save }, attributes) {
    const g = conv2dGeometry('binaryConv2d', x!.shape, w!.shape, attributes);
    const scale = attributes.scale ? save([g.outChannels]) : null;
    if (scale) kernels.rowMeanAbsolute(g.outChannels, w!.size / g.outChannels, w!.address, scale.address);
    kernels.binaryConv2d(g, x!.address, w!.address, scale?.address ?? 0, output.address);
  },
  backward({ kernels, inputs: [x, w], saved: [scale], dy, needed, make, scratch }, attributes) {
    const g = conv2dGeometry('binaryConv2d', x!.shape, w!.shape, attributes);
    let scaled = dy;
    if (scale) {
      scaled = scratch(dy.shape);
      kernels.scaleRows(dy.size / g.outChannels, g.outChannels, false, dy.address, scale.address, scaled.address);
    }
    const dx = needed[0] ? make(x!.shape) : null;
    const dw = needed[1] ? make(w!.shape) : null;
    if (dw) {
      const signs = scratch(x!.shape);
      kernels.sign(x!.size, x!.address, signs.address);
      kernels.conv2dWeightGradient(g, signs.address, scaled.address, dw.address);
      kernels.signGradient('clip', w!.size, w!.address, dw.address, dw.address);
    }
    if (dx) {
      const signs = scratch(w!.shape);
      kernels.sign(w!.size, w!.address, signs.address);
      kernels.conv2dInputGradient(g, scaled.address, signs.address, dx.address);
      kernels.signGradient(attributes.surrogate, x!.size, x!.address, dx.address, dx.address);
    }
    return [dx, dw];
  },
  reads: () => readsInputs(0, 1),
  cost: ([, w], y, { scale }) => ({ macs: 0, binaryMacs: convolutionMacs(w!, y), elements: scale ? sizeOf(y) : 0 }),
};
