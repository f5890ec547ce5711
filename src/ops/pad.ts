import type { Kernels } from '../engine/kernels.js';
import { ConfigError } from '../errors.js';
import { imageShape, type Shape, sizeOf } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { elementwise, type Operator, readsInputs } from './operator.js';

/** Zeros to add on each side; negative numbers crop. */
export interface PadAttributes {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
  /** Zero channels to add before and after; not negative. */
  readonly channelsBefore: number;
  readonly channelsAfter: number;
}

/** Pads an image with zeros, in space and in channels. */
export const pad: Operator<PadAttributes> = {
  shape([x], attributes) {
    const [batch, height, width, channels] = imageShape('pad', x!);
    for (const [key, value] of Object.entries(attributes)) {
      if (!Number.isInteger(value)) throw new ConfigError(`pad.${key}`, `got ${value}, needs a whole number`);
    }
    const { top, bottom, left, right, channelsBefore, channelsAfter } = attributes;
    for (const [key, value] of Object.entries({ channelsBefore, channelsAfter })) {
      if (value < 0) throw new ConfigError(`pad.${key}`, `got ${value}, needs at least 0: channels can be added only`);
    }
    const [outHeight, outWidth] = [height + top + bottom, width + left + right];
    if (outHeight < 1 || outWidth < 1)
      throw new ConfigError('pad', `crops ${height}x${width} pixels to ${outHeight}x${outWidth}`);
    return [batch, outHeight, outWidth, channels + channelsBefore + channelsAfter];
  },
  forward({ kernels, inputs: [x], output }, { top, left, channelsBefore, channelsAfter }) {
    if (channelsBefore + channelsAfter === 0) {
      shift(kernels, x!, output, top, left);
      return;
    }
    if (output.size !== x!.size) kernels.fill(output.size, 0, output.address);
    widen(kernels, x!, output, top, left, channelsBefore);
  },
  backward({ kernels, inputs: [x], dy, make, scratch }, { top, left, channelsBefore, channelsAfter }) {
    const dx = make(x!.shape);
    if (channelsBefore + channelsAfter === 0) {
      shift(kernels, dy, dx, -top, -left);
      return [dx];
    }
    const inner = [...dy.shape.slice(0, 3), x!.shape[3]!];
    const narrow = scratch(inner);
    const channels = x!.shape[3]!;
    kernels.copyColumns(narrow.size / channels, channels, dy.shape[3]!, channelsBefore, channels, 0, dy.address, narrow.address);
    shift(kernels, narrow, dx, -top, -left);
    return [dx];
  },
  reads: () => readsInputs(),
  cost: (_inputs, output: Shape) => elementwise(sizeOf(output)),
};

function shift(kernels: Kernels, x: Tensor, y: Tensor, top: number, left: number): void {
  const [batch, height, width, channels] = imageShape('pad', x.shape);
  const [, outHeight, outWidth] = imageShape('pad', y.shape);
  kernels.pad({ batch, height, width, channels, outHeight, outWidth }, top, left, x.address, y.address);
}

/** Spatial padding first, at the input's width; then its channels go to their columns of the output, which holds zeros. */
function widen(kernels: Kernels, x: Tensor, y: Tensor, top: number, left: number, channelsBefore: number): void {
  const channels = x.shape[3]!;
  const [batch, outHeight, outWidth, outChannels] = imageShape('pad', y.shape);
  const sameSpace = outHeight === x.shape[1] && outWidth === x.shape[2] && top === 0 && left === 0;
  const rows = batch * outHeight * outWidth;
  if (sameSpace) {
    kernels.copyColumns(rows, channels, channels, 0, outChannels, channelsBefore, x.address, y.address);
    return;
  }
  using padded = Tensor.empty(x.engine, [batch, outHeight, outWidth, channels]);
  shift(kernels, x, padded, top, left);
  kernels.copyColumns(rows, channels, channels, 0, outChannels, channelsBefore, padded.address, y.address);
}
