import { ConfigError } from '../../errors.js';
import * as ops from '../../ops/index.js';
import type { Rng } from '../../tensor/rng.js';
import type { Tensor } from '../../tensor/tensor.js';
import { type Initializer, kaimingNormal, uniformFanIn } from '../initializers.js';
import { Module } from '../module.js';
import { Parameter } from '../state.js';

export interface Conv2dOptions {
  /** Height and width of the kernel. */
  readonly kernel: number;
  /** Step of the window in pixels; 1 unless given. */
  readonly stride?: number;
  /** Zeros on each of the four sides; 0 unless given. */
  readonly padding?: number;
  /** Distance of neighbouring taps in pixels; 1 unless given. */
  readonly dilation?: number;
  /** Parts of the channels that see only themselves; divides both channel counts; 1 unless given. */
  readonly groups?: number;
  /** False unless given: a batch norm usually follows. */
  readonly bias?: boolean;
  /** Share of the central difference in [0, 1]; 0 is the plain convolution. Turns any convolution into its central difference form. */
  readonly theta?: number;
  /** Where the first weights come from; advances by one draw a parameter. */
  readonly rng: Rng;
  /** First weights; unless given, normal: deviation sqrt(2 / fan-out) here, 0.05 in a 1-bit layer. */
  readonly initializer?: Initializer;
}

/** Sizes of the weights of a convolution. @throws ConfigError when `groups` divides not both channel counts */
export function weightShape(inChannels: number, outChannels: number, kernel: number, groups: number): number[] {
  if (inChannels % groups !== 0 || outChannels % groups !== 0) {
    throw new ConfigError(
      'groups',
      `got ${groups}, which divides not both ${inChannels} input and ${outChannels} output channels`,
    );
  }
  return [outChannels, kernel, kernel, inChannels / groups];
}

/** The weights as a convolution shall see them. */
export function transformedWeight(weight: Tensor, theta: number): Tensor {
  return theta === 0 ? weight : ops.centralDifference(weight, theta);
}

/** The plain convolution: [batch, height, width, inChannels] to [batch, outHeight, outWidth, outChannels]. */
export class Conv2d extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | null;
  readonly theta: number;
  private readonly geometry: Required<Pick<Conv2dOptions, 'stride' | 'padding' | 'dilation' | 'groups'>>;

  constructor(inChannels: number, outChannels: number, options: Conv2dOptions) {
    super();
    const { kernel, stride = 1, padding = 0, dilation = 1, groups = 1, bias = false, theta = 0, rng } = options;
    const shape = weightShape(inChannels, outChannels, kernel, groups);
    this.weight = new Parameter(shape, options.initializer ?? kaimingNormal('out'), rng, 'weight');
    this.bias = bias ? new Parameter([outChannels], uniformFanIn((kernel * kernel * inChannels) / groups), rng, 'bias') : null;
    this.theta = theta;
    this.geometry = { stride, padding, dilation, groups };
  }

  forward(x: Tensor): Tensor {
    return ops.conv2d(x, transformedWeight(this.weight.value, this.theta), { ...this.geometry, bias: this.bias?.value ?? null });
  }
}
