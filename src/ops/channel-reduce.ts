import { rowsAndChannels, type Shape, sizeOf } from '../tensor/shape.js';
import { elementwise, type Operator, readsInputs } from './operator.js';

type NoAttributes = Record<never, never>;

/** @throws ShapeError for a scalar */
function oneChannel(operation: string, x: Shape): Shape {
  rowsAndChannels(operation, x);
  return [...x.slice(0, -1), 1];
}

/** Mean over the channels: [..., channels] to [..., 1]. */
export const channelMean: Operator<NoAttributes> = {
  shape: ([x]) => oneChannel('channelMean', x!),
  forward({ kernels, inputs: [x], output }) {
    kernels.channelMean(...rowsAndChannels('channelMean', x!.shape), x!.address, output.address);
  },
  backward({ kernels, inputs: [x], dy, make }) {
    const dx = make(x!.shape);
    kernels.channelMeanGradient(...rowsAndChannels('channelMean', x!.shape), dy.address, dx.address);
    return [dx];
  },
  reads: () => readsInputs(),
  cost: ([x]) => elementwise(sizeOf(x!)),
};

/** Maximum over the channels: [..., channels] to [..., 1]; the first maximum takes the gradient. */
export const channelMax: Operator<NoAttributes> = {
  shape: ([x]) => oneChannel('channelMax', x!),
  forward({ kernels, inputs: [x], output, save }) {
    const argmax = save(output.shape, 'int32');
    kernels.channelMax(...rowsAndChannels('channelMax', x!.shape), x!.address, output.address, argmax.address);
  },
  backward({ kernels, inputs: [x], saved: [argmax], dy, make }) {
    const dx = make(x!.shape);
    kernels.channelMaxGradient(...rowsAndChannels('channelMax', x!.shape), dy.address, argmax!.address, dx.address);
    return [dx];
  },
  reads: () => readsInputs(),
  cost: ([x]) => elementwise(sizeOf(x!)),
};
