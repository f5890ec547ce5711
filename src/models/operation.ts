import { ConfigError } from '../errors.js';
import {
  BatchNorm2d,
  BinaryConv2d,
  Conv2d,
  DynamicGroupConv2d,
  FPReLU,
  Identity,
  inTurn,
  Module,
  uniformFanIn,
} from '../nn/index.js';
import type { Rng } from '../tensor/rng.js';
import type { Tensor } from '../tensor/tensor.js';
import { ConvNorm } from './parts.js';

/*
 * What may stand on an edge of a cell, written as in the paper's figures (CDCN, figure 5): `none`, `skip`, `cdc`, `cdc_2_1.6`. Ours are
 * `conv`, `binary`, `dynamic`, and a share of the central difference of one's own behind any of them: `cdc@0.3`, `binary@0.7`.
 */

export const operationKinds = ['none', 'skip', 'conv', 'cdc', 'binary', 'dynamic'] as const;
export type OperationKind = (typeof operationKinds)[number];

export interface Operation {
  /** As it is written. */
  readonly name: string;
  readonly kind: OperationKind;
  /** Channels between two convolutions over those at the ends; null for one convolution. */
  readonly expand: number | null;
  /** Share of the central difference; null: the network's for `cdc`, 0 for all others. */
  readonly theta: number | null;
}

const written = /^(?<kind>[a-z]+)(?:_2_(?<expand>\d+(?:\.\d+)?))?(?:@(?<theta>\d+(?:\.\d+)?))?$/;

/** Where two convolutions may stand in place of one: a sign's shortcut and a selector's heads need the width that they began with. */
const expandable: ReadonlySet<OperationKind> = new Set(['conv', 'cdc']);

const largestExpansion = 8;

/**
 * An operation by its name.
 * @throws ConfigError for text that is none, an expansion of a kind that has none or that is not above 0 and at most 8, or a share outside [0, 1]
 */
export function parseOperation(name: string): Operation {
  const { kind = '', expand, theta } = written.exec(name)?.groups ?? {};
  if (!isKind(kind)) {
    throw new ConfigError(
      'operation',
      `got "${name}", needs one of ${operationKinds.join(', ')}, such as cdc, cdc_2_1.6 or binary@0.7`,
    );
  }
  const operation = {
    name,
    kind,
    expand: expand === undefined ? null : Number(expand),
    theta: theta === undefined ? null : Number(theta),
  };
  if (operation.expand !== null && !expandable.has(kind)) {
    throw new ConfigError('operation', `got "${name}", but only conv and cdc come in two (conv_2_1.5)`);
  }
  if (operation.expand !== null && !(operation.expand > 0 && operation.expand <= largestExpansion)) {
    throw new ConfigError('operation', `got "${name}", needs an expansion above 0 and of at most ${largestExpansion}`);
  }
  if (operation.theta !== null && (!hasTheta(kind) || operation.theta > 1)) {
    throw new ConfigError('operation', `got "${name}", needs a share from 0 to 1, behind a convolution`);
  }
  return operation;
}

function isKind(text: string): text is OperationKind {
  return (operationKinds as readonly string[]).includes(text);
}

function hasTheta(kind: OperationKind): boolean {
  return kind !== 'none' && kind !== 'skip';
}

/**
 * The operation on `channels` channels: [batch, height, width, channels] to the same shape. The two convolutions of an expanded one have
 * floor(channels * expand) between them (as in the authors' code). `none` is not a layer: an edge that has it is not there.
 * @param theta the network's share of the central difference, for a `cdc` that has none of its own
 * @throws ConfigError for `none`, for an expansion that leaves no channel, for `dynamic` on channels that its four heads do not divide
 */
export function createOperation(operation: Operation, channels: number, theta: number, rng: Rng): Module {
  const { name, kind, expand } = operation;
  const share = shareOf(operation, theta);
  switch (kind) {
    case 'none':
      throw new ConfigError('operation', 'none is no layer: leave the edge out');
    case 'skip':
      return new Identity();
    case 'conv':
    case 'cdc':
      return expand === null
        ? convNorm(channels, channels, share, rng)
        : new Expanded(channels, inner(name, channels, expand), share, rng);
    case 'binary':
      return new BinaryOperation(channels, share, rng);
    case 'dynamic':
      return new DynamicOperation(channels, share, rng);
  }
}

/** The operation's share of the central difference in a network of share `theta`; 0 for what is no convolution. */
export function shareOf({ kind, theta: own }: Operation, theta: number): number {
  return own ?? (kind === 'cdc' ? theta : 0);
}

function inner(name: string, channels: number, expand: number): number {
  const width = Math.floor(channels * expand);
  if (width > 0) return width;
  throw new ConfigError('operation', `got "${name}" on ${channels} channels, which leaves none between its convolutions`);
}

/** 3x3 convolution with a share of the central difference, batch norm and ReLU. */
export function convNorm(inChannels: number, outChannels: number, theta: number, rng: Rng): ConvNorm {
  return new ConvNorm(convolution(inChannels, outChannels, theta, rng), { relu: true });
}

/**
 * A 3x3 convolution that starts as in PyTorch, uniform within 1 / sqrt(fan-in): the last layer of a depth network has no batch norm to mend its
 * scale, and its ReLU would stay dark for ever if it started below zero everywhere.
 */
export function convolution(inChannels: number, outChannels: number, theta: number, rng: Rng): Conv2d {
  return new Conv2d(inChannels, outChannels, { kernel: 3, padding: 1, theta, rng, initializer: uniformFanIn() });
}

class Expanded extends Module {
  readonly layers: readonly ConvNorm[];

  constructor(channels: number, between: number, theta: number, rng: Rng) {
    super();
    this.layers = [convNorm(channels, between, theta, rng), convNorm(between, channels, theta, rng)];
  }

  forward(x: Tensor): Tensor {
    return inTurn(x, ...this.layers);
  }
}

/**
 * Batch norm, sign, 1-bit convolution, batch norm, the input beside it (Bi-Real's shortcut), FPReLU. The first norm is there because what comes out of
 * a neighbour's ReLU is never below zero, where every sign would be +1.
 */
class BinaryOperation extends Module {
  readonly centre: BatchNorm2d;
  readonly conv: BinaryConv2d;
  readonly norm: BatchNorm2d;
  readonly activation: FPReLU;

  constructor(channels: number, theta: number, rng: Rng) {
    super();
    this.centre = new BatchNorm2d(channels);
    this.conv = new BinaryConv2d(channels, channels, { kernel: 3, padding: 1, theta, rng });
    this.norm = new BatchNorm2d(channels);
    this.activation = new FPReLU(channels);
  }

  forward(x: Tensor): Tensor {
    const convolved = inTurn(x, this.centre, this.conv);
    const sum = this.norm.forward(convolved, x);
    convolved.release();
    const y = this.activation.forward(sum);
    sum.release();
    return y;
  }
}

/** Batch norm, ReLU, dynamic group convolution of four heads that keep a quarter of the channels each (DGC's setting), batch norm and ReLU. */
class DynamicOperation extends Module {
  readonly conv: DynamicGroupConv2d;
  readonly norm: BatchNorm2d;

  constructor(channels: number, theta: number, rng: Rng) {
    super();
    this.conv = new DynamicGroupConv2d(channels, channels, { kernel: 3, padding: 1, heads: 4, keep: 0.25, theta, rng });
    this.norm = new BatchNorm2d(channels, { relu: true });
  }

  forward(x: Tensor): Tensor {
    return inTurn(x, this.conv, this.norm);
  }
}
