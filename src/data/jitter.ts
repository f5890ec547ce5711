import type { Rng } from '../tensor/rng.js';

export interface Jitter {
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
}

type Step = (pixels: Uint8ClampedArray, channels: number, factor: number) => void;

/**
 * Multiplies brightness, contrast and saturation by random factors, in a random order, clamping to bytes after each (as
 * torchvision's ColorJitter without hue). `pixels` are grey or colour, channels innermost.
 */
export function jitter(pixels: Uint8ClampedArray, channels: number, strengths: Jitter, rng: Rng): void {
  const steps: [Step, number][] = [
    [brighten, strengths.brightness],
    [stretch, strengths.contrast],
    [saturate, strengths.saturation],
  ];
  for (const [step, strength] of rng.shuffle(steps)) {
    if (strength > 0) step(pixels, channels, rng.uniform(Math.max(0, 1 - strength), 1 + strength));
  }
}

function brighten(pixels: Uint8ClampedArray, _channels: number, factor: number): void {
  for (let i = 0; i < pixels.length; i++) pixels[i] = pixels[i]! * factor;
}

/** Away from, or towards, the mean luma of the whole image. */
function stretch(pixels: Uint8ClampedArray, channels: number, factor: number): void {
  let sum = 0;
  for (let i = 0; i < pixels.length; i += channels) sum += channels === 3 ? luma(pixels, i) : pixels[i]!;
  const offset = (1 - factor) * Math.round((sum * channels) / pixels.length);
  for (let i = 0; i < pixels.length; i++) pixels[i] = pixels[i]! * factor + offset;
}

/** Away from, or towards, each pixel's own luma. */
function saturate(pixels: Uint8ClampedArray, channels: number, factor: number): void {
  for (let i = 0; i < pixels.length; i += channels) {
    const offset = (1 - factor) * luma(pixels, i);
    for (let channel = i; channel < i + 3; channel++) pixels[channel] = pixels[channel]! * factor + offset;
  }
}

function luma(pixels: Uint8ClampedArray, at: number): number {
  return 0.299 * pixels[at]! + 0.587 * pixels[at + 1]! + 0.114 * pixels[at + 2]!;
}
