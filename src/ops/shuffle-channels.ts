import { ConfigError } from '../errors.js';
import { rowsAndChannels, sizeOf } from '../tensor/shape.js';
import { elementwise, type Operator, readsInputs } from './operator.js';

export interface ShuffleChannelsAttributes {
  readonly groups: number;
}

/**
 * Channel shuffle: channels seen as [groups, channels / groups] are transposed, so that a grouped convolution after it
 * sees channels of every group.
 */
export const shuffleChannels: Operator<ShuffleChannelsAttributes> = {
  shape([x], { groups }) {
    const [, channels] = rowsAndChannels('shuffleChannels', x!);
    if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0) {
      throw new ConfigError('shuffleChannels.groups', `got ${groups}, which does not divide the ${channels} channels`);
    }
    return x!;
  },
  forward({ kernels, inputs: [x], output }, { groups }) {
    const [rows, channels] = rowsAndChannels('shuffleChannels', x!.shape);
    kernels.shuffleChannels(rows, channels, groups, x!.address, output.address);
  },
  // The transpose of [groups, n] is undone by that of [n, groups].
  backward({ kernels, inputs: [x], dy, make }, { groups }) {
    const [rows, channels] = rowsAndChannels('shuffleChannels', x!.shape);
    const dx = make(x!.shape);
    kernels.shuffleChannels(rows, channels, channels / groups, dy.address, dx.address);
    return [dx];
  },
  reads: () => readsInputs(),
  cost: ([x]) => elementwise(sizeOf(x!)),
};
