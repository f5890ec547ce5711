import type { Conv2dGeometry } from '../engine/kernels.js';
import { ConfigError, ShapeError } from '../errors.js';
import { formatShape, imageShape, type Shape, sizeOf } from '../tensor/shape.js';
import { type Cost, type Operator, readsOther } from './operator.js';

/** Attributes that all convolutions share. */
export interface Conv2dAttributes {
  /** Step of the window in pixels, at least 1. */
  readonly stride: number;
  /** Zeros added on each of the four sides. */
  readonly padding: number;
  /** Distance of neighbouring taps, at least 1. */
  readonly dilation: number;
  /** Parts into which input and output channels are split; each part sees its own only. */
  readonly groups: number;
}

/**
 * Sizes of a convolution of x [batch, height, width, inChannels] with w [outChannels, kernelHeight, kernelWidth, inChannels / groups].
 * @throws ShapeError, ConfigError
 */
export function conv2dGeometry(operation: string, x: Shape, w: Shape, attributes: Conv2dAttributes): Conv2dGeometry {
  const [batch, height, width, inChannels] = imageShape(operation, x);
  if (w.length !== 4)
    throw new ShapeError(operation, `weights ${formatShape(w)}`, '[outChannels, kernelHeight, kernelWidth, inChannels / groups]');
  const [outChannels, kernelHeight, kernelWidth, channelsPerGroup] = w as unknown as [number, number, number, number];
  const { stride, padding, dilation, groups } = attributes;
  for (const [key, value, least] of [
    ['stride', stride, 1],
    ['padding', padding, 0],
    ['dilation', dilation, 1],
    ['groups', groups, 1],
  ] as const) {
    if (!Number.isInteger(value) || value < least)
      throw new ConfigError(`${operation}.${key}`, `got ${value}, needs a whole number of at least ${least}`);
  }
  if (inChannels % groups !== 0 || outChannels % groups !== 0) {
    throw new ConfigError(
      `${operation}.groups`,
      `got ${groups}, which divides not both ${inChannels} input and ${outChannels} output channels`,
    );
  }
  if (inChannels !== channelsPerGroup * groups) {
    throw new ShapeError(
      operation,
      `input ${formatShape(x)} with weights ${formatShape(w)}`,
      `${channelsPerGroup * groups} input channels`,
    );
  }
  const outHeight = outputLength(height, kernelHeight, stride, padding, dilation);
  const outWidth = outputLength(width, kernelWidth, stride, padding, dilation);
  if (outHeight < 1 || outWidth < 1) {
    throw new ShapeError(
      operation,
      `input ${formatShape(x)}`,
      `at least the kernel's ${kernelHeight}x${kernelWidth} pixels (dilation ${dilation}, padding ${padding})`,
    );
  }
  return {
    batch,
    height,
    width,
    inChannels,
    outHeight,
    outWidth,
    outChannels,
    kernelHeight,
    kernelWidth,
    stride,
    padding,
    dilation,
    groups,
  };
}

function outputLength(length: number, kernel: number, stride: number, padding: number, dilation: number): number {
  return Math.floor((length + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1;
}

export function convolutionMacs(w: Shape, y: Shape): number {
  return (sizeOf(y) * sizeOf(w)) / w[0]!;
}

/** Convolution: inputs x, w and, for a bias, b [outChannels]. */
export const conv2d: Operator<Conv2dAttributes> = {
  shape([x, w, bias], attributes) {
    const g = conv2dGeometry('conv2d', x!, w!, attributes);
    checkBias('conv2d', bias, g.outChannels);
    return [g.batch, g.outHeight, g.outWidth, g.outChannels];
  },
  forward({ kernels, inputs: [x, w, bias], output }, attributes) {
    kernels.conv2d(
      conv2dGeometry('conv2d', x!.shape, w!.shape, attributes),
      x!.address,
      w!.address,
      bias?.address ?? 0,
      output.address,
    );
  },
  backward({ kernels, inputs: [x, w, bias], dy, needed, make }, attributes) {
    const g = conv2dGeometry('conv2d', x!.shape, w!.shape, attributes);
    const dx = needed[0] ? make(x!.shape) : null;
    const dw = needed[1] ? make(w!.shape) : null;
    const dbias = needed[2] ? make(bias!.shape) : null;
    if (dw) kernels.conv2dWeightGradient(g, x!.address, dy.address, dw.address);
    if (dbias) kernels.columnSums(dy.size / g.outChannels, g.outChannels, dy.address, dbias.address);
    if (dx) kernels.conv2dInputGradient(g, dy.address, w!.address, dx.address);
    return [dx, dw, dbias];
  },
  reads: readsOther,
  cost: ([, w, bias], y): Cost => ({ macs: convolutionMacs(w!, y), binaryMacs: 0, elements: bias ? sizeOf(y) : 0 }),
};

export function checkBias(operation: string, bias: Shape | undefined, outChannels: number): void {
  if (bias && (bias.length !== 1 || bias[0] !== outChannels)) {
    throw new ShapeError(operation, `bias ${formatShape(bias)}`, `[${outChannels}]`);
  }
}
