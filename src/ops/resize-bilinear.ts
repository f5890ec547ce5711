import type { ResizeGeometry } from '../engine/kernels.js';
import { ConfigError } from '../errors.js';
import { imageShape, type Shape, sizeOf } from '../tensor/shape.js';
import { elementwise, type Operator, readsInputs } from './operator.js';

export interface ResizeAttributes {
  readonly height: number;
  readonly width: number;
}

function geometry(x: Shape, { height: outHeight, width: outWidth }: ResizeAttributes): ResizeGeometry {
  const [batch, height, width, channels] = imageShape('resizeBilinear', x);
  for (const [key, value] of [
    ['height', outHeight],
    ['width', outWidth],
  ] as const) {
    if (!Number.isInteger(value) || value < 1)
      throw new ConfigError(`resizeBilinear.${key}`, `got ${value}, needs a whole number of at least 1`);
  }
  return { batch, height, width, channels, outHeight, outWidth };
}

/** Bilinear resize with half-pixel centres and clamped borders (PyTorch's `align_corners=False`, without antialiasing). */
export const resizeBilinear: Operator<ResizeAttributes> = {
  shape([x], attributes) {
    const g = geometry(x!, attributes);
    return [g.batch, g.outHeight, g.outWidth, g.channels];
  },
  forward({ kernels, inputs: [x], output }, attributes) {
    kernels.resizeBilinear(geometry(x!.shape, attributes), x!.address, output.address);
  },
  backward({ kernels, inputs: [x], dy, make }, attributes) {
    const dx = make(x!.shape);
    kernels.resizeBilinearGradient(geometry(x!.shape, attributes), dy.address, dx.address);
    return [dx];
  },
  reads: () => readsInputs(),
  cost: (_inputs, output) => elementwise(sizeOf(output)),
};
