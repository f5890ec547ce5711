import { z } from 'zod';
import { ConfigError } from '../errors.js';
import { BatchNorm2d, BinaryConv2d, Conv2d, inTurn, Module } from '../nn/index.js';
import * as ops from '../ops/index.js';
import type { Rng } from '../tensor/rng.js';
import type { Tensor } from '../tensor/tensor.js';
import { theta } from './options.js';
import { activationKinds, addShortcut, createActivation, through } from './parts.js';
import { createShortcut, type ShortcutKind, type ShortcutSizes } from './shortcuts.js';

/** What all 1-bit networks let one choose about their blocks; the choices are there to be compared. */
export const binaryBlockSchema = {
  /** `real`: the float twin, with real 3x3 convolutions in the same places. */
  convolution: z.enum(['binary', 'real']).default('binary'),
  activation: z.enum(activationKinds).default('fprelu'),
  /** Whether the activation stands behind the addition, or in the branch before it. */
  activationPlace: z.enum(['sum', 'branch']).default('sum'),
  /** Multiply each output channel of a 1-bit convolution by the mean |w| of its weights. */
  scale: z.boolean().default(false),
  /** Stand-in for the derivative of the activations' sign. */
  surrogate: z.enum(['clip', 'quadratic']).default('quadratic'),
  /** `packed`: training keeps a byte an activation for the quadratic surrogate, not the activation; its derivative is at most 1/255 off. */
  keep: z.enum(['exact', 'packed']).default('exact'),
  theta: theta.default(0),
};

export type BinaryBlockOptions = z.output<z.ZodObject<typeof binaryBlockSchema>>;

export interface BinaryBlockPlace {
  readonly sizes: ShortcutSizes;
  readonly groups: number;
  readonly shortcut: ShortcutKind;
}

/**
 * One 1-bit 3x3 convolution with a real-valued shortcut of its own (Bi-Real's block): sign, convolution, batch norm, addition,
 * activation. Grouped convolutions are followed by a channel shuffle, so that the next ones see all groups.
 */
export class BinaryBlock extends Module {
  readonly conv: Module;
  readonly norm: BatchNorm2d;
  readonly shortcut: Module;
  readonly activation: Module;
  /** Sees the input, what convolution and batch norm make of it, and the output of each forward pass while somebody watches the block. */
  probe: ((part: 'input' | 'branch' | 'output', value: Tensor) => void) | null = null;
  private readonly groups: number;
  private readonly activatesSum: boolean;

  /** @throws ConfigError for a ReLU on the sum of 1-bit blocks */
  constructor({ sizes, groups, shortcut }: BinaryBlockPlace, options: BinaryBlockOptions, rng: Rng) {
    super();
    const { convolution, activation, activationPlace, scale, surrogate, keep } = options;
    if (convolution === 'binary' && activation === 'relu' && activationPlace === 'sum') {
      throw new ConfigError(
        'activation',
        'a ReLU on the sum leaves the next 1-bit convolution nothing but +1 to see. Take prelu or fprelu, or activationPlace "branch".',
      );
    }
    const geometry = { kernel: 3, stride: sizes.stride, padding: 1, groups, theta: options.theta, rng };
    this.conv =
      convolution === 'binary'
        ? new BinaryConv2d(sizes.inChannels, sizes.outChannels, { ...geometry, scale, surrogate, keep })
        : new Conv2d(sizes.inChannels, sizes.outChannels, geometry);
    this.norm = new BatchNorm2d(sizes.outChannels);
    this.shortcut = createShortcut(shortcut, sizes, rng);
    this.activation = createActivation(activation, sizes.outChannels);
    this.groups = groups;
    this.activatesSum = activationPlace === 'sum';
  }

  /** @param passed what the shortcut is made of, where that is not the input: for shortcuts that are `given` */
  forward(x: Tensor, passed: Tensor = x): Tensor {
    const convolved = inTurn(x, this.conv, this.norm);
    const shuffled = this.groups === 1 ? convolved : ops.shuffleChannels(convolved, this.groups);
    if (shuffled !== convolved) convolved.release();
    this.probe?.('input', x);
    this.probe?.('branch', shuffled);
    const branch = this.activatesSum ? shuffled : through(shuffled, this.activation);
    const sum = addShortcut(passed, branch, this.shortcut);
    const output = this.activatesSum ? through(sum, this.activation) : sum;
    this.probe?.('output', output);
    return output;
  }
}
