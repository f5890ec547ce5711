import { BatchNorm2d, Conv2d, FPReLU, Identity, inTurn, Module, PReLU, ReLU } from '../nn/index.js';
import * as ops from '../ops/index.js';
import type { Rng } from '../tensor/rng.js';
import type { Tensor } from '../tensor/tensor.js';

/** As `inTurn`, and releases `x` too: for a tensor that nobody else holds. */
export function through(x: Tensor, ...layers: readonly Module[]): Tensor {
  const output = inTurn(x, ...layers);
  if (output !== x) x.release();
  return output;
}

/** `branch` + what `shortcut` makes of the block's input `x`; releases both terms, but never `x`. A `norm` is of the branch. */
export function addShortcut(x: Tensor, branch: Tensor, shortcut: Module, norm?: BatchNorm2d): Tensor {
  const passed = shortcut.forward(x);
  const sum = norm ? norm.forward(branch, passed) : ops.add(branch, passed);
  branch.release();
  if (passed !== x) passed.release();
  return sum;
}

/** A convolution and its batch norm, with a ReLU behind it if that is asked for. */
export class ConvNorm extends Module {
  readonly norm: BatchNorm2d;

  constructor(
    readonly conv: Conv2d,
    options: { readonly relu?: boolean } = {},
  ) {
    super();
    this.norm = new BatchNorm2d(conv.weight.shape[0]!, options);
  }

  forward(x: Tensor): Tensor {
    return inTurn(x, this.conv, this.norm);
  }
}

/** ImageNet's usual stem: 7x7 convolution of stride 2, batch norm and, if asked for, ReLU; [h, w, in] to [h / 2, w / 2, out]. */
export function wideStem(inChannels: number, outChannels: number, rng: Rng, options: { readonly relu?: boolean } = {}): ConvNorm {
  return new ConvNorm(new Conv2d(inChannels, outChannels, { kernel: 7, stride: 2, padding: 3, rng }), options);
}

export const activationKinds = ['none', 'relu', 'prelu', 'fprelu'] as const;
export type ActivationKind = (typeof activationKinds)[number];

export function createActivation(kind: ActivationKind, channels: number): Module {
  switch (kind) {
    case 'none':
      return new Identity();
    case 'relu':
      return new ReLU();
    case 'prelu':
      return new PReLU(channels);
    case 'fprelu':
      return new FPReLU(channels);
  }
}
