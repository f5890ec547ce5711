import { ShapeError } from '../errors.js';
import { formatShape, rowsAndChannels, sameShape, sizeOf } from '../tensor/shape.js';
import { elementwise, type Operator, readsInputs } from './operator.js';

/** Joins inputs along the channels; all other lengths are equal. */
export const concat: Operator<Record<never, never>> = {
  shape(inputs) {
    const outer = inputs[0]!.slice(0, -1);
    for (const input of inputs) {
      rowsAndChannels('concat', input);
      if (!sameShape(input.slice(0, -1), outer)) {
        throw new ShapeError('concat', inputs.map(formatShape).join(' and '), 'shapes that differ in the channels only');
      }
    }
    return [...outer, inputs.reduce((channels, input) => channels + input.at(-1)!, 0)];
  },
  forward({ kernels, inputs, output }) {
    const [rows, total] = rowsAndChannels('concat', output.shape);
    let start = 0;
    for (const input of inputs) {
      const channels = input.shape.at(-1)!;
      kernels.copyColumns(rows, channels, channels, 0, total, start, input.address, output.address);
      start += channels;
    }
  },
  backward({ kernels, inputs, output, dy, needed, make }) {
    const [rows, total] = rowsAndChannels('concat', output.shape);
    let start = 0;
    return inputs.map((input, i) => {
      const channels = input.shape.at(-1)!;
      const from = start;
      start += channels;
      if (!needed[i]) return null;
      const dx = make(input.shape);
      kernels.copyColumns(rows, channels, total, from, channels, 0, dy.address, dx.address);
      return dx;
    });
  },
  reads: () => readsInputs(),
  cost: (_inputs, output) => elementwise(sizeOf(output)),
};
