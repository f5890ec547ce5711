import { z } from 'zod';
import { parseOptions } from './options.js';

/*
 * Transforms as plain data: what a recipe holds and what travels to the workers. `pipeline.ts` executes them.
 */

const side = z.int().min(1).max(16384);
const size = z.union([side, z.tuple([side, side])]);
const probability = z.number().min(0).max(1);
const strength = z.number().min(0);
const faceScale = z.number().min(0.1).max(100);

function range(low: number, high: number) {
  return ordered(z.number().min(low).max(high));
}

function wholeRange(low: number, high: number) {
  return ordered(z.int().min(low).max(high));
}

function ordered(bound: z.ZodType<number, number>) {
  return z.tuple([bound, bound]).refine(([from, to]) => from <= to, 'The first number must not be larger than the second');
}

const transform = z.discriminatedUnion('name', [
  /** Pads all sides with `fill` (0 to 255) and cuts a window of `size` (by default the image's own) anywhere. */
  z.strictObject({
    name: z.literal('crop'),
    padding: z.int().min(0).max(4096).default(0),
    size: size.optional(),
    fill: z.int().min(0).max(255).default(0),
  }),
  /** Swaps left and right. */
  z.strictObject({ name: z.literal('flip'), probability: probability.default(0.5) }),
  /** Cuts a window whose area is a share of the image's within `scale` and whose width/height is within `ratio`; resizes it. */
  z.strictObject({
    name: z.literal('random-resized-crop'),
    size,
    scale: range(1e-4, 1).default([0.08, 1]),
    ratio: range(0.01, 100).default([3 / 4, 4 / 3]),
  }),
  /** Multiplies brightness, contrast and saturation, in a random order, by factors from 1 - x to 1 + x. */
  z.strictObject({
    name: z.literal('color-jitter'),
    brightness: strength.default(0),
    contrast: strength.default(0),
    saturation: strength.default(0),
  }),
  /** Adds to each channel a whole number of its own within `range` (bytes, 0 to 255). */
  z.strictObject({ name: z.literal('channel-shift'), range: wholeRange(-255, 255).default([-40, 40]) }),
  /** Raises values of 0 to 1 to a power within `range`. */
  z.strictObject({ name: z.literal('gamma'), range: range(0.01, 100).default([0.5, 1.5]) }),
  /**
   * The middle of an image that was cut about a face box at scale `stored` (its side over the box's), as if it had been cut at one of
   * `scales`; resizes it.
   */
  z
    .strictObject({ name: z.literal('face-scale'), stored: faceScale, scales: z.array(faceScale).min(1).max(64), size })
    .refine(({ stored, scales }) => Math.max(...scales) <= stored, {
      message: 'What was cut away cannot be shown: scales must not be larger than the stored one',
      path: ['scales'],
    }),
  /**
   * Sets rectangles, the area of each a share of the image's within `area`, to 0: black before `normalize`, the mean after it. Within
   * `patches`: how many.
   */
  z.strictObject({
    name: z.literal('erasing'),
    probability: probability.default(0.5),
    patches: wholeRange(1, 100).default([1, 1]),
    area: range(1e-4, 1).default([0.02, 0.33]),
    ratio: range(0.01, 100).default([0.3, 3.3]),
  }),
  /** Sets a square, centred on any pixel and cut off at the borders, to 0; its side is `size`, or from `least` to that. */
  z
    .strictObject({ name: z.literal('cutout'), size: side, least: side.optional() })
    .refine(({ size, least }) => (least ?? size) <= size, { message: 'The least side must not be larger', path: ['least'] }),
  /** Values from 0 to 1, minus `mean`, divided by `std`: one number, or one a channel. */
  z.strictObject({
    name: z.literal('normalize'),
    mean: z.array(z.number()).min(1).max(4),
    std: z.array(z.number().positive()).min(1).max(4),
  }),
  /** To height and width; one number is the shorter side, the aspect stays. */
  z.strictObject({ name: z.literal('resize'), size }),
  /** The middle of the image. */
  z.strictObject({ name: z.literal('center-crop'), size }),
]);

/** A transform with every option present. */
export type Transform = z.output<typeof transform>;

/** A transform as it is written: options that have a default may be left out. */
export type TransformInput = z.input<typeof transform>;

/** The schema of a list of transforms, for recipes. */
export const transformsSchema = z.array(transform);

/**
 * Checks a list of transforms and fills in the defaults.
 * @throws ConfigError with the dotted path of what is wrong, such as `transforms.0.padding`
 */
export function parseTransforms(list: unknown, key = 'transforms'): Transform[] {
  return parseOptions(transformsSchema, list, key);
}
