import type { Rng } from '../tensor/rng.js';
import type { View } from './view.js';

/** Height, width, channels. */
export type ImageShape = readonly [height: number, width: number, channels: number];

/** An image on its way: bytes until `normalize`, or the end, makes floats of them. */
export interface Canvas {
  bytes: Uint8Array;
  /** Where a step that cannot work in place writes; the two are swapped then. */
  spare: Uint8Array;
  floats: Float32Array;
  /** What the pixels show of the image that came in: for its target map. */
  readonly view: View;
}

export interface Step {
  readonly shape: ImageShape;
  run(canvas: Canvas, rng: Rng): void;
}

export function lengthOf([height, width, channels]: ImageShape): number {
  return height * width * channels;
}
