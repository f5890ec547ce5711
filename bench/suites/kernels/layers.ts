import type { ConvolutionWork } from '../../peer.js';

/** A layer whose input and output are equally wide. */
export type Layer = Pick<ConvolutionWork, 'batch' | 'side' | 'kernel' | 'groups'> & { readonly channels: number };

export const square = (channels: number, side: number, batch = 1): Layer => ({ batch, side, channels, kernel: 3, groups: 1 });

/** The four convolutions of ResNet-18 at batch 1. */
export const RESNET18 = [square(64, 56), square(128, 28), square(256, 14), square(512, 7)];

/** Its three at batch 64 in networks for CIFAR: of ResNet-20, and of the 1-bit ones. */
export const RESNET20 = [square(16, 32, 64), square(32, 16, 64), square(64, 8, 64)];
export const WIDE_CIFAR = [square(64, 32, 64), square(128, 16, 64), square(256, 8, 64)];

export function work({ channels, ...rest }: Layer, pass: ConvolutionWork['pass']): ConvolutionWork {
  return { kind: 'convolution', pass, ...rest, inChannels: channels, outChannels: channels };
}

export function macs({ batch, side, channels, kernel, groups }: Layer): number {
  return batch * side * side * channels * (channels / groups) * kernel * kernel;
}

export function label({ batch, side, channels, kernel, groups }: Layer): string {
  const family = groups === 1 ? `${kernel}x${kernel}` : `depthwise ${kernel}x${kernel}`;
  return `${family} ${channels} at ${side}x${side}${batch > 1 ? `, batch ${batch}` : ''}`;
}
