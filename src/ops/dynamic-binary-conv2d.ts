import type { Surrogate } from '../engine/kernels.js';
import { type Shape, sizeOf } from '../tensor/shape.js';
import { convolutionMacs } from './conv2d.js';
import { checkGates, type DynamicConv2dAttributes, dynamicGeometry, select } from './dynamic-conv2d.js';
import { type Operator, readsInputs } from './operator.js';
import { checkSurrogate } from './sign.js';

export interface DynamicBinaryConv2dAttributes extends DynamicConv2dAttributes {
  /** What stands in for the derivative of the activations' sign. */
  readonly surrogate: Surrogate;
}

/**
 * 1-bit dynamic convolution: inputs as of `dynamicConv2d`. Head h keeps, for each image, the set S of the channels of the largest gates and
 * makes
 *
 *     y = level * z,  z = sum over c in S of sign(x_c) conv sign(w_c),  level = mean over c in S of gate_c:
 *
 * integers z, and one real factor for each image and head, for a gate on each channel would make its products real again.
 *
 * Gradients. It is the real-valued layer sum over S of gate_c z_c with each gate put on one level, q(gate) = level. Behind the signs' surrogates
 * that is `dynamicConv2d` of signs by level: dx, dw come from that, with level for each gate. Through q the gradient goes straight:
 * dgate_c = <dy, z_c>. Its mean over S is the exact derivative, for dy/dlevel / |S| = <dy, z> / |S| and z is the sum of all z_c; how it differs
 * from channel to channel is what the real-valued layer would tell the selector of each, which the exact derivative says nothing of.
 */
export const dynamicBinaryConv2d: Operator<DynamicBinaryConv2dAttributes> = {
  shape([x, w, gates, ranking], attributes) {
    const g = dynamicGeometry('dynamicBinaryConv2d', x!, w!, attributes);
    checkGates('dynamicBinaryConv2d', g, gates!, ranking);
    checkSurrogate('dynamicBinaryConv2d', attributes.surrogate);
    return [g.batch, g.outHeight, g.outWidth, g.outChannels];
  },
  forward({ kernels, inputs: [x, w, gates, ranking], output, save }, attributes) {
    const g = dynamicGeometry('dynamicBinaryConv2d', x!.shape, w!.shape, attributes);
    const index = save([g.batch, g.heads, g.kept], 'int32');
    const levels = save(gates!.shape);
    select(g, attributes, { gates: gates!, ranking, index }, { kernels, save });
    kernels.levelGates(g.batch * g.heads, g.inChannels, g.kept, gates!.address, index.address, levels.address);
    kernels.dynamicBinaryConv2d(g, x!.address, w!.address, levels.address, index.address, output.address);
  },
  backward({ kernels, inputs: [x, w, gates], saved: [index, levels], dy, needed, make, scratch }, attributes) {
    const g = dynamicGeometry('dynamicBinaryConv2d', x!.shape, w!.shape, attributes);
    const dx = needed[0] ? make(x!.shape) : null;
    const dw = needed[1] ? make(w!.shape) : scratch(w!.shape);
    const dgates = needed[2] ? make(gates!.shape) : scratch(gates!.shape);
    const [xSigns, wSigns] = [scratch(x!.shape), scratch(w!.shape)];
    kernels.sign(x!.size, x!.address, xSigns.address);
    kernels.sign(w!.size, w!.address, wSigns.address);
    kernels.dynamicConv2dGradient(
      g,
      xSigns.address,
      wSigns.address,
      levels!.address,
      index!.address,
      dy.address,
      dx?.address ?? 0,
      dw.address,
      dgates.address,
    );
    kernels.signGradient('clip', w!.size, w!.address, dw.address, dw.address);
    if (dx) kernels.signGradient(attributes.surrogate, x!.size, x!.address, dx.address, dx.address);
    return [dx, needed[1] ? dw : null, needed[2] ? dgates : null, null];
  },
  reads: () => readsInputs(0, 1),
  cost(inputs, y, { kept }) {
    const [x, w] = inputs as [Shape, Shape];
    return { macs: 0, binaryMacs: (convolutionMacs(w, y) / x[3]!) * kept, elements: sizeOf(y) };
  },
};
