import { ConfigError, ShapeError } from '../errors.js';
import { formatShape, rowsAndChannels, type Shape, sizeOf } from '../tensor/shape.js';
import { elementwise, type Operator, readsInputs } from './operator.js';

export interface BatchNormAttributes {
  /** Added to the variance before its root; not negative. */
  readonly epsilon: number;
  /** Share of the batch in the running statistics, in [0, 1]: running = (1 - momentum) * running + momentum * batch. */
  readonly momentum: number;
  /** True: normalise by the batch's statistics and update the running ones. False: normalise by the running ones. */
  readonly training: boolean;
}

/**
 * Batch normalisation over all axes but the innermost: inputs x, weight, bias, running mean, running variance (all [channels]).
 * The batch is normalised by its biased variance; the running variance takes the unbiased one (as PyTorch does). In training the
 * running statistics are updated in place; no gradient goes to them.
 */
export const batchNorm: Operator<BatchNormAttributes> = {
  shape([x, ...perChannel], { epsilon, momentum, training }) {
    if (!(epsilon >= 0 && epsilon < Number.POSITIVE_INFINITY))
      throw new ConfigError('batchNorm.epsilon', `got ${epsilon}, needs a number of at least 0`);
    if (!(momentum >= 0 && momentum <= 1))
      throw new ConfigError('batchNorm.momentum', `got ${momentum}, needs a number in [0, 1]`);
    const [rows, channels] = rowsAndChannels('batchNorm', x!);
    for (const shape of perChannel) {
      if (shape.length !== 1 || shape[0] !== channels) {
        throw new ShapeError(
          'batchNorm',
          `input ${formatShape(x!)} with a parameter ${formatShape(shape)}`,
          `parameters [${channels}]`,
        );
      }
    }
    if (training && rows < 2) {
      throw new ShapeError(
        'batchNorm',
        `${formatShape(x!)}: one value a channel`,
        'at least two in training',
        'Use a larger batch.',
      );
    }
    return x!;
  },
  forward({ kernels, inputs, output, save }, { epsilon, momentum, training }) {
    const [x, weight, bias, runningMean, runningVariance] = inputs;
    const [rows, channels] = rowsAndChannels('batchNorm', x!.shape);
    let [mean, variance] = [runningMean!, runningVariance!];
    if (training) {
      mean = save([channels]);
      variance = save([channels]);
      kernels.batchNormStatistics(rows, channels, x!.address, mean.address, variance.address);
    }
    kernels.batchNorm(
      rows,
      channels,
      epsilon,
      x!.address,
      mean.address,
      variance.address,
      weight!.address,
      bias!.address,
      output.address,
    );
    if (training) {
      const unbiased = save([channels]);
      kernels.affine(channels, rows / (rows - 1), 0, variance.address, unbiased.address);
      kernels.movingAverage(channels, 1 - momentum, mean.address, runningMean!.address);
      kernels.movingAverage(channels, 1 - momentum, unbiased.address, runningVariance!.address);
    }
  },
  backward({ kernels, inputs, saved, dy, needed, make, scratch }, { epsilon, training }) {
    const [x, weight, , runningMean, runningVariance] = inputs;
    const [rows, channels] = rowsAndChannels('batchNorm', x!.shape);
    const [mean, variance] = training ? saved : [runningMean, runningVariance];
    const allocate = (wanted: boolean | undefined, shape: Shape) => (wanted ? make(shape) : scratch(shape));
    const dx = allocate(needed[0], x!.shape);
    const dweight = allocate(needed[1], [channels]);
    const dbias = allocate(needed[2], [channels]);
    kernels.batchNormGradient(
      rows,
      channels,
      epsilon,
      training,
      x!.address,
      mean!.address,
      variance!.address,
      weight!.address,
      dy.address,
      dx.address,
      dweight.address,
      dbias.address,
    );
    return [needed[0] ? dx : null, needed[1] ? dweight : null, needed[2] ? dbias : null, null, null];
  },
  reads: (_needed, { training }) => (training ? readsInputs(0, 1) : readsInputs(0, 1, 3, 4)),
  cost: ([x]) => elementwise(sizeOf(x!)),
};
