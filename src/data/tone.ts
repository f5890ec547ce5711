import type { Rng } from '../tensor/rng.js';

type Range = readonly [number, number];

/** Adds to every channel a whole number of its own within `range`, clamping to bytes. */
export function shiftChannels(pixels: Uint8ClampedArray, channels: number, [low, high]: Range, rng: Rng): void {
  const shifts = Array.from({ length: channels }, () => low + rng.integer(high - low + 1));
  for (let i = 0; i < pixels.length; i++) pixels[i] = pixels[i]! + shifts[i % channels]!;
}

/** v becomes 255 (v / 255)^gamma, for a gamma within `range`. */
export function bendTones(pixels: Uint8ClampedArray, [low, high]: Range, rng: Rng): void {
  const gamma = rng.uniform(low, high);
  const curve = Uint8ClampedArray.from({ length: 256 }, (_, value) => 255 * (value / 255) ** gamma);
  for (let i = 0; i < pixels.length; i++) pixels[i] = curve[pixels[i]!]!;
}
