import { z } from 'zod';
import { ConfigError } from '../errors.js';
import { Conv2d, GlobalAveragePool, inTurn, Linear, MaxPool2d, Module } from '../nn/index.js';
import type { Rng } from '../tensor/rng.js';
import type { Tensor } from '../tensor/tensor.js';
import { BinaryBlock, binaryBlockSchema } from './binary-block.js';
import { Network } from './network.js';
import { blockSizes, channelCount, classCount, stageList } from './options.js';
import { type ActivationKind, ConvNorm, createActivation, through, wideStem } from './parts.js';
import { repeatChannels } from './shortcuts.js';

/*
 * Our family of 1-bit networks after FTBNN (arXiv:2010.09294). The paper's text gives the ideas, not the layers: tune the
 * non-linearity (FPReLU: both slopes learned), make better use of the cheap binary operations (a small stem, no real-valued 1x1
 * convolutions), widen by group execution. Layouts and names are ours.
 */

export const ftbnnSchema = z.strictObject({
  classes: classCount.default(1000),
  inChannels: channelCount.default(3),
  /**
   * `7x7`: convolution of stride 2, maximum of stride 2; `grouped`: two 3x3 convolutions of stride 2, the second in groups;
   * `3x3`: one of stride 1; `3x3-half`: one of stride 2.
   */
  stem: z.enum(['7x7', 'grouped', '3x3', '3x3-half']).default('7x7'),
  /** Channels of each stage. */
  widths: stageList.default([64, 128, 256, 512]),
  /** 1-bit convolutions in each stage. */
  blocks: stageList.default([4, 4, 4, 4]),
  /** Stride of each stage's first block; null: 1 for the first stage, 2 for all others. */
  strides: z.array(z.int().min(1).max(2)).min(1).max(16).readonly().nullable().default(null),
  shortcut: z.enum(['pooled-projection', 'pooled-copies']).default('pooled-projection'),
  /** Groups of the 1-bit convolutions; must divide every width. */
  groups: z.int().min(1).max(256).default(1),
  /** How often the stem's channels are repeated to fill the first stage: a stem that stays small before a wide body. */
  stemCopies: z.int().min(1).max(64).default(1),
  ...binaryBlockSchema,
});

export type FtbnnOptions = z.output<typeof ftbnnSchema>;

/** Width between the two convolutions of the grouped stem, and the most groups of the second. */
const STEM_WIDTH = 32;

/**
 * Two 3x3 convolutions of stride 2: [h, w, in] to [h / 4, w / 4, out] at a fifth of the cost of the 7x7 stem. The second runs in as many
 * groups as divide its widths, up to `groups`.
 */
class GroupedStem extends Module {
  readonly conv1: ConvNorm;
  readonly activation1: Module;
  readonly conv2: ConvNorm;

  constructor(inChannels: number, outChannels: number, groups: number, activation: ActivationKind, rng: Rng) {
    super();
    this.conv1 = new ConvNorm(new Conv2d(inChannels, STEM_WIDTH, { kernel: 3, stride: 2, padding: 1, rng }));
    this.activation1 = createActivation(activation, STEM_WIDTH);
    const shared = greatestCommonDivisor(greatestCommonDivisor(STEM_WIDTH, outChannels), groups);
    this.conv2 = new ConvNorm(new Conv2d(STEM_WIDTH, outChannels, { kernel: 3, stride: 2, padding: 1, groups: shared, rng }));
  }

  forward(x: Tensor): Tensor {
    return inTurn(x, this.conv1, this.activation1, this.conv2);
  }
}

export class Ftbnn extends Network {
  readonly stem: Module;
  readonly stemActivation: Module;
  readonly blocks: readonly BinaryBlock[];
  readonly classifier: Linear;
  private readonly stemPool: MaxPool2d | null;
  private readonly stemCopies: number;
  private readonly pool = new GlobalAveragePool();

  /** @throws ConfigError for lists of different lengths, and for groups or copies that do not divide a width */
  constructor(options: FtbnnOptions, rng: Rng) {
    super();
    const { classes, inChannels, stem, widths, blocks, strides, shortcut, groups, stemCopies, ...block } = options;
    const indivisible = widths.find((width) => width % groups !== 0);
    if (indivisible !== undefined)
      throw new ConfigError('groups', `got ${groups}, which does not divide the width ${indivisible}`);
    if (widths[0]! % stemCopies !== 0) {
      throw new ConfigError('stemCopies', `got ${stemCopies}, which does not divide the first width ${widths[0]}`);
    }
    const stemWidth = widths[0]! / stemCopies;
    this.stem = createStem(stem, inChannels, stemWidth, stemCopies > 1 ? 8 : 4, block.activation, rng);
    this.stemActivation = createActivation(block.activation, stemWidth);
    this.stemPool = stem === '7x7' ? new MaxPool2d({ kernel: 3, stride: 2, padding: 1 }) : null;
    this.stemCopies = stemCopies;
    this.blocks = blockSizes({ widths, blocks, strides: strides ?? undefined }).map(
      (sizes) => new BinaryBlock({ sizes, groups, shortcut }, block, rng),
    );
    this.classifier = new Linear(widths.at(-1)!, classes, { rng });
  }

  forward(x: Tensor): Tensor {
    const activated = inTurn(x, this.stem, this.stemActivation);
    const stem = this.stemPool ? through(activated, this.stemPool) : activated;
    return through(repeatChannels(stem, this.stemCopies), ...this.blocks, this.pool, this.classifier);
  }
}

function createStem(
  kind: FtbnnOptions['stem'],
  inChannels: number,
  outChannels: number,
  groups: number,
  activation: ActivationKind,
  rng: Rng,
): Module {
  switch (kind) {
    case '7x7':
      return wideStem(inChannels, outChannels, rng);
    case 'grouped':
      return new GroupedStem(inChannels, outChannels, groups, activation, rng);
    case '3x3':
      return new ConvNorm(new Conv2d(inChannels, outChannels, { kernel: 3, padding: 1, rng }));
    case '3x3-half':
      return new ConvNorm(new Conv2d(inChannels, outChannels, { kernel: 3, stride: 2, padding: 1, rng }));
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
