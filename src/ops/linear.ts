import type { Conv2dGeometry } from '../engine/kernels.js';
import { ShapeError } from '../errors.js';
import { formatShape, type Shape, sizeOf } from '../tensor/shape.js';
import { checkBias } from './conv2d.js';
import { type Operator, readsOther } from './operator.js';

/** A linear layer is a 1x1 convolution over images of one pixel: the same kernels serve both. */
function geometry(x: Shape, w: Shape): Conv2dGeometry {
  const one = {
    height: 1,
    width: 1,
    outHeight: 1,
    outWidth: 1,
    kernelHeight: 1,
    kernelWidth: 1,
    stride: 1,
    padding: 0,
    dilation: 1,
    groups: 1,
  };
  return { ...one, batch: x[0]!, inChannels: x[1]!, outChannels: w[0]! };
}

/** y = x w^T + b: x [rows, inFeatures], w [outFeatures, inFeatures], b [outFeatures]. */
export const linear: Operator<Record<never, never>> = {
  shape([x, w, bias]) {
    if (x!.length !== 2)
      throw new ShapeError('linear', `input ${formatShape(x!)}`, '[rows, features]', 'Pool or reshape it first.');
    if (w!.length !== 2 || w![1] !== x![1])
      throw new ShapeError('linear', `input ${formatShape(x!)} with weights ${formatShape(w!)}`, '[outFeatures, inFeatures]');
    checkBias('linear', bias, w![0]!);
    return [x![0]!, w![0]!];
  },
  forward({ kernels, inputs: [x, w, bias], output }) {
    kernels.conv2d(geometry(x!.shape, w!.shape), x!.address, w!.address, bias?.address ?? 0, output.address);
  },
  backward({ kernels, inputs: [x, w, bias], dy, needed, make }) {
    const g = geometry(x!.shape, w!.shape);
    const dx = needed[0] ? make(x!.shape) : null;
    const dw = needed[1] ? make(w!.shape) : null;
    const dbias = needed[2] ? make(bias!.shape) : null;
    if (dw) kernels.conv2dWeightGradient(g, x!.address, dy.address, dw.address);
    if (dbias) kernels.columnSums(g.batch, g.outChannels, dy.address, dbias.address);
    if (dx) kernels.conv2dInputGradient(g, dy.address, w!.address, dx.address);
    return [dx, dw, dbias];
  },
  reads: readsOther,
  cost: ([, w, bias], y) => ({ macs: (sizeOf(y) * sizeOf(w!)) / w![0]!, binaryMacs: 0, elements: bias ? sizeOf(y) : 0 }),
};
