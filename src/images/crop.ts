import type { ImageSize, Raster } from './raster.js';

/** Writes the first `channels` of the pixels in the middle of an image to `to`. The size is no larger than the image's. */
export function cropCenter(
  { data, height, width, values }: Raster,
  channels: number,
  to: Uint8Array,
  [outHeight, outWidth]: ImageSize,
): void {
  const [top, left] = [(height - outHeight) >> 1, (width - outWidth) >> 1];
  let at = 0;
  for (let row = 0; row < outHeight; row++) {
    let from = ((top + row) * width + left) * values;
    for (let column = 0; column < outWidth; column++, from += values) {
      for (let channel = 0; channel < channels; channel++) to[at++] = data[from + channel]!;
    }
  }
}
