import { z } from 'zod';
import { CentralDifferenceConv2d, Conv2d, inTurn, MaxPool2d, Module, ReLU, uniformFanIn } from '../nn/index.js';
import * as ops from '../ops/index.js';
import type { Rng } from '../tensor/rng.js';
import type { Tensor } from '../tensor/tensor.js';
import { Network } from './network.js';
import { channelCount, theta } from './options.js';
import { ConvNorm, through } from './parts.js';

/*
 * CDCN and CDCN++ (arXiv:2003.04092): from a face to a depth map, which is that of a face for a live one and flat for an
 * attack. Every 3x3 convolution is a central difference one.
 */

export const cdcnSchema = z.strictObject({
  inChannels: channelCount.default(3),
  /** Height and width of the depth map. */
  mapSize: z.int().min(3).max(1024).default(32),
  /** Share of the central difference; 0 makes the plain twin. */
  theta: theta.default(0.7),
});

export type CdcnOptions = z.output<typeof cdcnSchema>;

const relu = new ReLU();

/** Central difference convolutions 3x3 with batch norm and ReLU, one for each step from a width to the next. */
class Level extends Module {
  readonly layers: readonly ConvNorm[];

  constructor(widths: readonly number[], share: number, rng: Rng) {
    super();
    this.layers = widths
      .slice(1)
      .map((width, i) => new ConvNorm(centralDifference(widths[i]!, width, share, rng), { relu: true }));
  }

  forward(x: Tensor): Tensor {
    return inTurn(x, ...this.layers);
  }
}

/**
 * The last layer has no batch norm to mend its scale, and its ReLU would stay dark for ever if it started below zero
 * everywhere; so all start as in PyTorch, uniform within 1 / sqrt(fan-in).
 */
export function centralDifference(inChannels: number, outChannels: number, share: number, rng: Rng): Conv2d {
  return new CentralDifferenceConv2d(inChannels, outChannels, {
    kernel: 3,
    padding: 1,
    theta: share,
    rng,
    initializer: uniformFanIn(),
  });
}

/**
 * Spatial attention (one part of MAFM): the map times sigmoid(kernel x kernel convolution of its mean and maximum over
 * channels).
 */
export class SpatialAttention extends Module {
  readonly conv: Conv2d;

  constructor(kernel: number, rng: Rng) {
    super();
    this.conv = new Conv2d(2, 1, { kernel, padding: (kernel - 1) / 2, rng, initializer: uniformFanIn() });
  }

  forward(x: Tensor): Tensor {
    const statistics = ops.concat([ops.channelMean(x), ops.channelMax(x)]);
    return ops.multiply(x, ops.sigmoid(this.conv.forward(statistics)));
  }
}

/** Channels from convolution to convolution, those of the stem first, and the sizes of the attention kernels for the low, mid and high level. */
interface Layout {
  readonly low: readonly number[];
  readonly mid: readonly number[];
  readonly high: readonly number[];
  readonly head: readonly number[];
  readonly attention: readonly number[];
}

const cdcnLayout: Layout = {
  low: [64, 128, 196, 128],
  mid: [128, 128, 196, 128],
  high: [128, 128, 196, 128],
  head: [384, 128, 64],
  attention: [],
};

/** What the authors' search found: inner widths are 128 times 1.6, 1.2 or 1.4, rounded down. */
const cdcnppLayout: Layout = {
  low: [64, 128, 204, 128],
  mid: [128, 153, 128, 179, 128],
  high: [128, 128, 153, 128],
  head: [384, 128],
  attention: [7, 5, 3],
};

/** A quarter of CDCN's widths; 49, a quarter of 196, is made 48, since the kernels compute eight channels at once. */
const cdcnSmallLayout: Layout = {
  low: [16, 32, 48, 32],
  mid: [32, 32, 48, 32],
  high: [32, 32, 48, 32],
  head: [96, 32, 16],
  attention: [],
};

/** [batch, height, width, channels] to a depth map [batch, mapSize, mapSize], 0 and above. */
export class Cdcn extends Network {
  readonly stem: Level;
  readonly low: Level;
  readonly mid: Level;
  readonly high: Level;
  readonly head: Level;
  readonly depth: Conv2d;
  /** For the low, mid and high level; none in CDCN. */
  readonly attention: readonly SpatialAttention[];
  private readonly levelPool = new MaxPool2d({ kernel: 3, stride: 2, padding: 1 });
  private readonly mapSize: number;

  constructor({ inChannels, mapSize, theta: share }: CdcnOptions, rng: Rng, layout = cdcnLayout) {
    super();
    this.mapSize = mapSize;
    this.stem = new Level([inChannels, layout.low[0]!], share, rng);
    this.low = new Level(layout.low, share, rng);
    this.mid = new Level(layout.mid, share, rng);
    this.high = new Level(layout.high, share, rng);
    this.head = new Level(layout.head, share, rng);
    this.depth = centralDifference(layout.head.at(-1)!, 1, share, rng);
    this.attention = layout.attention.map((kernel) => new SpatialAttention(kernel, rng));
  }

  forward(x: Tensor): Tensor {
    const low = inTurn(x, this.stem, this.low, this.levelPool);
    const mid = inTurn(low, this.mid, this.levelPool);
    const high = inTurn(mid, this.high, this.levelPool);
    const fused = ops.concat([low, mid, high].map((level, i) => this.toMap(level, i)));
    const map = through(fused, this.head, this.depth, relu);
    return ops.reshape(map, [map.shape[0]!, this.mapSize, this.mapSize]);
  }

  /** A level, after its attention where it has one, at the size of the depth map; releases the level. */
  private toMap(level: Tensor, index: number): Tensor {
    const attended = this.attention[index]?.forward(level) ?? level;
    const resized = ops.resizeBilinear(attended, this.mapSize, this.mapSize);
    for (const tensor of new Set([level, attended])) tensor.release();
    return resized;
  }
}

export class CdcnPlusPlus extends Cdcn {
  constructor(options: CdcnOptions, rng: Rng) {
    super(options, rng, cdcnppLayout);
  }
}

/** For CPUs: CDCN with a quarter of the channels. */
export class CdcnSmall extends Cdcn {
  constructor(options: CdcnOptions, rng: Rng) {
    super(options, rng, cdcnSmallLayout);
  }
}
