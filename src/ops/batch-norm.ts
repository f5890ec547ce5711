import type { SumAcross } from '../engine/kernels.js';
import { ConfigError, ShapeError } from '../errors.js';
import { formatShape, rowsAndChannels, type Shape, sameShape, sizeOf } from '../tensor/shape.js';
import { elementwise, type Operator } from './operator.js';

export interface BatchNormAttributes {
  /** Added to the variance before its root; not negative. */
  readonly epsilon: number;
  /** Share of the batch in the running statistics, in [0, 1]: running = (1 - momentum) * running + momentum * batch. */
  readonly momentum: number;
  /** True: normalise by the batch's statistics and update the running ones. False: normalise by the running ones. */
  readonly training: boolean;
  /** Whether max(y, 0) ends it. */
  readonly relu: boolean;
  /**
   * In training: the batch is that of all processes which this adds up over, each with its own part of it at this place of the same computation.
   * Null: the batch is x.
   */
  readonly across: SumAcross | null;
}

/** Number of inputs when a shortcut is one of them. */
const WITH_SHORTCUT = 6;

/**
 * Batch normalisation over all axes but the innermost: inputs x, weight, bias, running mean, running variance (all [channels]), and for
 * a sum a shortcut of x's shape. Addition and ReLU cost nothing beside it, since memory sets the pace; their results have the same
 * bits as those of `add` and `relu` behind it. The batch is normalised by its biased variance; the running variance takes the unbiased one (as PyTorch does). In training the
 * running statistics are updated in place; no gradient goes to them. Several processes that share a batch share its statistics too (`across`):
 * each then gets the output and the input gradient of its own part, and as gradients of weight and bias the sums over that part.
 */
export const batchNorm: Operator<BatchNormAttributes> = {
  shape([x, weight, bias, runningMean, runningVariance, shortcut], { epsilon, momentum, training, across }) {
    if (!(epsilon >= 0 && epsilon < Number.POSITIVE_INFINITY))
      throw new ConfigError('batchNorm.epsilon', `got ${epsilon}, needs a number of at least 0`);
    if (!(momentum >= 0 && momentum <= 1))
      throw new ConfigError('batchNorm.momentum', `got ${momentum}, needs a number in [0, 1]`);
    const [rows, channels] = rowsAndChannels('batchNorm', x!);
    for (const shape of [weight!, bias!, runningMean!, runningVariance!]) {
      if (shape.length !== 1 || shape[0] !== channels) {
        throw new ShapeError(
          'batchNorm',
          `input ${formatShape(x!)} with a parameter ${formatShape(shape)}`,
          `parameters [${channels}]`,
        );
      }
    }
    if (shortcut && !sameShape(shortcut, x!)) {
      throw new ShapeError('batchNorm', `input ${formatShape(x!)} with a shortcut ${formatShape(shortcut)}`, 'equal shapes');
    }
    if (training && !across && rows < 2) {
      throw new ShapeError(
        'batchNorm',
        `${formatShape(x!)}: one value a channel`,
        'at least two in training',
        'Use a larger batch.',
      );
    }
    return x!;
  },
  forward({ kernels, inputs, output, save }, { epsilon, momentum, training, relu, across }) {
    const [x, weight, bias, runningMean, runningVariance, shortcut] = inputs;
    const [rows, channels] = rowsAndChannels('batchNorm', x!.shape);
    let [mean, variance] = [runningMean!, runningVariance!];
    let counted = rows;
    if (training) {
      mean = save([channels]);
      variance = save([channels]);
      counted = kernels.batchNormStatistics(rows, channels, x!.address, mean.address, variance.address, across);
    }
    kernels.batchNorm(
      { rows, channels, epsilon, relu },
      x!.address,
      mean.address,
      variance.address,
      weight!.address,
      bias!.address,
      shortcut?.address ?? 0,
      output.address,
    );
    if (training) {
      const unbiased = save([channels]);
      kernels.affine(channels, counted / (counted - 1), 0, variance.address, unbiased.address);
      kernels.movingAverage(channels, 1 - momentum, mean.address, runningMean!.address);
      kernels.movingAverage(channels, 1 - momentum, unbiased.address, runningVariance!.address);
    }
  },
  backward({ kernels, inputs, output, saved, dy, needed, make, reuse, gathered, scratch }, { epsilon, training, relu, across }) {
    const [x, weight, bias, runningMean, runningVariance, shortcut] = inputs;
    const [rows, channels] = rowsAndChannels('batchNorm', x!.shape);
    const [mean, variance] = training ? saved : [runningMean, runningVariance];
    const masked = relu && shortcut !== undefined;
    const allocate = (wanted: boolean | undefined, shape: Shape) => (wanted ? make(shape) : scratch(shape));
    // Without a ReLU all of dy goes to the shortcut too; with one, what is left of it.
    const dshortcut = needed[5] ? (masked ? reuse() : dy.alias()) : null;
    const present = gathered(0);
    const dx = present ?? (needed[0] ? reuse() : scratch(x!.shape));
    // What is left of dy passes through memory, if nobody wants it through that of dx, unless this holds a sum already.
    const dz = masked ? (dshortcut ?? (present ? scratch(x!.shape) : dx)) : null;
    const dweight = allocate(needed[1], [channels]);
    const dbias = allocate(needed[2], [channels]);
    kernels.batchNormGradient(
      { rows, channels, epsilon, training, relu, adds: present !== null, across },
      x!.address,
      mean!.address,
      variance!.address,
      weight!.address,
      bias!.address,
      masked ? output.address : 0,
      dy.address,
      dz?.address ?? 0,
      dx.address,
      dweight.address,
      dbias.address,
    );
    return [needed[0] ? dx : null, needed[1] ? dweight : null, needed[2] ? dbias : null, null, null, dshortcut];
  },
  reads: ({ length }, { training, relu }) => ({
    inputs: training ? [0, 1, 2] : [0, 1, 2, 3, 4],
    output: relu && length === WITH_SHORTCUT,
  }),
  cost: ({ length }, output, { relu }) => elementwise(sizeOf(output) * (1 + (length === WITH_SHORTCUT ? 1 : 0) + (relu ? 1 : 0))),
};
