import { z } from 'zod';
import { BatchNorm2d, GlobalAveragePool, Identity, inTurn, Linear, MaxPool2d, Module } from '../nn/index.js';
import type { Rng } from '../tensor/rng.js';
import type { Tensor } from '../tensor/tensor.js';
import { createDynamicLayer, type DynamicLayerOptions, dynamicLayerSchema } from './dynamic-layer.js';
import { Network } from './network.js';
import { blockSizes, channelCount, classCount, stageList } from './options.js';
import { addShortcut, type ConvNorm, wideStem } from './parts.js';
import type { ShortcutSizes } from './shortcuts.js';

/*
 * DynamicResNet (DGC, arXiv:2007.04242): ResNet-18 whose 3x3 and downsampling 1x1 convolutions are dynamic.
 */

export const dyResNetSchema = z.strictObject({
  classes: classCount.default(1000),
  inChannels: channelCount.default(3),
  widths: stageList.default([64, 128, 256, 512]),
  /** Blocks of two dynamic convolutions in each stage. */
  blocks: stageList.default([2, 2, 2, 2]),
  ...dynamicLayerSchema,
  keep: dynamicLayerSchema.keep.unwrap().default(0.45),
});

export type DyResNetOptions = z.output<typeof dyResNetSchema>;

/** Dynamic 1x1 convolution of that stride, and batch norm. */
class DynamicShortcut extends Module {
  readonly dynamic: Module;
  readonly norm: BatchNorm2d;

  constructor(sizes: ShortcutSizes, options: DynamicLayerOptions, rng: Rng) {
    super();
    this.dynamic = createDynamicLayer({ ...sizes, kernel: 1 }, options, rng);
    this.norm = new BatchNorm2d(sizes.outChannels);
  }

  forward(x: Tensor): Tensor {
    return inTurn(x, this.dynamic, this.norm);
  }
}

class DynamicBlock extends Module {
  readonly dynamic1: Module;
  readonly norm1: BatchNorm2d;
  readonly dynamic2: Module;
  readonly norm2: BatchNorm2d;
  readonly shortcut: Module;

  constructor(sizes: ShortcutSizes, options: DynamicLayerOptions, rng: Rng) {
    super();
    const { inChannels, outChannels, stride } = sizes;
    this.dynamic1 = createDynamicLayer({ ...sizes, kernel: 3 }, options, rng);
    this.norm1 = new BatchNorm2d(outChannels, { relu: true });
    this.dynamic2 = createDynamicLayer({ inChannels: outChannels, outChannels, kernel: 3, stride: 1 }, options, rng);
    this.norm2 = new BatchNorm2d(outChannels, { relu: true });
    const keepsShape = stride === 1 && inChannels === outChannels;
    this.shortcut = keepsShape ? new Identity() : new DynamicShortcut(sizes, options, rng);
  }

  forward(x: Tensor): Tensor {
    const branch = inTurn(x, this.dynamic1, this.norm1, this.dynamic2);
    return addShortcut(x, branch, this.shortcut, this.norm2);
  }
}

export class DyResNet extends Network {
  readonly stem: ConvNorm;
  readonly blocks: readonly DynamicBlock[];
  readonly classifier: Linear;
  private readonly stemPool = new MaxPool2d({ kernel: 3, stride: 2, padding: 1 });
  private readonly pool = new GlobalAveragePool();

  constructor({ classes, inChannels, widths, blocks, ...layer }: DyResNetOptions, rng: Rng) {
    super();
    this.stem = wideStem(inChannels, widths[0]!, rng, { relu: true });
    this.blocks = blockSizes({ widths, blocks }).map((sizes) => new DynamicBlock(sizes, layer, rng));
    this.classifier = new Linear(widths.at(-1)!, classes, { rng });
  }

  forward(x: Tensor): Tensor {
    return inTurn(x, this.stem, this.stemPool, ...this.blocks, this.pool, this.classifier);
  }
}
