import type { ImageSize, Raster } from './raster.js';
import { type ResampleScratch, resample, wholeOf } from './resample.js';

/** How an image of another aspect fills a size: cut what overhangs, squeeze, or add black bars. */
export type ImageFit = 'cover' | 'fill' | 'contain';

/** Brings an image to `size`: writes the first `channels` of its pixels to `to`. */
export function fitImage(
  from: Raster,
  channels: number,
  fit: ImageFit,
  to: Uint8Array,
  size: ImageSize,
  scratch: ResampleScratch,
): void {
  const { data, height, width, values } = from;
  const [outHeight, outWidth] = size;
  if (height === outHeight && width === outWidth && values === channels) to.set(data.subarray(0, height * width * channels));
  else if (fit === 'contain') contain(from, channels, to, size, scratch);
  else resample(from, channels, wholeOf(from), to, size, scratch, fit === 'cover' ? middleOf(from, size) : undefined);
}

/** The largest part in the middle that has the aspect of `size`. */
function middleOf({ height, width }: Raster, [outHeight, outWidth]: ImageSize) {
  const isTall = height * outWidth >= width * outHeight;
  const part = isTall ? { height: (outHeight * width) / outWidth, width } : { height, width: (outWidth * height) / outHeight };
  return { top: (height - part.height) / 2, left: (width - part.width) / 2, ...part };
}

function contain(from: Raster, channels: number, to: Uint8Array, size: ImageSize, scratch: ResampleScratch): void {
  const { height, width } = from;
  const [outHeight, outWidth] = size;
  const isTall = height * outWidth >= width * outHeight;
  const innerHeight = isTall ? outHeight : Math.max(1, Math.round((height * outWidth) / width));
  const innerWidth = isTall ? Math.max(1, Math.round((width * outHeight) / height)) : outWidth;
  const inner = new Uint8Array(innerHeight * innerWidth * channels);
  resample(from, channels, wholeOf(from), inner, [innerHeight, innerWidth], scratch);
  const [top, left] = [(outHeight - innerHeight) >> 1, (outWidth - innerWidth) >> 1];
  to.fill(0, 0, outHeight * outWidth * channels);
  for (let row = 0; row < innerHeight; row++) {
    const line = inner.subarray(row * innerWidth * channels, (row + 1) * innerWidth * channels);
    to.set(line, ((top + row) * outWidth + left) * channels);
  }
}
