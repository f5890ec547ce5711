import { z } from 'zod';
import type { Rng } from '../tensor/rng.js';
import { ConvNorms, DepthNetwork } from './depth-network.js';
import { channelCount, theta } from './options.js';

/*
 * CDCN and CDCN++ (arXiv:2003.04092): from a face to a depth map, which is that of a face for a live one and flat for an
 * attack. Every 3x3 convolution is a central difference one.
 */

export const cdcnSchema = z.strictObject({
  inChannels: channelCount.default(3),
  /** Height and width of the depth map. */
  mapSize: z.int().min(3).max(1024).default(32),
  /** Share of the central difference; 0 makes the plain twin. */
  theta: theta.default(0.7),
});

export type CdcnOptions = z.output<typeof cdcnSchema>;

/** Channels from convolution to convolution, those of the stem first, and the sizes of the attention kernels for the low, mid and high level. */
interface Layout {
  readonly low: readonly number[];
  readonly mid: readonly number[];
  readonly high: readonly number[];
  readonly head: readonly number[];
  readonly attention: readonly number[];
}

const cdcnLayout: Layout = {
  low: [64, 128, 196, 128],
  mid: [128, 128, 196, 128],
  high: [128, 128, 196, 128],
  head: [384, 128, 64],
  attention: [],
};

/** What the authors' search found: inner widths are 128 times 1.6, 1.2 or 1.4, rounded down. */
const cdcnppLayout: Layout = {
  low: [64, 128, 204, 128],
  mid: [128, 153, 128, 179, 128],
  high: [128, 128, 153, 128],
  head: [384, 128],
  attention: [7, 5, 3],
};

/** A quarter of CDCN's widths; 49, a quarter of 196, is made 48, since the kernels compute eight channels at once. */
const cdcnSmallLayout: Layout = {
  low: [16, 32, 48, 32],
  mid: [32, 32, 48, 32],
  high: [32, 32, 48, 32],
  head: [96, 32, 16],
  attention: [],
};

/** [batch, height, width, channels] to a depth map [batch, mapSize, mapSize], 0 and above. */
export class Cdcn extends DepthNetwork {
  constructor({ inChannels, mapSize, theta: share }: CdcnOptions, rng: Rng, layout: Layout = cdcnLayout) {
    const { low, mid, high, head, attention } = layout;
    const level = (widths: readonly number[]) => () => new ConvNorms(widths, share, rng);
    const stem = [inChannels, low[0]!];
    super({ stem, levels: [level(low), level(mid), level(high)], head, attention, mapSize, theta: share }, rng);
  }
}

export class CdcnPlusPlus extends Cdcn {
  constructor(options: CdcnOptions, rng: Rng) {
    super(options, rng, cdcnppLayout);
  }
}

/** For CPUs: CDCN with a quarter of the channels. */
export class CdcnSmall extends Cdcn {
  constructor(options: CdcnOptions, rng: Rng) {
    super(options, rng, cdcnSmallLayout);
  }
}
