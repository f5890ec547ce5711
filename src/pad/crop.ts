import type { FaceCrop } from '../images/face-crop.js';
import type { Raster } from '../images/raster.js';
import { ResampleScratch, resample, type Window, wholeOf } from '../images/resample.js';
import type { Box } from './presentation.js';

/*
 * From a picture and a box to the crop that a network sees: preparing data and deciding about an image do it by this. Runs in browsers.
 */

export interface CropOptions extends FaceCrop {
  /** Height and width of the crop, in pixels. */
  readonly size: number;
}

/** Why a frame of a presentation has no crop. */
export const failures = ['no-box', 'box-outside'] as const;
export type Failure = (typeof failures)[number];

/** A box of which less lies in the picture is no box of a face in it. */
const leastInside = 0.5;

/** Share of a box that rounding may take away. */
const roundingOff = 1e-6;

/** Whether there is a face to be cut out: its box, and whether that reaches beyond the picture; or the failure to acquire one. */
export function acquire(
  box: Box | null,
  picture: Pick<Raster, 'height' | 'width'>,
): { readonly failure: Failure } | { readonly box: Box; readonly overhangs: boolean } {
  if (!box) return { failure: 'no-box' };
  const inside = shareInside(box, picture);
  return inside >= leastInside ? { box, overhangs: inside < 1 - roundingOff } : { failure: 'box-outside' };
}

/** The part of the picture's plane that is cut out, in whole pixels: about the box's centre. */
export function cropWindow(box: Box, { scale, aspect }: Pick<CropOptions, 'scale' | 'aspect'>): Window {
  const longer = faceSide(box);
  const width = Math.max(1, Math.round(scale * (aspect === 'keep' ? longer : box.width)));
  const height = Math.max(1, Math.round(scale * (aspect === 'keep' ? longer : box.height)));
  return {
    top: Math.round(box.top + (box.height - height) / 2),
    left: Math.round(box.left + (box.width - width) / 2),
    height,
    width,
  };
}

/** How much of the box lies in the picture, as a share of the box. */
export function shareInside(box: Box, { width, height }: { readonly width: number; readonly height: number }): number {
  const across = Math.min(width, box.left + box.width) - Math.max(0, box.left);
  const down = Math.min(height, box.top + box.height) - Math.max(0, box.top);
  return (Math.max(0, across) * Math.max(0, down)) / (box.width * box.height);
}

/** How large a face is in its picture: the longer side of its box, in pixels. */
export function faceSide({ width, height }: Box): number {
  return Math.max(width, height);
}

/** Cuts and resizes; keeps its memory from one picture to the next. */
export class Cropper {
  private readonly scratch = new ResampleScratch();
  private padded = new Uint8Array(0);

  /** The first `channels` of the picture's pixels in `window`, as size x size x channels bytes. */
  crop(picture: Raster, channels: number, window: Window, size: number, fill: CropOptions['fill']): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(size * size * channels);
    const { height, width } = picture;
    const isInside =
      window.top >= 0 && window.left >= 0 && window.top + window.height <= height && window.left + window.width <= width;
    if (isInside) {
      resample(picture, channels, window, out, [size, size], this.scratch);
      return out;
    }
    this.pad(picture, channels, window, fill);
    const padded = { data: this.padded, height: window.height, width: window.width, values: channels };
    resample(padded, channels, wholeOf(padded), out, [size, size], this.scratch);
    return out;
  }

  /** The window as it lies, what is beyond the picture filled in. */
  private pad({ data, height, width, values }: Raster, channels: number, window: Window, fill: CropOptions['fill']): void {
    const bytes = window.height * window.width * channels;
    if (this.padded.length < bytes) this.padded = new Uint8Array(bytes);
    const clamp = (value: number, most: number) => Math.min(most, Math.max(0, value));
    let at = 0;
    for (let row = window.top; row < window.top + window.height; row++) {
      for (let column = window.left; column < window.left + window.width; column++, at += channels) {
        const isOutside = row < 0 || row >= height || column < 0 || column >= width;
        const from = (clamp(row, height - 1) * width + clamp(column, width - 1)) * values;
        for (let channel = 0; channel < channels; channel++) {
          this.padded[at + channel] = isOutside && fill === 'black' ? 0 : data[from + channel]!;
        }
      }
    }
  }
}
