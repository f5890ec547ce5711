import type { Window } from '../images/resample.js';
import type { Rng } from '../tensor/rng.js';
import { randomWindow } from './random-window.js';
import type { ImageShape, Step } from './step.js';

type Range = readonly [least: number, most: number];

export function erasing(
  shape: ImageShape,
  options: { probability: number; patches: Range; area: Range; ratio: Range },
  isNormalized: boolean,
): Step {
  const [height, width, channels] = shape;
  return {
    shape,
    run(canvas, rng) {
      if (rng.uniform() >= options.probability) return;
      for (let patches = wholeWithin(options.patches, rng); patches > 0; patches--) {
        const window = randomWindow(height, width, options.area, options.ratio, rng);
        if (window) erase(isNormalized ? canvas.floats : canvas.bytes, width, channels, window);
      }
    },
  };
}

export function cutout(shape: ImageShape, sizes: Range, isNormalized: boolean): Step {
  const [height, width, channels] = shape;
  return {
    shape,
    run(canvas, rng) {
      const size = wholeWithin(sizes, rng);
      const top = rng.integer(height) - (size >> 1);
      const left = rng.integer(width) - (size >> 1);
      const [firstRow, firstColumn] = [Math.max(0, top), Math.max(0, left)];
      erase(isNormalized ? canvas.floats : canvas.bytes, width, channels, {
        top: firstRow,
        left: firstColumn,
        height: Math.min(height, top + size) - firstRow,
        width: Math.min(width, left + size) - firstColumn,
      });
    },
  };
}

/** Draws nothing where there is nothing to choose, so that a fixed number moves no other draw. */
function wholeWithin([least, most]: Range, rng: Rng): number {
  return least === most ? least : least + rng.integer(most - least + 1);
}

function erase(values: Uint8Array | Float32Array, stride: number, channels: number, window: Window): void {
  for (let row = window.top; row < window.top + window.height; row++) {
    const start = (row * stride + window.left) * channels;
    values.fill(0, start, start + window.width * channels);
  }
}
