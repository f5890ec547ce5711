import { z } from 'zod';
import { BatchNorm2d, Conv2d, GlobalAveragePool, Identity, inTurn, Linear, MaxPool2d, Module } from '../nn/index.js';
import type { Rng } from '../tensor/rng.js';
import type { Tensor } from '../tensor/tensor.js';
import { Network } from './network.js';
import { blockSizes, channelCount, classCount, stageList, theta } from './options.js';
import { addShortcut, ConvNorm, through, wideStem } from './parts.js';
import { createShortcut, type ShortcutSizes } from './shortcuts.js';

/*
 * Residual networks (He et al., 2015, arXiv:1512.03385): the real-valued yardstick. CIFAR's small ones and ImageNet's 18 layers.
 */

export const resnetSchema = z.strictObject({
  classes: classCount.default(10),
  inChannels: channelCount.default(3),
  /** `3x3`: one convolution of stride 1; `7x7`: stride 2 and a maximum over 3x3 of stride 2 after it. */
  stem: z.enum(['3x3', '7x7']).default('3x3'),
  /** Channels of each stage; every stage but the first halves the image. */
  widths: stageList.default([16, 32, 64]),
  /** Blocks of two convolutions in each stage. */
  blocks: stageList.default([3, 3, 3]),
  shortcut: z.enum(['pad', 'projection']).default('pad'),
  /** Of all 3x3 convolutions, a 3x3 stem included. */
  theta: theta.default(0),
});

export type ResNetOptions = z.output<typeof resnetSchema>;

class BasicBlock extends Module {
  readonly conv1: Conv2d;
  readonly norm1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly norm2: BatchNorm2d;
  readonly shortcut: Module;

  constructor(sizes: ShortcutSizes, { shortcut, theta }: Pick<ResNetOptions, 'shortcut' | 'theta'>, rng: Rng) {
    super();
    const { inChannels, outChannels, stride } = sizes;
    this.conv1 = new Conv2d(inChannels, outChannels, { kernel: 3, stride, padding: 1, theta, rng });
    this.norm1 = new BatchNorm2d(outChannels, { relu: true });
    this.conv2 = new Conv2d(outChannels, outChannels, { kernel: 3, padding: 1, theta, rng });
    this.norm2 = new BatchNorm2d(outChannels, { relu: true });
    this.shortcut = createShortcut(shortcut, sizes, rng);
  }

  forward(x: Tensor): Tensor {
    const branch = inTurn(x, this.conv1, this.norm1, this.conv2);
    return addShortcut(x, branch, this.shortcut, this.norm2);
  }
}

export class ResNet extends Network {
  readonly stem: ConvNorm;
  readonly blocks: readonly BasicBlock[];
  readonly classifier: Linear;
  private readonly stemPool: Module;
  private readonly pool = new GlobalAveragePool();

  constructor({ classes, inChannels, stem, widths, blocks, ...block }: ResNetOptions, rng: Rng) {
    super();
    const first = widths[0]!;
    const wide = stem === '7x7';
    this.stem = wide
      ? wideStem(inChannels, first, rng, { relu: true })
      : new ConvNorm(new Conv2d(inChannels, first, { kernel: 3, padding: 1, theta: block.theta, rng }), { relu: true });
    this.stemPool = wide ? new MaxPool2d({ kernel: 3, stride: 2, padding: 1 }) : new Identity();
    this.blocks = blockSizes({ widths, blocks }).map((sizes) => new BasicBlock(sizes, block, rng));
    this.classifier = new Linear(widths.at(-1)!, classes, { rng });
  }

  forward(x: Tensor): Tensor {
    const stem = inTurn(x, this.stem, this.stemPool);
    return through(stem, ...this.blocks, this.pool, this.classifier);
  }
}
