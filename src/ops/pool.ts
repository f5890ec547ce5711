import type { PoolGeometry } from '../engine/kernels.js';
import { ConfigError, ShapeError } from '../errors.js';
import { formatShape, imageShape, type Shape, sizeOf } from '../tensor/shape.js';
import { type Cost, elementwise, type Operator, readsInputs } from './operator.js';

export interface PoolAttributes {
  /** Height and width of the window. */
  readonly kernel: number;
  readonly stride: number;
  /** At most half of the kernel. */
  readonly padding: number;
}

function geometry(operation: string, x: Shape, { kernel, stride, padding }: PoolAttributes): PoolGeometry {
  const [batch, height, width, channels] = imageShape(operation, x);
  for (const [key, value, least] of [
    ['kernel', kernel, 1],
    ['stride', stride, 1],
    ['padding', padding, 0],
  ] as const) {
    if (!Number.isInteger(value) || value < least)
      throw new ConfigError(`${operation}.${key}`, `got ${value}, needs a whole number of at least ${least}`);
  }
  if (padding > kernel / 2)
    throw new ConfigError(`${operation}.padding`, `got ${padding}, at most half of the kernel (${kernel}) is allowed`);
  const outHeight = Math.floor((height + 2 * padding - kernel) / stride) + 1;
  const outWidth = Math.floor((width + 2 * padding - kernel) / stride) + 1;
  if (outHeight < 1 || outWidth < 1)
    throw new ShapeError(operation, `input ${formatShape(x)}`, `at least ${kernel}x${kernel} pixels (padding ${padding})`);
  return { batch, height, width, channels, outHeight, outWidth, kernel, stride, padding };
}

function outputShape(g: PoolGeometry): Shape {
  return [g.batch, g.outHeight, g.outWidth, g.channels];
}

function cost(_inputs: readonly Shape[], output: Shape, { kernel }: PoolAttributes): Cost {
  return elementwise(sizeOf(output) * kernel * kernel);
}

/** Maximum over windows; padding never wins, and the first maximum in row order takes the gradient. */
export const maxPool: Operator<PoolAttributes> = {
  shape: ([x], attributes) => outputShape(geometry('maxPool', x!, attributes)),
  forward({ kernels, inputs: [x], output, save }, attributes) {
    const argmax = save(output.shape, 'int32');
    kernels.maxPool(geometry('maxPool', x!.shape, attributes), x!.address, output.address, argmax.address);
  },
  backward({ kernels, inputs: [x], saved: [argmax], dy, make }, attributes) {
    const dx = make(x!.shape);
    kernels.maxPoolGradient(geometry('maxPool', x!.shape, attributes), dy.address, argmax!.address, dx.address);
    return [dx];
  },
  reads: () => readsInputs(),
  cost,
};

/** Mean over windows; padding counts as zeros (PyTorch's default). */
export const averagePool: Operator<PoolAttributes> = {
  shape: ([x], attributes) => outputShape(geometry('averagePool', x!, attributes)),
  forward({ kernels, inputs: [x], output }, attributes) {
    kernels.averagePool(geometry('averagePool', x!.shape, attributes), x!.address, output.address);
  },
  backward({ kernels, inputs: [x], dy, make }, attributes) {
    const dx = make(x!.shape);
    kernels.averagePoolGradient(geometry('averagePool', x!.shape, attributes), dy.address, dx.address);
    return [dx];
  },
  reads: () => readsInputs(),
  cost,
};

/** Mean over all pixels: [batch, height, width, channels] to [batch, channels]. */
export const globalAveragePool: Operator<Record<never, never>> = {
  shape([x]) {
    const [batch, , , channels] = imageShape('globalAveragePool', x!);
    return [batch, channels];
  },
  forward({ kernels, inputs: [x], output }) {
    const [batch, height, width, channels] = imageShape('globalAveragePool', x!.shape);
    kernels.globalAveragePool(batch, height * width, channels, x!.address, output.address);
  },
  backward({ kernels, inputs: [x], dy, make, gathered }) {
    const [batch, height, width, channels] = imageShape('globalAveragePool', x!.shape);
    const present = gathered(0);
    const dx = present ?? make(x!.shape);
    kernels.globalAveragePoolGradient(batch, height * width, channels, present !== null, dy.address, dx.address);
    return [dx];
  },
  reads: () => readsInputs(),
  cost: ([x]) => elementwise(sizeOf(x!)),
};
