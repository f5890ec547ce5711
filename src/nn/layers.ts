import type { SumAcross } from '../engine/kernels.js';
import type { PoolOptions } from '../ops/index.js';
import * as ops from '../ops/index.js';
import { Rng } from '../tensor/rng.js';
import type { Tensor } from '../tensor/tensor.js';
import { constant, type Initializer, uniformFanIn } from './initializers.js';
import { Module } from './module.js';
import { Buffer, Parameter } from './state.js';

/** For parameters whose start is a constant: draws nothing. */
const NO_RANDOMNESS = new Rng(0);

export interface LinearOptions {
  /** True unless given. */
  readonly bias?: boolean;
  readonly rng: Rng;
  /** First weights; uniform within 1 / sqrt(inFeatures) unless given. */
  readonly initializer?: Initializer;
}

/** [rows, inFeatures] to [rows, outFeatures]. */
export class Linear extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | null;

  constructor(inFeatures: number, outFeatures: number, { bias = true, rng, initializer = uniformFanIn() }: LinearOptions) {
    super();
    this.weight = new Parameter([outFeatures, inFeatures], initializer, rng, 'weight');
    this.bias = bias ? new Parameter([outFeatures], uniformFanIn(inFeatures), rng, 'bias') : null;
  }

  forward(x: Tensor): Tensor {
    return ops.linear(x, this.weight.value, this.bias?.value);
  }
}

export interface BatchNormOptions {
  /** Added to the variance before its root; 1e-5 unless given. */
  readonly epsilon?: number;
  /** Share of the newest batch in the running statistics, in [0, 1]; 0.1 unless given. */
  readonly momentum?: number;
  /** End with max(y, 0), in the same pass over memory; false unless given. */
  readonly relu?: boolean;
}

/** Batch normalisation of the innermost axis; PyTorch's defaults. */
export class BatchNorm2d extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly runningMean: Buffer;
  readonly runningVariance: Buffer;
  /** Sums over the processes that share each batch, for statistics over all of it; null: over what this one sees. */
  across: SumAcross | null = null;
  private readonly epsilon: number;
  private readonly momentum: number;
  private readonly relu: boolean;

  constructor(channels: number, { epsilon = 1e-5, momentum = 0.1, relu = false }: BatchNormOptions = {}) {
    super();
    this.weight = new Parameter([channels], constant(1), NO_RANDOMNESS, 'norm');
    this.bias = new Parameter([channels], constant(0), NO_RANDOMNESS, 'norm');
    this.runningMean = new Buffer([channels], 0);
    this.runningVariance = new Buffer([channels], 1);
    this.epsilon = epsilon;
    this.momentum = momentum;
    this.relu = relu;
  }

  /** @param shortcut of x's shape: is added to what was normalised, before the ReLU */
  forward(x: Tensor, shortcut: Tensor | null = null): Tensor {
    const { weight, bias, runningMean, runningVariance, epsilon, momentum, training, relu, across } = this;
    const tensors = {
      weight: weight.value,
      bias: bias.value,
      runningMean: runningMean.value,
      runningVariance: runningVariance.value,
    };
    return ops.batchNorm(x, tensors, { epsilon, momentum, training, relu, shortcut, across });
  }
}

/** max(x, 0). */
export class ReLU extends Module {
  forward(x: Tensor): Tensor {
    return ops.relu(x);
  }
}

/** x clamped to [-1, 1]. */
export class HardTanh extends Module {
  forward(x: Tensor): Tensor {
    return ops.hardTanh(x);
  }
}

/** 1 / (1 + exp(-x)). */
export class Sigmoid extends Module {
  forward(x: Tensor): Tensor {
    return ops.sigmoid(x);
  }
}

/** One learned slope a channel below zero. */
export class PReLU extends Module {
  readonly negative: Parameter;

  constructor(channels: number, initial = 0.25) {
    super();
    this.negative = new Parameter([channels], constant(initial), NO_RANDOMNESS, 'slope');
  }

  forward(x: Tensor): Tensor {
    return ops.prelu(x, this.negative.value);
  }
}

/** Two learned slopes a channel, from zero up and below it: the activation of our FTBNN networks. */
export class FPReLU extends Module {
  readonly positive: Parameter;
  readonly negative: Parameter;

  constructor(channels: number, { positive = 1, negative = 0.25 }: { positive?: number; negative?: number } = {}) {
    super();
    this.positive = new Parameter([channels], constant(positive), NO_RANDOMNESS, 'slope');
    this.negative = new Parameter([channels], constant(negative), NO_RANDOMNESS, 'slope');
  }

  forward(x: Tensor): Tensor {
    return ops.fprelu(x, this.positive.value, this.negative.value);
  }
}

/** Hands on what it gets: stands where a network has nothing. */
export class Identity extends Module {
  forward(x: Tensor): Tensor {
    return x;
  }
}

/** Maximum over windows of [batch, height, width, channels]; padding never wins. */
export class MaxPool2d extends Module {
  constructor(private readonly options: PoolOptions) {
    super();
  }

  forward(x: Tensor): Tensor {
    return ops.maxPool(x, this.options);
  }
}

/** Mean over windows of [batch, height, width, channels]; padding counts as zeros. */
export class AveragePool2d extends Module {
  constructor(private readonly options: PoolOptions) {
    super();
  }

  forward(x: Tensor): Tensor {
    return ops.averagePool(x, this.options);
  }
}

/** [batch, height, width, channels] to [batch, channels]. */
export class GlobalAveragePool extends Module {
  forward(x: Tensor): Tensor {
    return ops.globalAveragePool(x);
  }
}
