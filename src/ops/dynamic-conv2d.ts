import type { DynamicGeometry } from '../engine/kernels.js';
import { ConfigError, ShapeError } from '../errors.js';
import { formatShape, type Shape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { conv2dGeometry } from './conv2d.js';
import { type ForwardCall, type Operator, readsInputs } from './operator.js';

/** Which saliencies go when several equal the smallest one kept. */
export type TieRule = 'keep' | 'drop';

export interface DynamicConv2dAttributes {
  readonly stride: number;
  readonly padding: number;
  /** Parts of the output channels; each picks input channels of its own. */
  readonly heads: number;
  /** Input channels that each head convolves, of every image. */
  readonly kept: number;
  /**
   * `keep`: exactly `kept` channels, the lowest index wins a tie. `drop` (the DGC authors' rule, for their checkpoints):
   * every saliency that is not above the largest one to go, goes too.
   */
  readonly ties: TieRule;
}

/**
 * Dynamic group convolution (DGC, section 3): inputs x [batch, height, width, C], w [C', kh, kw, C], gates [batch, heads, C].
 * Head h keeps, for each image, the channels of the largest gates, multiplies them by these, and convolves only them with
 * its C'/heads filters. The selection has no gradient; the gates that multiply have. A fourth input, ranking [heads, C],
 * chooses in place of the gates: the channels of its largest numbers, the same for every image.
 */
export const dynamicConv2d: Operator<DynamicConv2dAttributes> = {
  shape([x, w, gates, ranking], attributes) {
    const g = dynamicGeometry('dynamicConv2d', x!, w!, attributes);
    checkGates('dynamicConv2d', g, gates!, ranking);
    return [g.batch, g.outHeight, g.outWidth, g.outChannels];
  },
  forward({ kernels, inputs: [x, w, gates, ranking], output, save }, attributes) {
    const g = dynamicGeometry('dynamicConv2d', x!.shape, w!.shape, attributes);
    const index = save([g.batch, g.heads, g.kept], 'int32');
    select(g, attributes, { gates: gates!, ranking, index }, { kernels, save });
    kernels.dynamicConv2d(g, x!.address, w!.address, gates!.address, index.address, output.address);
  },
  backward({ kernels, inputs: [x, w, gates], saved: [index], dy, needed, make, scratch }, attributes) {
    const g = dynamicGeometry('dynamicConv2d', x!.shape, w!.shape, attributes);
    const dx = needed[0] ? make(x!.shape) : null;
    const dw = needed[1] ? make(w!.shape) : scratch(w!.shape);
    const dgates = needed[2] ? make(gates!.shape) : scratch(gates!.shape);
    kernels.dynamicConv2dGradient(
      g,
      x!.address,
      w!.address,
      gates!.address,
      index!.address,
      dy.address,
      dx?.address ?? 0,
      dw.address,
      dgates.address,
    );
    return [dx, needed[1] ? dw : null, needed[2] ? dgates : null, null];
  },
  reads: () => readsInputs(0, 1, 2),
  cost(inputs, _output, attributes) {
    const [x, w] = inputs as [Shape, Shape];
    const g = dynamicGeometry('dynamicConv2d', x, w, attributes);
    const macs = g.batch * g.outHeight * g.outWidth * g.outChannels * g.kernelHeight * g.kernelWidth * g.kept;
    return { macs, binaryMacs: 0, elements: g.batch * g.heads * g.kept * g.height * g.width };
  },
};

/** Writes the channels that each image and head keeps to `index`, for the gradient to use as well. */
export function select(
  g: DynamicGeometry,
  { ties }: DynamicConv2dAttributes,
  { gates, ranking, index }: { gates: Tensor; ranking: Tensor | undefined; index: Tensor },
  call: Pick<ForwardCall, 'kernels' | 'save'>,
): void {
  const ranks = ranking ? forEveryImage(ranking, g, call) : gates;
  call.kernels.selectChannels(g.batch * g.heads, g.inChannels, g.kept, ties === 'drop', ranks.address, index.address);
}

/** [heads, C] once more for each image. */
function forEveryImage(ranking: Tensor, g: DynamicGeometry, { kernels, save }: Pick<ForwardCall, 'kernels' | 'save'>): Tensor {
  const channels = g.heads * g.inChannels;
  const ranks = save([g.batch, g.heads, g.inChannels]);
  const repeats = { batch: g.batch, pixels: 1, channels, overBatch: true, overPixels: true, overChannels: false };
  kernels.fill(g.batch * channels, 0, ranks.address);
  kernels.broadcast('add', repeats, ranks.address, ranking.address, ranks.address);
  return ranks;
}

/** Sizes of a dynamic convolution. @throws ShapeError, ConfigError */
export function dynamicGeometry(operation: string, x: Shape, w: Shape, attributes: DynamicConv2dAttributes): DynamicGeometry {
  const { stride, padding, heads, kept, ties } = attributes;
  const g = conv2dGeometry(operation, x, w, { stride, padding, dilation: 1, groups: 1 });
  if (!Number.isInteger(heads) || heads < 1 || g.outChannels % heads !== 0) {
    throw new ConfigError(`${operation}.heads`, `got ${heads}, which does not divide the ${g.outChannels} output channels`);
  }
  if (!Number.isInteger(kept) || kept < 1 || kept > g.inChannels) {
    throw new ConfigError(`${operation}.kept`, `got ${kept}, needs a whole number from 1 to ${g.inChannels}`);
  }
  if (ties !== 'keep' && ties !== 'drop') throw new ConfigError(`${operation}.ties`, `got ${ties}, needs keep or drop`);
  return { ...g, heads, kept };
}

/** @throws ShapeError */
export function checkGates(operation: string, g: DynamicGeometry, gates: Shape, ranking: Shape | undefined): void {
  if (gates.length !== 3 || gates[0] !== g.batch || gates[1] !== g.heads || gates[2] !== g.inChannels) {
    throw new ShapeError(operation, `gates ${formatShape(gates)}`, `[${g.batch}, ${g.heads}, ${g.inChannels}]`);
  }
  if (ranking && (ranking.length !== 2 || ranking[0] !== g.heads || ranking[1] !== g.inChannels)) {
    throw new ShapeError(operation, `ranking ${formatShape(ranking)}`, `[${g.heads}, ${g.inChannels}]`);
  }
}
