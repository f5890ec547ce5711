import { describe, expect, it } from 'vitest';
import { cropCenter } from '../../src/images/crop.js';
import { fitImage, type ImageFit } from '../../src/images/fit.js';
import { toGrey } from '../../src/images/grey.js';
import type { ImageSize, Raster } from '../../src/images/raster.js';
import { ResampleScratch, resample, wholeOf } from '../../src/images/resample.js';

/** Bytes by row, column and channel. */
function image([height, width]: ImageSize, values: number, byte: (y: number, x: number, channel: number) => number): Raster {
  const data = Uint8Array.from({ length: height * width * values }, (_, i) => {
    const pixel = Math.floor(i / values);
    return byte(Math.floor(pixel / width), pixel % width, i % values);
  });
  return { data, height, width, values };
}

function fitted(from: Raster, fit: ImageFit, size: ImageSize, channels = from.values): Uint8Array {
  const to = new Uint8Array(size[0] * size[1] * channels).fill(77);
  fitImage(from, channels, fit, to, size, new ResampleScratch());
  return to;
}

const noise = (y: number, x: number, channel: number) => (y * 7919 + x * 104729 + channel * 31 + ((x * y) % 17) * 11) % 256;

describe('fitImage', () => {
  it.each<ImageFit>(['cover', 'contain', 'fill'])('%s leaves an image of the size as it is', (fit) => {
    const from = image([5, 7], 3, noise);
    expect(fitted(from, fit, [5, 7])).toEqual(from.data);
  });

  it('cover cuts the middle out where nothing needs scaling', () => {
    const from = image([4, 9], 3, noise);
    const crop = new Uint8Array(4 * 5 * 3);
    cropCenter(from, 3, crop, [4, 5]);
    expect(fitted(from, 'cover', [4, 5])).toEqual(crop);
  });

  it.each([
    ['wide', [30, 70], [10, 12]],
    ['tall', [70, 30], [12, 10]],
    ['enlarged', [9, 20], [27, 40]],
  ] as const)('cover keeps the aspect and the middle: %s', (_what, size, outSize) => {
    // A slope comes out as a slope: each value is that of the place in the middle of the pixel.
    const scale = Math.min(size[0] / outSize[0], size[1] / outSize[1]);
    for (const axis of [0, 1] as const) {
      const from = image(size, 1, (y, x) => 3 * (axis === 0 ? y : x));
      const out = fitted(from, 'cover', outSize);
      for (let y = 2; y < outSize[0] - 2; y++) {
        for (let x = 2; x < outSize[1] - 2; x++) {
          const place = (size[axis] - outSize[axis] * scale) / 2 + ((axis === 0 ? y : x) + 0.5) * scale - 0.5;
          expect(Math.abs(out[y * outSize[1] + x]! - 3 * place)).toBeLessThan(0.501);
        }
      }
    }
  });

  it('contain has black bars around what fill makes of the aspect', () => {
    const from = image([30, 70], 3, (...place) => 1 + (noise(...place) % 255));
    const out = fitted(from, 'contain', [21, 14]);
    // 14 x 6 pixels, 7 rows above and 8 below.
    const inner = fitted(from, 'fill', [6, 14]);
    expect(out.subarray(7 * 14 * 3, 13 * 14 * 3)).toEqual(inner);
    expect([...out.subarray(0, 7 * 14 * 3), ...out.subarray(13 * 14 * 3)].every((byte) => byte === 0)).toBe(true);
  });

  it('fill stretches both ways', () => {
    const from = image([2, 4], 1, (_y, x) => 80 * x);
    expect([...fitted(from, 'fill', [1, 2])]).toEqual([
      ...fitted(
        image([1, 4], 1, (_y, x) => 80 * x),
        'fill',
        [1, 2],
      ),
    ]);
  });

  it.each<ImageFit>(['cover', 'contain', 'fill'])('%s makes the same of an image with an opacity', (fit) => {
    const plain = image([13, 17], 3, noise);
    const withOpacity = image([13, 17], 4, (y, x, channel) => (channel === 3 ? (x * 50) % 256 : noise(y, x, channel)));
    for (const size of [
      [6, 5],
      [13, 17],
      [40, 20],
    ] as const)
      expect(fitted(withOpacity, fit, size, 3)).toEqual(fitted(plain, fit, size));
  });

  it.each<ImageFit>(['cover', 'contain', 'fill'])('%s has no trouble with the narrowest of images', (fit) => {
    const size = [224, 224] as const;
    for (const from of [image([1, 16383], 3, () => 90), image([16383, 1], 3, () => 90), image([1, 1], 3, () => 90)]) {
      const shown = fitted(from, fit, size).filter((byte) => byte !== 0);
      expect(new Set(shown)).toEqual(new Set([90]));
      expect(shown.length).toBe(fit === 'contain' && from.height !== from.width ? 224 * 3 : 224 * 224 * 3);
    }
  });
});

describe('resample', () => {
  it('makes the same of three channels at once as of each alone', () => {
    const from = image([37, 23], 3, noise);
    const [together, alone] = [new Uint8Array(9 * 31 * 3), new Uint8Array(9 * 31)];
    resample(from, 3, wholeOf(from), together, [9, 31], new ResampleScratch());
    for (const channel of [0, 1, 2]) {
      const one = image([37, 23], 1, (y, x) => noise(y, x, channel));
      resample(one, 1, wholeOf(one), alone, [9, 31], new ResampleScratch());
      expect(together.filter((_, i) => i % 3 === channel)).toEqual(alone);
    }
  });
});

describe('toGrey', () => {
  it('keeps grey as it is, and weighs colours as ITU-R BT.601', () => {
    const to = new Uint8Array(256);
    toGrey(
      image([16, 16], 4, (y, x, channel) => (channel === 3 ? 0 : 16 * y + x)),
      to,
    );
    expect([...to]).toEqual(Array.from({ length: 256 }, (_, i) => i));
    toGrey({ data: Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255), height: 1, width: 3, values: 3 }, to);
    expect([...to.subarray(0, 3)]).toEqual([76, 150, 29]);
  });
});
