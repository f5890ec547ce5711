import type { Surrogate } from '../../engine/kernels.js';
import { ConfigError } from '../../errors.js';
import type { TieRule } from '../../ops/index.js';
import * as ops from '../../ops/index.js';
import type { Rng } from '../../tensor/rng.js';
import type { Tensor } from '../../tensor/tensor.js';
import { constant, type Initializer, kaimingNormal, normal } from '../initializers.js';
import { BatchNorm2d } from '../layers.js';
import { Module } from '../module.js';
import { Buffer, Parameter, StoredNumber } from '../state.js';
import { transformedWeight } from './convolution.js';

export interface DynamicGroupConv2dOptions {
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: number;
  /** Parts of the output channels, each with a selector of its own. */
  readonly heads?: number;
  /** The selectors' hidden width is inChannels / squeeze (squeeze / 2 below 80 channels), at least 1; from 1. */
  readonly squeeze?: number;
  /** Share of the input channels that each head keeps at the end of training, in (0, 1]. */
  readonly keep?: number;
  readonly ties?: TieRule;
  /**
   * Who picks the channels: the selectors (`saliency`), or chance, once for each head and for all images (`random`); what is picked is
   * multiplied by its saliency either way, so that the two differ in the choice alone.
   */
  readonly selection?: Selection;
  /** Share of the central difference, as in `Conv2d`. */
  readonly theta?: number;
  /** `binary`: the kept channels' signs are convolved with the signs of the weights. `real` unless given. */
  readonly convolution?: 'real' | 'binary';
  /** Of a binary convolution: stand-in for the derivative of the activations' sign. */
  readonly surrogate?: Surrogate;
  readonly rng: Rng;
  readonly initializer?: Initializer;
}

export type Selection = 'saliency' | 'random';

/** Below this progress nothing is switched off; above `RAMP_END` all that shall be (DGC, the authors' schedule). */
const RAMP_START = 1 / 12;
const RAMP_END = 3 / 4;
/** Layers narrower than this halve `squeeze`, or their selectors would have next to no hidden units. */
const NARROW = 80;

/**
 * Dynamic group convolution (DGC): batch norm, ReLU, then `heads` groups of filters, each of which picks for every image the input channels worth
 * convolving, by a selector of its own: pooled input → FC → ReLU → FC → ReLU. Only picked channels are convolved, times
 * their saliency. A channel shuffle ends it, so that a grouped convolution may follow.
 *
 * With `convolution: 'binary'` the selector stays real and the picked channels are convolved in 1 bit, times the mean of their saliencies. Signs
 * are taken of the batch norm's output: behind the ReLU, which the selector pools, all of them would be +1.
 *
 * Channels are switched off gradually: `setProgress` (0 at the start of training, 1 at its end) moves `inactive`, which a
 * checkpoint keeps.
 */
export class DynamicGroupConv2d extends Module {
  readonly norm: BatchNorm2d;
  /** [heads * hidden, inChannels]: the first layers of all selectors. */
  readonly reduce: Parameter;
  /** [heads * inChannels, 1, 1, hidden]: their second layers, a grouped convolution on one pixel. */
  readonly expand: Parameter;
  readonly expandBias: Parameter;
  readonly weight: Parameter;
  /** [heads, inChannels]: which channels a head keeps longest, where chance picks them; null where the selectors do. */
  readonly ranking: Buffer | null;
  /** Channels that each head leaves out. */
  readonly inactive = new StoredNumber(0);
  readonly heads: number;
  readonly theta: number;
  readonly ties: TieRule;
  readonly convolution: 'real' | 'binary';
  readonly surrogate: Surrogate;
  private readonly keep: number;
  private readonly geometry: { readonly stride: number; readonly padding: number };
  private lasso: Tensor | null = null;
  /** Sees the hidden units [batch, heads * hidden] of each forward pass while somebody watches the selectors. */
  selectorProbe: ((hidden: Tensor) => void) | null = null;

  constructor(
    readonly inChannels: number,
    readonly outChannels: number,
    options: DynamicGroupConv2dOptions,
  ) {
    super();
    const { kernel, stride = 1, padding = 0, heads = 4, squeeze = 16, keep = 0.25, ties = 'keep', theta = 0, rng } = options;
    const { selection = 'saliency', convolution = 'real', surrogate = 'quadratic' } = options;
    if (convolution !== 'real' && convolution !== 'binary') {
      throw new ConfigError('convolution', `got ${convolution}, needs real or binary`);
    }
    if (outChannels % heads !== 0)
      throw new ConfigError('heads', `got ${heads}, which does not divide the ${outChannels} output channels`);
    if (!(keep > 0 && keep <= 1)) throw new ConfigError('keep', `got ${keep}, needs a number in (0, 1]`);
    if (inactiveChannels(inChannels, 1 - keep, 1, 0) >= inChannels) {
      throw new ConfigError(
        'keep',
        `got ${keep}, which leaves none of the ${inChannels} input channels; take ${1 / inChannels} or more`,
      );
    }
    if (!(squeeze >= 1)) throw new ConfigError('squeeze', `got ${squeeze}, needs a number of at least 1`);
    const hidden = Math.max(1, Math.floor(inChannels / (inChannels < NARROW ? Math.max(1, Math.floor(squeeze / 2)) : squeeze)));
    const isBinary = convolution === 'binary';
    this.norm = new BatchNorm2d(inChannels, { relu: !isBinary });
    this.reduce = new Parameter([heads * hidden, inChannels], kaimingNormal('in'), rng, 'weight');
    this.expand = new Parameter([heads * inChannels, 1, 1, hidden], kaimingNormal('in'), rng, 'weight');
    this.expandBias = new Parameter([heads * inChannels], constant(1), rng, 'bias');
    // As in `BinaryConv2d`, a small start lets signs change early.
    const deviation = isBinary ? 0.05 : Math.sqrt(2 / ((kernel * kernel * outChannels) / heads));
    const shape = [outChannels, kernel, kernel, inChannels];
    this.weight = new Parameter(shape, options.initializer ?? normal(deviation), rng, 'weight', { bits: isBinary ? 1 : 32 });
    this.convolution = convolution;
    this.surrogate = surrogate;
    this.ranking = selection === 'random' ? randomRanking(heads, inChannels, rng.fork()) : null;
    this.heads = heads;
    this.theta = theta;
    this.ties = ties;
    this.keep = keep;
    this.geometry = { stride, padding };
  }

  override setProgress(progress: number): void {
    this.inactive.value = inactiveChannels(this.inChannels, 1 - this.keep, progress, this.inactive.value);
  }

  override auxiliaryLosses(): Tensor[] {
    return this.lasso ? [this.lasso] : [];
  }

  forward(x: Tensor): Tensor {
    const isBinary = this.convolution === 'binary';
    const normed = this.norm.forward(x);
    // Behind a ReLU every sign is +1: a binary convolution takes them before, the selectors look behind it.
    const activated = isBinary ? ops.relu(normed) : normed;
    const gates = this.saliencies(activated);
    // The sum over heads of each head's mean: all heads are equally wide.
    this.lasso = this.training ? ops.scale(ops.mean(gates), this.heads) : null;
    const weight = transformedWeight(this.weight.value, this.theta);
    const choice = {
      ...this.geometry,
      heads: this.heads,
      kept: this.inChannels - this.inactive.value,
      ties: this.ties,
      ranking: this.ranking?.value ?? null,
    };
    const y = isBinary
      ? ops.dynamicBinaryConv2d(normed, weight, gates, { ...choice, surrogate: this.surrogate })
      : ops.dynamicConv2d(activated, weight, gates, choice);
    if (this.heads === 1) return y;
    const shuffled = ops.shuffleChannels(y, this.heads);
    y.release();
    return shuffled;
  }

  /** [batch, heads, inChannels] */
  private saliencies(activated: Tensor): Tensor {
    const batch = activated.shape[0]!;
    const pooled = ops.globalAveragePool(activated);
    const hidden = ops.relu(ops.linear(pooled, this.reduce.value));
    this.selectorProbe?.(hidden);
    const onePixel = ops.reshape(hidden, [batch, 1, 1, hidden.shape[1]!]);
    const expanded = ops.conv2d(onePixel, this.expand.value, { groups: this.heads, bias: this.expandBias.value });
    return ops.reshape(ops.relu(expanded), [batch, this.heads, this.inChannels]);
  }
}

/** The numbers 0, 1, … in an order of its own for each head. */
function randomRanking(heads: number, channels: number, rng: Rng): Buffer {
  return new Buffer([heads, channels], (values) => {
    for (let head = 0; head < heads; head++) {
      const row = values.subarray(head * channels, (head + 1) * channels);
      rng.shuffle(row.map((_, channel) => channel)).forEach((rank, channel) => {
        row[channel] = rank;
      });
    }
  });
}

/**
 * Channels to switch off at `progress`, of which `share` go in the end: unchanged up to 1/12, then a ramp of slope 3/2 (so that it
 * ends at 3/4), rounded half to even like Python's round.
 */
export function inactiveChannels(channels: number, share: number, progress: number, before: number): number {
  if (progress <= RAMP_START) return before;
  if (progress >= RAMP_END) return roundHalfToEven(channels * share);
  return roundHalfToEven(channels * share * 1.5 * (progress - RAMP_START));
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/**
 * Share of selectors (one for each image and head) that are dead: all hidden units 0, so that every saliency equals its bias
 * and the selection says nothing about the image.
 */
export function deadSelectorShare(model: Module, forward: () => void): number {
  const layers = model.modules().flatMap(([, module]) => (module instanceof DynamicGroupConv2d ? [module] : []));
  let selectors = 0;
  let dead = 0;
  for (const layer of layers) {
    layer.selectorProbe = (hidden) => {
      const units = hidden.toArray();
      const width = hidden.shape[1]! / layer.heads;
      for (let start = 0; start < units.length; start += width) {
        selectors++;
        if (units.subarray(start, start + width).every((unit) => unit === 0)) dead++;
      }
    };
  }
  try {
    forward();
  } finally {
    for (const layer of layers) layer.selectorProbe = null;
  }
  return selectors === 0 ? 0 : dead / selectors;
}
