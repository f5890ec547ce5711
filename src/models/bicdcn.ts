import { z } from 'zod';
import { AveragePool2d, BatchNorm2d, inTurn, Module, ReLU } from '../nn/index.js';
import * as ops from '../ops/index.js';
import type { Rng } from '../tensor/rng.js';
import type { Tensor } from '../tensor/tensor.js';
import { BinaryBlock, type BinaryBlockOptions, binaryBlockSchema } from './binary-block.js';
import { cdcnSchema } from './cdcn.js';
import { Network } from './network.js';
import { convolution } from './operation.js';
import { ConvNorm, createActivation, through } from './parts.js';

/*
 * The 1-bit form of a small CDCN, ours: 1-bit central difference convolutions in the blocks of our FTBNN family, between a real stem and a real
 * last layer. A sign keeps a bit of each value, so every 1-bit convolution has a shortcut that carries the values themselves on: its input where
 * the width stays, copies of it where the width doubles, and where it shrinks what last had the new width. That is why the inner width is
 * 64 and not 48, and the head ends in 32 channels and not in 16.
 */

export const biCdcnSchema = z.strictObject({ ...binaryBlockSchema, ...cdcnSchema.shape });

export type BiCdcnOptions = z.output<typeof biCdcnSchema>;

const STEM_WIDTH = 16;
const LEVEL_WIDTH = 32;
const INNER_WIDTH = 2 * LEVEL_WIDTH;

/**
 * Three 1-bit convolutions, to the width of the levels, to twice that, and back; then the mean of 2x2 pixels and a batch norm. CDCN takes
 * the maximum; but maxima are nearly always above zero, where a sign says nothing and slopes for what is below never learn.
 */
class BinaryLevel extends Module {
  readonly enter: BinaryBlock;
  readonly widen: BinaryBlock;
  readonly narrow: BinaryBlock;
  readonly norm: BatchNorm2d;
  private readonly pool = new AveragePool2d({ kernel: 2 });

  constructor(inChannels: number, options: BinaryBlockOptions, rng: Rng) {
    super();
    this.enter = block(inChannels, LEVEL_WIDTH, 'pooled-copies', options, rng);
    this.widen = block(LEVEL_WIDTH, INNER_WIDTH, 'pooled-copies', options, rng);
    this.narrow = block(INNER_WIDTH, LEVEL_WIDTH, 'given', options, rng);
    this.norm = new BatchNorm2d(LEVEL_WIDTH);
  }

  forward(x: Tensor): Tensor {
    const entered = this.enter.forward(x);
    const widened = this.widen.forward(entered);
    const narrowed = this.narrow.forward(widened, entered);
    entered.release();
    widened.release();
    return through(narrowed, this.pool, this.norm);
  }
}

/** [batch, height, width, channels] to a depth map [batch, mapSize, mapSize], 0 and above. */
export class BiCdcn extends Network {
  readonly stem: ConvNorm;
  readonly stemActivation: Module;
  readonly low: BinaryLevel;
  readonly mid: BinaryLevel;
  readonly high: BinaryLevel;
  readonly fuse: BinaryBlock;
  readonly refine: BinaryBlock;
  /**
   * The last layer has no bias and no batch norm behind it: of what is centred it makes maps that are centred too, so that its ReLU, which would stay dark for
   * ever if it were below zero everywhere, cannot be.
   */
  readonly norm: BatchNorm2d;
  readonly depth: Module;
  private readonly relu = new ReLU();
  private readonly mapSize: number;

  constructor({ inChannels, mapSize, ...options }: BiCdcnOptions, rng: Rng) {
    super();
    this.mapSize = mapSize;
    this.stem = new ConvNorm(convolution(inChannels, STEM_WIDTH, options.theta, rng));
    this.stemActivation = createActivation(options.activation, STEM_WIDTH);
    this.low = new BinaryLevel(STEM_WIDTH, options, rng);
    this.mid = new BinaryLevel(LEVEL_WIDTH, options, rng);
    this.high = new BinaryLevel(LEVEL_WIDTH, options, rng);
    this.fuse = block(3 * LEVEL_WIDTH, LEVEL_WIDTH, 'given', options, rng);
    this.refine = block(LEVEL_WIDTH, LEVEL_WIDTH, 'given', options, rng);
    this.norm = new BatchNorm2d(LEVEL_WIDTH);
    this.depth = convolution(LEVEL_WIDTH, 1, options.theta, rng);
  }

  forward(x: Tensor): Tensor {
    const low = inTurn(x, this.stem, this.stemActivation, this.low);
    const mid = this.mid.forward(low);
    const high = this.high.forward(mid);
    const levels = [low, mid, high].map((level) => this.toMap(level));
    const map = through(this.fuseLevels(levels), this.refine, this.norm, this.depth, this.relu);
    return ops.reshape(map, [map.shape[0]!, this.mapSize, this.mapSize]);
  }

  /** At the size of the depth map; releases the level. */
  private toMap(level: Tensor): Tensor {
    const resized = ops.resizeBilinear(level, this.mapSize, this.mapSize);
    level.release();
    return resized;
  }

  /** The levels side by side, convolved, and as the shortcut of that their sum; releases them. */
  private fuseLevels(levels: readonly Tensor[]): Tensor {
    const beside = ops.concat(levels);
    const sum = levels.reduce((total, level) => ops.add(total, level));
    const fused = this.fuse.forward(beside, sum);
    for (const tensor of [...levels, beside, sum]) tensor.release();
    return fused;
  }
}

function block(
  inChannels: number,
  outChannels: number,
  shortcut: 'pooled-copies' | 'given',
  options: BinaryBlockOptions,
  rng: Rng,
): BinaryBlock {
  return new BinaryBlock({ sizes: { inChannels, outChannels, stride: 1 }, groups: 1, shortcut }, options, rng);
}
