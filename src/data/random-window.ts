import type { Window } from '../images/resample.js';
import type { Rng } from '../tensor/rng.js';

/** A window whose area is a share of the image's and whose width/height is within the ranges; null when ten draws gave none that fits. */
export function randomWindow(
  height: number,
  width: number,
  area: readonly [number, number],
  ratio: readonly [number, number],
  rng: Rng,
): Window | null {
  for (let attempt = 0; attempt < 10; attempt++) {
    const pixels = height * width * rng.uniform(area[0], area[1]);
    const aspect = Math.exp(rng.uniform(Math.log(ratio[0]), Math.log(ratio[1])));
    const [rows, columns] = [Math.round(Math.sqrt(pixels / aspect)), Math.round(Math.sqrt(pixels * aspect))];
    if (rows < 1 || columns < 1 || rows > height || columns > width) continue;
    return { top: rng.integer(height - rows + 1), left: rng.integer(width - columns + 1), height: rows, width: columns };
  }
  return null;
}
