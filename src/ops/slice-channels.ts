import { ConfigError } from '../errors.js';
import { rowsAndChannels, sizeOf } from '../tensor/shape.js';
import { elementwise, type Operator, readsInputs } from './operator.js';

export interface SliceChannelsAttributes {
  /** First channel that is taken, from 0. */
  readonly start: number;
  /** How many, at least 1. */
  readonly count: number;
}

/** Some channels that follow one another: [..., channels] to [..., count]. The gradient is 0 towards all others. */
export const sliceChannels: Operator<SliceChannelsAttributes> = {
  shape([x], { start, count }) {
    const [, channels] = rowsAndChannels('sliceChannels', x!);
    if (!Number.isInteger(start) || start < 0 || start >= channels) {
      throw new ConfigError('sliceChannels.start', `got ${start}, needs a channel of ${channels}, counted from 0`);
    }
    if (!Number.isInteger(count) || count < 1 || start + count > channels) {
      throw new ConfigError(
        'sliceChannels.count',
        `got ${count}, needs 1 to ${channels - start} of ${channels} channels from ${start} on`,
      );
    }
    return [...x!.slice(0, -1), count];
  },
  forward({ kernels, inputs: [x], output }, { start, count }) {
    const [rows, channels] = rowsAndChannels('sliceChannels', x!.shape);
    kernels.copyColumns(rows, count, channels, start, count, 0, x!.address, output.address);
  },
  backward({ kernels, inputs: [x], dy, make }, { start, count }) {
    const [rows, channels] = rowsAndChannels('sliceChannels', x!.shape);
    const dx = make(x!.shape);
    kernels.fill(dx.size, 0, dx.address);
    kernels.copyColumns(rows, count, count, 0, channels, start, dy.address, dx.address);
    return [dx];
  },
  reads: () => readsInputs(),
  cost: (_inputs, output) => elementwise(sizeOf(output)),
};
