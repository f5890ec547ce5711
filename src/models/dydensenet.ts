import { z } from 'zod';
import { AveragePool2d, BatchNorm2d, Conv2d, GlobalAveragePool, inTurn, Linear, Module } from '../nn/index.js';
import * as ops from '../ops/index.js';
import type { Rng } from '../tensor/rng.js';
import type { Tensor } from '../tensor/tensor.js';
import { createDynamicLayer, type DynamicLayerOptions, dynamicLayerSchema, NormConv } from './dynamic-layer.js';
import { Network } from './network.js';
import { channelCount, classCount, expectOneEach, stageList } from './options.js';

/*
 * DynamicDenseNet (DGC, arXiv:2007.04242): CondenseNet's layout, a dense network whose growth doubles from stage to stage, with
 * dynamic 1x1 convolutions.
 */

export const dyDenseNetSchema = z.strictObject({
  classes: classCount.default(10),
  inChannels: channelCount.default(3),
  stemStride: z.int().min(1).max(2).default(1),
  /** Dense layers in each stage; every stage but the first halves the image. */
  stages: stageList.default([14, 14, 14]),
  /** Channels that each layer of a stage adds. */
  growth: stageList.default([8, 16, 32]),
  ...dynamicLayerSchema,
});

export type DyDenseNetOptions = z.output<typeof dyDenseNetSchema>;

/** The dynamic 1x1 convolution makes this many times the growth. */
const BOTTLENECK = 4;
/** Groups of every layer's 3x3 convolution. */
const GROUPS = 4;

/** Dynamic 1x1 convolution to 4 growth, then 3x3 in 4 groups to growth; its output is set behind its input's channels. */
class DenseLayer extends Module {
  readonly dynamic: Module;
  readonly grouped: NormConv;

  constructor(inChannels: number, growth: number, options: DynamicLayerOptions, rng: Rng) {
    super();
    const width = BOTTLENECK * growth;
    this.dynamic = createDynamicLayer({ inChannels, outChannels: width, kernel: 1, stride: 1 }, options, rng);
    this.grouped = new NormConv(width, new Conv2d(width, growth, { kernel: 3, padding: 1, groups: GROUPS, rng }));
  }

  forward(x: Tensor): Tensor {
    const added = inTurn(x, this.dynamic, this.grouped);
    const joined = ops.concat([x, added]);
    added.release();
    return joined;
  }
}

class DenseStage extends Module {
  readonly layers: readonly DenseLayer[];

  constructor(inChannels: number, layers: number, growth: number, options: DynamicLayerOptions, rng: Rng) {
    super();
    this.layers = Array.from({ length: layers }, (_, i) => new DenseLayer(inChannels + i * growth, growth, options, rng));
  }

  forward(x: Tensor): Tensor {
    return inTurn(x, ...this.layers);
  }
}

export class DyDenseNet extends Network {
  readonly stem: Conv2d;
  readonly stages: readonly DenseStage[];
  readonly norm: BatchNorm2d;
  readonly classifier: Linear;
  private readonly transition = new AveragePool2d({ kernel: 2 });
  private readonly pool = new GlobalAveragePool();

  /** @throws ConfigError for lists of different lengths, and for heads that do not divide a layer's channels */
  constructor({ classes, inChannels, stemStride, stages, growth, ...layer }: DyDenseNetOptions, rng: Rng) {
    super();
    expectOneEach('growth', growth, 'stages', stages);
    let channels = 2 * growth[0]!;
    this.stem = new Conv2d(inChannels, channels, { kernel: 3, stride: stemStride, padding: 1, rng });
    this.stages = stages.map((layers, stage) => {
      const made = new DenseStage(channels, layers, growth[stage]!, layer, rng);
      channels += layers * growth[stage]!;
      return made;
    });
    this.norm = new BatchNorm2d(channels, { relu: true });
    this.classifier = new Linear(channels, classes, { rng });
  }

  forward(x: Tensor): Tensor {
    const stages = this.stages.flatMap((stage, i) => (i === 0 ? [stage] : [this.transition, stage]));
    return inTurn(x, this.stem, ...stages, this.norm, this.pool, this.classifier);
  }
}
