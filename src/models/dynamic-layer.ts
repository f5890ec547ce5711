import { z } from 'zod';
import { BatchNorm2d, Conv2d, DynamicGroupConv2d, inTurn, Module } from '../nn/index.js';
import * as ops from '../ops/index.js';
import type { Rng } from '../tensor/rng.js';
import type { Tensor } from '../tensor/tensor.js';
import { theta } from './options.js';

/** What all dynamic networks let one choose about their dynamic layers. */
export const dynamicLayerSchema = {
  /**
   * `dynamic`: each head picks its input channels for every image; `dynamic-binary`: it convolves them in 1 bit. The twins have in its place:
   * `grouped`, a convolution in `heads` fixed groups; `dense`, the plain convolution of all channels.
   */
  convolution: z.enum(['dynamic', 'dynamic-binary', 'grouped', 'dense']).default('dynamic'),
  /** Parts of the output channels, each with a selector of its own (groups, for the grouped twin). */
  heads: z.int().min(1).max(64).default(4),
  /** The selectors' hidden width is the input channels over this. */
  squeeze: z.int().min(2).max(256).default(16),
  /** Share of the input channels that each head keeps at the end of training. */
  keep: z.number().gt(0).max(1).default(0.25),
  /** `drop`: the DGC authors' rule, which their checkpoints were trained with. */
  ties: z.enum(['keep', 'drop']).default('keep'),
  /** `random`: chance picks each head's channels, once and for all images, in place of its selector. */
  selection: z.enum(['saliency', 'random']).default('saliency'),
  theta: theta.default(0),
};

export type DynamicLayerOptions = z.output<z.ZodObject<typeof dynamicLayerSchema>>;

export interface DynamicLayerPlace {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernel: 1 | 3;
  readonly stride: number;
}

/** Batch norm, ReLU, convolution, and after several groups a channel shuffle: the dynamic layer's shape without its selectors. */
class FixedLayer extends Module {
  readonly norm: BatchNorm2d;

  constructor(
    readonly conv: Conv2d,
    inChannels: number,
    private readonly groups: number,
  ) {
    super();
    this.norm = new BatchNorm2d(inChannels, { relu: true });
  }

  forward(x: Tensor): Tensor {
    const y = inTurn(x, this.norm, this.conv);
    if (this.groups === 1) return y;
    const shuffled = ops.shuffleChannels(y, this.groups);
    y.release();
    return shuffled;
  }
}

/** The dynamic group convolution of these sizes, or the twin in its place. */
export function createDynamicLayer(place: DynamicLayerPlace, options: DynamicLayerOptions, rng: Rng): Module {
  const { inChannels, outChannels, kernel, stride } = place;
  const { convolution, heads, squeeze, keep, ties, selection } = options;
  const geometry = { kernel, stride, padding: (kernel - 1) / 2, theta: options.theta, rng };
  if (convolution === 'dynamic' || convolution === 'dynamic-binary') {
    const form = convolution === 'dynamic' ? 'real' : 'binary';
    const choice = { heads, squeeze, keep, ties, selection, convolution: form } as const;
    return new DynamicGroupConv2d(inChannels, outChannels, { ...geometry, ...choice });
  }
  const groups = convolution === 'grouped' ? heads : 1;
  return new FixedLayer(new Conv2d(inChannels, outChannels, { ...geometry, groups }), inChannels, groups);
}

/** Batch norm, ReLU, convolution. */
export class NormConv extends Module {
  readonly norm: BatchNorm2d;

  constructor(
    inChannels: number,
    readonly conv: Conv2d,
  ) {
    super();
    this.norm = new BatchNorm2d(inChannels, { relu: true });
  }

  forward(x: Tensor): Tensor {
    return inTurn(x, this.norm, this.conv);
  }
}
