import { z } from 'zod';
import { ConfigError } from '../errors.js';
import type { ShortcutSizes } from './shortcuts.js';

/*
 * Checks that the options of several networks share.
 */

/** Classes to tell apart. */
export const classCount = z.int().min(2).max(100_000);

/** Channels of the image: 1 grey, 3 colour. */
export const channelCount = z.int().min(1).max(1024);

/** A number a stage: channels, layers, growth. */
export const stageList = z.array(z.int().min(1).max(8192)).min(1).max(16).readonly();

/** Share of the central difference in a convolution's weights; 0 is the plain convolution. */
export const theta = z.number().min(0).max(1);

export interface Stages {
  readonly widths: readonly number[];
  readonly blocks: readonly number[];
  /** Stride of each stage's first block; 1 for the first stage and 2 for all others unless given. */
  readonly strides?: readonly number[];
}

/**
 * Sizes of every block of a network in stages: the first of a stage changes width and stride, the others keep them.
 * @throws ConfigError unless the lists are equally long
 */
export function blockSizes({
  widths,
  blocks,
  strides = widths.map((_, stage) => (stage === 0 ? 1 : 2)),
}: Stages): ShortcutSizes[] {
  expectOneEach('blocks', blocks, 'widths', widths);
  expectOneEach('strides', strides, 'widths', widths);
  let inChannels = widths[0]!;
  return widths.flatMap((outChannels, stage) =>
    Array.from({ length: blocks[stage]! }, (_, block) => {
      const sizes = { inChannels, outChannels, stride: block === 0 ? strides[stage]! : 1 };
      inChannels = outChannels;
      return sizes;
    }),
  );
}

/** @throws ConfigError unless both lists have an entry a stage */
export function expectOneEach(key: string, list: readonly number[], other: string, others: readonly number[]): void {
  if (list.length !== others.length) {
    throw new ConfigError(key, `got ${list.length} stages, but ${other} has ${others.length}: give both one number a stage`);
  }
}
