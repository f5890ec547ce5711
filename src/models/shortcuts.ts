import { ConfigError } from '../errors.js';
import { BatchNorm2d, Conv2d, Identity, inTurn, Module } from '../nn/index.js';
import * as ops from '../ops/index.js';
import type { Rng } from '../tensor/rng.js';
import type { Tensor } from '../tensor/tensor.js';

/** What a block of these sizes passes on beside its convolutions. */
export interface ShortcutSizes {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly stride: number;
}

function keepsShape({ inChannels, outChannels, stride }: ShortcutSizes): boolean {
  return stride === 1 && inChannels === outChannels;
}

/** Every `stride`-th pixel and zero channels, half before and half after: no parameters (He et al., 2015, option A). */
class PadShortcut extends Module {
  constructor(private readonly sizes: ShortcutSizes) {
    super();
  }

  forward(x: Tensor): Tensor {
    const { inChannels, outChannels, stride } = this.sizes;
    const added = outChannels - inChannels;
    const channelsBefore = Math.floor(added / 2);
    const pixels = stride === 1 ? x : ops.averagePool(x, { kernel: 1, stride });
    return ops.pad(pixels, { channelsBefore, channelsAfter: added - channelsBefore });
  }
}

/** 1x1 convolution of that stride and batch norm (He et al., 2015, option B). */
class ProjectionShortcut extends Module {
  readonly conv: Conv2d;
  readonly norm: BatchNorm2d;

  constructor({ inChannels, outChannels, stride }: ShortcutSizes, rng: Rng) {
    super();
    this.conv = new Conv2d(inChannels, outChannels, { kernel: 1, stride, rng });
    this.norm = new BatchNorm2d(outChannels);
  }

  forward(x: Tensor): Tensor {
    return inTurn(x, this.conv, this.norm);
  }
}

/** Average pool of that stride, so that no pixel is lost, then a real 1x1 convolution and batch norm (Bi-Real). */
class PooledProjectionShortcut extends Module {
  readonly conv: Conv2d;
  readonly norm: BatchNorm2d;

  constructor(
    private readonly sizes: ShortcutSizes,
    rng: Rng,
  ) {
    super();
    this.conv = new Conv2d(sizes.inChannels, sizes.outChannels, { kernel: 1, rng });
    this.norm = new BatchNorm2d(sizes.outChannels);
  }

  forward(x: Tensor): Tensor {
    return this.norm.forward(this.conv.forward(poolBy(x, this.sizes.stride)));
  }
}

/** Average pool of that stride, and the channels again until there are enough: no parameters, no multiplications. */
class PooledCopiesShortcut extends Module {
  constructor(private readonly sizes: ShortcutSizes) {
    super();
  }

  forward(x: Tensor): Tensor {
    const { inChannels, outChannels, stride } = this.sizes;
    return repeatChannels(poolBy(x, stride), outChannels / inChannels);
  }
}

/** The channels `copies` times, one set after another. */
export function repeatChannels(x: Tensor, copies: number): Tensor {
  return copies === 1 ? x : ops.concat(Array.from({ length: copies }, () => x));
}

/** As many pixels as a 3x3 convolution with padding 1 gives: windows of 2x2, or 3x3 about the same centres where a side is odd. */
function poolBy(x: Tensor, stride: number): Tensor {
  if (stride === 1) return x;
  const even = x.shape[1]! % stride === 0 && x.shape[2]! % stride === 0;
  return ops.averagePool(x, even ? { kernel: stride } : { kernel: stride + 1, stride, padding: Math.floor(stride / 2) });
}

/** `given`: the caller hands in, beside the input, what has the output's shape already. */
export type ShortcutKind = 'pad' | 'projection' | 'pooled-projection' | 'pooled-copies' | 'given';

/**
 * The identity where sizes stay, else a shortcut of the given kind.
 * @throws ConfigError for padding when `outChannels` are fewer, for copies when they are no multiple of `inChannels`
 */
export function createShortcut(kind: ShortcutKind, sizes: ShortcutSizes, rng: Rng): Module {
  if (kind === 'given' || keepsShape(sizes)) return new Identity();
  switch (kind) {
    case 'pad':
      if (sizes.outChannels < sizes.inChannels) {
        throw new ConfigError(
          'widths',
          `shortcuts that pad channels cannot make ${sizes.outChannels} of ${sizes.inChannels}: no stage may be narrower than the one before`,
        );
      }
      return new PadShortcut(sizes);
    case 'projection':
      return new ProjectionShortcut(sizes, rng);
    case 'pooled-projection':
      return new PooledProjectionShortcut(sizes, rng);
    case 'pooled-copies':
      if (sizes.outChannels % sizes.inChannels !== 0) {
        throw new ConfigError(
          'widths',
          `shortcuts that repeat channels cannot make ${sizes.outChannels} of ${sizes.inChannels}: each width must be a multiple of the one before`,
        );
      }
      return new PooledCopiesShortcut(sizes);
  }
}
