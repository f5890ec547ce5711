import { Conv2d, inTurn, MaxPool2d, Module, ReLU, uniformFanIn } from '../nn/index.js';
import * as ops from '../ops/index.js';
import type { Rng } from '../tensor/rng.js';
import type { Tensor } from '../tensor/tensor.js';
import { Network } from './network.js';
import { convNorm, convolution } from './operation.js';
import { type ConvNorm, through } from './parts.js';

/** 3x3 convolutions with batch norm and ReLU, one for each step from a width to the next. */
export class ConvNorms extends Module {
  readonly layers: readonly ConvNorm[];

  /** @param theta share of the central difference */
  constructor(widths: readonly number[], theta: number, rng: Rng) {
    super();
    this.layers = widths.slice(1).map((width, i) => convNorm(widths[i]!, width, theta, rng));
  }

  forward(x: Tensor): Tensor {
    return inTurn(x, ...this.layers);
  }
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

export interface DepthNetworkParts {
  /** Channels of the image, and of each convolution of the stem. */
  readonly stem: readonly number[];
  /** What stands at the low, mid and high level, before the pool that halves its image; made in this order, after the stem. */
  readonly levels: readonly [() => Module, () => Module, () => Module];
  /** Channels of the three levels together, and of each convolution of the head but the last, which makes the map. */
  readonly head: readonly number[];
  /** Sizes of the attention kernels for the low, mid and high level; none without attention. */
  readonly attention: readonly number[];
  /** Height and width of the depth map. */
  readonly mapSize: number;
  /** Share of the central difference in the convolutions of stem and head. */
  readonly theta: number;
}

const relu = new ReLU();

/**
 * The frame of CDCN and of all that is searched for in it: [batch, height, width, channels] to a depth map [batch, mapSize, mapSize], 0 and
 * above. A stem, three levels, each halved by a pool; all three brought to the size of the map side by side, and a head.
 */
export class DepthNetwork extends Network {
  readonly stem: ConvNorms;
  readonly low: Module;
  readonly mid: Module;
  readonly high: Module;
  readonly head: ConvNorms;
  readonly depth: Conv2d;
  readonly attention: readonly SpatialAttention[];
  private readonly levelPool = new MaxPool2d({ kernel: 3, stride: 2, padding: 1 });
  private readonly mapSize: number;

  constructor({ stem, levels: [low, mid, high], head, attention, mapSize, theta }: DepthNetworkParts, rng: Rng) {
    super();
    this.mapSize = mapSize;
    this.stem = new ConvNorms(stem, theta, rng);
    this.low = low();
    this.mid = mid();
    this.high = high();
    this.head = new ConvNorms(head, theta, rng);
    this.depth = convolution(head.at(-1)!, 1, theta, rng);
    this.attention = attention.map((kernel) => new SpatialAttention(kernel, rng));
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
