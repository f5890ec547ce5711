import type { Conv2dGeometry, Surrogate } from '../engine/kernels.js';
import { signRowBytes } from '../engine/packed-signs.js';
import { ConfigError } from '../errors.js';
import { sizeOf } from '../tensor/shape.js';
import { type Conv2dAttributes, conv2dGeometry, convolutionMacs } from './conv2d.js';
import { type Operator, readsInputs } from './operator.js';
import { checkSurrogate } from './sign.js';

/** How the quadratic surrogate's derivative is kept: `exact`, from x itself; `packed`, a byte an element, at most 1/255 off. */
export type KeptDerivative = 'exact' | 'packed';

export interface BinaryConv2dAttributes extends Conv2dAttributes {
  /** Multiply each output channel by the mean |w| of its weights; no gradient passes through that factor. */
  readonly scale: boolean;
  /** What stands in for the derivative of the activations' sign. */
  readonly surrogate: Surrogate;
  readonly keep: KeptDerivative;
}

/**
 * 1-bit convolution: the signs of x convolved with the signs of w (sign(0) = +1; padding is zero after the sign, so border
 * taps are skipped).
 *
 * With y = s * (sign(x) conv sign(w)): dsign(x) = inputGradient(s dy, sign(w)), dsign(w) = weightGradient(sign(x), s dy);
 * dx = dsign(x) * surrogate(x), dw = dsign(w) where |w| <= 1 and 0 elsewhere (straight-through estimator).
 *
 * The gradient needs x's signs, which are kept as bits, and surrogate(x): one more bit for `clip`; for `quadratic` the values of x or, packed, a byte
 * each. Only the exact quadratic one reads x again.
 */
export const binaryConv2d: Operator<BinaryConv2dAttributes> = {
  shape([x, w], attributes) {
    const g = conv2dGeometry('binaryConv2d', x!, w!, attributes);
    checkSurrogate('binaryConv2d', attributes.surrogate);
    if (attributes.keep !== 'exact' && attributes.keep !== 'packed')
      throw new ConfigError('binaryConv2d.keep', `got ${attributes.keep}, needs exact or packed`);
    return [g.batch, g.outHeight, g.outWidth, g.outChannels];
  },
  forward({ kernels, inputs: [x, w], output, recorded, save }, attributes) {
    const g = conv2dGeometry('binaryConv2d', x!.shape, w!.shape, attributes);
    const { rows, channels, signInts, keptInts } = packedSizes(g, attributes);
    const signs = save([signInts], 'int32');
    const kept = recorded && keptInts > 0 ? save([keptInts], 'int32') : null;
    kernels.packSigns(rows, channels, x!.address, signs.address, kept ? attributes.surrogate : null, kept?.address ?? 0);
    const scale = attributes.scale ? save([g.outChannels]) : null;
    if (scale) kernels.rowMeanAbsolute(g.outChannels, w!.size / g.outChannels, w!.address, scale.address);
    kernels.binaryConv2d(g, signs.address, w!.address, scale?.address ?? 0, output.address);
  },
  backward({ kernels, inputs: [x, w], saved, dy, needed, make, scratch }, attributes) {
    const g = conv2dGeometry('binaryConv2d', x!.shape, w!.shape, attributes);
    const { rows, channels, keptInts } = packedSizes(g, attributes);
    const signs = saved[0]!;
    const kept = keptInts > 0 ? saved[1]! : null;
    let scaled = dy;
    if (attributes.scale) {
      scaled = scratch(dy.shape);
      kernels.scaleRows(dy.size / g.outChannels, g.outChannels, false, dy.address, saved.at(-1)!.address, scaled.address);
    }
    const dx = needed[0] ? make(x!.shape) : null;
    const dw = needed[1] ? make(w!.shape) : null;
    if (dw) {
      const unpacked = scratch(x!.shape);
      kernels.unpackSigns(rows, channels, signs.address, unpacked.address);
      kernels.conv2dWeightGradient(g, unpacked.address, scaled.address, dw.address);
      kernels.signGradient('clip', w!.size, w!.address, dw.address, dw.address);
    }
    if (dx) {
      const weightSigns = scratch(w!.shape);
      kernels.sign(w!.size, w!.address, weightSigns.address);
      kernels.conv2dInputGradient(g, scaled.address, weightSigns.address, dx.address);
      if (kept) kernels.multiplyByKept(attributes.surrogate, rows, channels, kept.address, dx.address);
      else kernels.signGradient(attributes.surrogate, x!.size, x!.address, dx.address, dx.address);
    }
    return [dx, dw];
  },
  reads: ([towardsX], { surrogate, keep }) =>
    towardsX && surrogate === 'quadratic' && keep === 'exact' ? readsInputs(0, 1) : readsInputs(1),
  cost: ([, w], y, { scale }) => ({ macs: 0, binaryMacs: convolutionMacs(w!, y), elements: scale ? sizeOf(y) : 0 }),
};

/** Rows of signs, and the int32 elements that hold them and the kept derivative (0: x itself is kept). */
function packedSizes(g: Conv2dGeometry, { surrogate, keep }: BinaryConv2dAttributes) {
  const rows = g.batch * g.height * g.width * g.groups;
  const channels = g.inChannels / g.groups;
  const signInts = Math.ceil((rows * signRowBytes(channels)) / 4);
  const packedInts = surrogate === 'clip' ? signInts : Math.ceil((rows * channels) / 4);
  return { rows, channels, signInts, keptInts: surrogate === 'quadratic' && keep === 'exact' ? 0 : packedInts };
}
