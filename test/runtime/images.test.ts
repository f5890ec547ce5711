import path from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createLoader, openPictures, readPicture } from '../../src/data/index.js';
import { ConfigError, DTypeError, type GossamerError, ShapeError, UnsupportedError } from '../../src/errors.js';
import type { Contract } from '../../src/formats/packed/contract.js';
import { ImageReader, type Images } from '../../src/runtime/images.js';
import { tempFolder } from '../data/helpers.js';

const folder = tempFolder();
const sizes = [
  [24, 20],
  [50, 40],
  [31, 64],
  [7, 9],
  [300, 17],
  [20, 24],
] as const;

/** Noise on a slope, as a file, in colour and grey. */
beforeAll(async () => {
  for (const [height, width] of sizes) {
    for (const channels of [1, 3] as const) {
      const data = Buffer.from(
        Uint8Array.from({ length: height * width * channels }, (_, i) => 128 + 60 * Math.sin(i * i) + 60 * Math.sin(i / 50)),
      );
      const picture = sharp(data, { raw: { width, height, channels } }).toColourspace(channels === 1 ? 'b-w' : 'srgb');
      await picture.png().toFile(fileOf(height, width, channels));
    }
  }
});

function fileOf(height: number, width: number, channels: 1 | 3): string {
  return path.join(folder, `${height}x${width}x${channels}.png`);
}

const rgb: Contract = {
  task: 'classification',
  channels: 'rgb',
  source: { size: [24, 20], fit: 'cover' },
  prepare: [],
  mean: [0.5, 0.25, 0],
  std: [0.5, 1, 2],
  labels: null,
};
const grey: Contract = { ...rgb, channels: 'grey', mean: [0.3], std: [0.7] };

function readerOf(contract: Contract): ImageReader {
  const [height, width] = (contract.prepare.at(-1) ?? contract.source).size;
  return new ImageReader([height, width, contract.mean.length], contract);
}

/** What training and evaluation make of a file. */
async function trained(file: string, { source, prepare, mean, std }: Contract): Promise<Float32Array> {
  const pictures = await openPictures([file], { size: source.size, channels: mean.length === 1 ? 1 : 3, fit: source.fit });
  const sized = prepare.map(({ name, size }) => ({ name, size: [...size] as [number, number] }));
  const transforms = [...sized, { name: 'normalize' as const, mean: [...mean], std: [...std] }];
  const loader = createLoader(pictures, { batchSize: 1, transforms, workers: 0 });
  for await (const { images } of loader.epoch(0)) return images.slice();
  throw new Error('no batch');
}

const cases = (['cover', 'contain', 'fill'] as const).flatMap((fit) =>
  [
    [],
    [{ name: 'center-crop', size: [16, 18] } as const],
    [{ name: 'resize', size: [32, 28] } as const, { name: 'center-crop', size: [30, 28] } as const],
    [{ name: 'center-crop', size: [20, 20] } as const, { name: 'resize', size: [11, 13] } as const],
  ].map((prepare) => ({ fit, prepare, name: [fit, ...prepare.map((step) => step.name)].join(', ') })),
);

describe('what a model takes of an image', () => {
  it.each(cases)('is what training makes of the file, to the bit: $name', async ({ fit, prepare }) => {
    for (const contract of [rgb, grey].map((base) => ({ ...base, source: { ...base.source, fit }, prepare }))) {
      const reader = readerOf(contract);
      for (const [height, width] of sizes) {
        for (const channels of [1, 3] as const) {
          const file = fileOf(height, width, channels);
          const expected = await trained(file, contract);
          const picture = await readPicture(file);
          expect(reader.read(picture).data).toEqual(expected);
          const rgba = await sharp(file).toColourspace('srgb').ensureAlpha(0.3).raw().toBuffer();
          const canvas = { data: new Uint8ClampedArray(rgba), height, width, colorSpace: 'srgb' };
          expect(reader.read(canvas).data).toEqual(expected);
        }
      }
    }
  });

  it('is read at once: what becomes of the image afterwards does not matter, nor do batches before it', () => {
    const reader = readerOf(rgb);
    const image = { data: new Uint8Array(24 * 20 * 3).fill(255), height: 24, width: 20 };
    const first = reader.read([image, image]);
    const before = first.data.slice();
    image.data.fill(0);
    const second = reader.read([image, image]);
    expect(first.data).toEqual(before);
    expect(second.data).not.toEqual(before);
    reader.reuse(first);
    expect(reader.read([image, image]).data).toEqual(second.data);
    expect(reader.read(image).data).toEqual(second.data.slice(0, 24 * 20 * 3));
  });

  it('of floats are these floats', () => {
    const reader = readerOf(grey);
    const data = Float32Array.from({ length: 2 * 24 * 20 }, (_, i) => i);
    const { batch, data: own } = reader.read({ data, shape: [2, 24, 20, 1] });
    expect([batch, own]).toEqual([2, data]);
    expect(own).not.toBe(data);
  });
});

/** As `ImageData` has its fields: not of its own. */
class WideImage {
  get data() {
    return new Uint8ClampedArray(24);
  }
  get width() {
    return 3;
  }
  get height() {
    return 2;
  }
  get colorSpace() {
    return 'display-p3';
  }
}

describe('refused with what is needed', () => {
  const bytes = (length: number) => new Uint8Array(length);
  type Class = new (...args: never[]) => GossamerError;
  it.each<[string, unknown, Class, RegExp]>([
    [
      'grey for colour',
      { data: bytes(6), width: 3, height: 2 },
      ShapeError,
      /got 6 bytes for 3 x 2 pixels.*, 1 a pixel, needs 3 or 4 a pixel \(rgb\)/,
    ],
    ['two values a pixel', { data: bytes(12), width: 3, height: 2 }, ShapeError, /2 a pixel, needs 3 or 4/],
    ['too few bytes', { data: bytes(17), width: 3, height: 2 }, ShapeError, /2\.83 a pixel/],
    ['no bytes', { data: bytes(0), width: 3, height: 2 }, ShapeError, /0 bytes/],
    ['no pixels', { data: bytes(0), width: 0, height: 2 }, ShapeError, /0 x 2 pixels, needs whole numbers from 1 on/],
    ['a size that is no number', { data: bytes(18), width: Number.NaN, height: 2 }, ShapeError, /NaN x 2/],
    ['a size that is missing', { data: bytes(18), width: 3 }, ShapeError, /3 x undefined/],
    ['a broken size', { data: bytes(18), width: 1.5, height: 4 }, ShapeError, /1\.5 x 4/],
    ['a negative size', { data: bytes(18), width: -3, height: -2 }, ShapeError, /-3 x -2/],
    ['no image', [], ShapeError, /no image, needs at least one/],
    [
      'one of several',
      [
        { data: bytes(18), width: 3, height: 2 },
        { data: bytes(6), width: 3, height: 2 },
      ],
      ShapeError,
      /1 a pixel/,
    ],
    ['doubles', { data: new Float64Array(18), width: 3, height: 2 }, DTypeError, /Float64Array, needs bytes from 0 to 255/],
    ['floats with a size', { data: new Float32Array(18), width: 3, height: 2 }, DTypeError, /Float32Array, needs bytes/],
    ['a list of numbers', { data: [0, 0, 0], width: 1, height: 1 }, DTypeError, /Array, needs bytes/],
    ['data that is missing', { data: undefined, width: 1, height: 1 }, DTypeError, /undefined, needs bytes/],
    ['numbers', [1, 2, 3], ConfigError, /got number, needs an image/],
    ['bytes alone', bytes(18), ConfigError, /got Uint8Array, needs an image \(\{ data, width, height \}/],
    ['a name', 'frog.png', ConfigError, /got string, needs an image/],
    ['nothing', null, ConfigError, /got null/],
    ['nothing at all', undefined, ConfigError, /got undefined/],
    ['what has a size alone', { width: 3, height: 2 }, ConfigError, /got Object, needs an image/],
    ['another colour space', new WideImage(), ConfigError, /display-p3, needs sRGB/],
    ['floats of another shape', { data: new Float32Array(480), shape: [1, 20, 24, 1] }, ShapeError, /needs \[batch, 24, 20, 3\]/],
    ['floats of no batch', { data: new Float32Array(0), shape: [0, 24, 20, 3] }, ShapeError, /\[0, 24, 20, 3\]/],
    ['too few floats', { data: new Float32Array(4), shape: [1, 24, 20, 3] }, ShapeError, /4 values, needs the 1440/],
    ['doubles with a shape', { data: new Float64Array(1440), shape: [1, 24, 20, 3] }, DTypeError, /Float64Array, needs float32/],
    ['numbers with a shape', { data: new Array(1440).fill(0), shape: [1, 24, 20, 3] }, DTypeError, /Array, needs float32/],
    ['a shape that is none', { data: new Float32Array(1440), shape: '1x24x20x3' }, ConfigError, /images\.shape: got string/],
    ['floats in a list', [{ data: new Float32Array(1440), shape: [1, 24, 20, 3] }], DTypeError, /needs bytes/],
  ])('%s', (_what, images, type, text) => {
    const reader = readerOf(rgb);
    const read = () => reader.read(images as Images);
    expect(read).toThrow(type);
    expect(read).toThrow(text);
  });

  it('channels that are no colours, unless they are as many', () => {
    const other: Contract = { ...rgb, channels: 'other', mean: [0, 0], std: [1, 1] };
    const reader = readerOf(other);
    expect(() => reader.read({ data: bytes(18), width: 3, height: 2 })).toThrow(/3 a pixel, needs 2 a pixel \(other\)/);
    expect(reader.read({ data: bytes(12), width: 3, height: 2 }).batch).toBe(1);
  });
});

/** Compiles: what browsers call their images can be handed over as it is. */
type BrowserImage = ImageData | ImageBitmap | OffscreenCanvas | HTMLCanvasElement | VideoFrame;
const asImages = (image: BrowserImage): Images => image;

describe('what a browser draws', () => {
  afterEach(() => vi.unstubAllGlobals());

  /** As far as it is looked at: a canvas that remembers what was drawn on it. */
  class Canvas {
    private drawn: { readonly pixels?: Uint8ClampedArray } = {};
    constructor(
      readonly width: number,
      readonly height: number,
    ) {}
    getContext() {
      return {
        canvas: this,
        clearRect: () => {
          this.drawn = {};
        },
        drawImage: (image: { pixels?: Uint8ClampedArray }) => {
          this.drawn = image;
        },
        getImageData: (_x: number, _y: number, width: number, height: number) => {
          if (!this.drawn.pixels) throw new Error('The canvas has been tainted by cross-origin data.');
          return { data: this.drawn.pixels, width, height, colorSpace: 'srgb' };
        },
      };
    }
  }
  class Bitmap {
    constructor(
      readonly width: number,
      readonly height: number,
      readonly pixels?: Uint8ClampedArray,
    ) {}
    close() {}
  }
  class Frame {
    constructor(
      readonly displayWidth: number,
      readonly displayHeight: number,
      readonly pixels?: Uint8ClampedArray,
    ) {}
    close() {}
  }
  const pixels = Uint8ClampedArray.from({ length: 9 * 8 * 4 }, (_, i) => i);

  it('is drawn at its own size and read', () => {
    vi.stubGlobal('OffscreenCanvas', Canvas);
    vi.stubGlobal('ImageBitmap', Bitmap);
    vi.stubGlobal('VideoFrame', Frame);
    const reader = readerOf(rgb);
    const { data: expected } = reader.read({ data: pixels, width: 9, height: 8 });
    expect(reader.read(asImages(new Bitmap(9, 8, pixels))).data).toEqual(expected);
    expect(reader.read(new Frame(9, 8, pixels)).data).toEqual(expected);
    expect(reader.read([new Bitmap(9, 8, pixels), new Frame(9, 8, pixels)]).batch).toBe(2);
  });

  it('is refused when it was closed, or its pixels are not given away', () => {
    vi.stubGlobal('OffscreenCanvas', Canvas);
    vi.stubGlobal('ImageBitmap', Bitmap);
    const reader = readerOf(rgb);
    expect(() => reader.read(new Bitmap(0, 0))).toThrow(ConfigError);
    expect(() => reader.read(new Bitmap(0, 0))).toThrow(/got ImageBitmap without pixels, needs one that is not closed/);
    expect(() => reader.read(new Bitmap(3, 2))).toThrow(UnsupportedError);
    expect(() => reader.read(new Bitmap(3, 2))).toThrow(/reading the pixels of this ImageBitmap.*tainted/);
  });

  it('is no image where there are no such things', () => {
    expect(() => readerOf(rgb).read(new Bitmap(3, 2))).toThrow(/got Object, needs an image/);
  });
});
