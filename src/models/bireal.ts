import { z } from 'zod';
import { GlobalAveragePool, inTurn, Linear, MaxPool2d } from '../nn/index.js';
import type { Rng } from '../tensor/rng.js';
import type { Tensor } from '../tensor/tensor.js';
import { BinaryBlock, binaryBlockSchema } from './binary-block.js';
import { Network } from './network.js';
import { blockSizes, channelCount, classCount, stageList } from './options.js';
import { type ConvNorm, through, wideStem } from './parts.js';

/*
 * Bi-Real net (Liu et al., 2018, arXiv:1808.00278): the 1-bit network of 18 layers that others are measured by. Real stem,
 * downsampling shortcuts and classifier; nothing stands behind the additions, the signs are all its non-linearity.
 */

export const biRealSchema = z.strictObject({
  classes: classCount.default(1000),
  inChannels: channelCount.default(3),
  widths: stageList.default([64, 128, 256, 512]),
  /** Blocks of one convolution in each stage. */
  blocks: stageList.default([4, 4, 4, 4]),
  ...binaryBlockSchema,
  activation: binaryBlockSchema.activation.unwrap().default('none'),
  scale: z.boolean().default(true),
});

export type BiRealOptions = z.output<typeof biRealSchema>;

export class BiReal extends Network {
  readonly stem: ConvNorm;
  readonly blocks: readonly BinaryBlock[];
  readonly classifier: Linear;
  private readonly stemPool = new MaxPool2d({ kernel: 3, stride: 2, padding: 1 });
  private readonly pool = new GlobalAveragePool();

  constructor({ classes, inChannels, widths, blocks, ...block }: BiRealOptions, rng: Rng) {
    super();
    this.stem = wideStem(inChannels, widths[0]!, rng);
    this.blocks = blockSizes({ widths, blocks }).map(
      (sizes) => new BinaryBlock({ sizes, groups: 1, shortcut: 'pooled-projection' }, block, rng),
    );
    this.classifier = new Linear(widths.at(-1)!, classes, { rng });
  }

  forward(x: Tensor): Tensor {
    return through(inTurn(x, this.stem, this.stemPool), ...this.blocks, this.pool, this.classifier);
  }
}
