import { ConfigError } from '../errors.js';
import { cropCenter } from '../images/crop.js';
import { normalize, normalizeTables } from '../images/normalize.js';
import { ResampleScratch, resample, type Window, wholeOf } from '../images/resample.js';
import type { Rng } from '../tensor/rng.js';
import { cutout, erasing } from './erasing.js';
import { jitter } from './jitter.js';
import { randomWindow } from './random-window.js';
import { type Canvas, type ImageShape, lengthOf, type Step } from './step.js';
import { bendTones, shiftChannels } from './tone.js';
import type { Transform } from './transforms.js';
import { MapSampler, type MapSize, narrow, showAll, wholeView } from './view.js';

export type { ImageShape } from './step.js';

const noMap = new Float32Array(0);
const noBytes = new Uint8Array(0);

type Size = number | readonly [number, number];

/** Sizes of the target maps: as they are stored, and as they come out. */
export interface MapSizes {
  readonly from: MapSize;
  readonly to: MapSize;
}

/**
 * Transforms made ready for images of one shape: all sizes are known and all memory is there. One pipeline serves one image
 * at a time.
 */
export class Pipeline {
  /** Shape of the images that come out. */
  readonly shape: ImageShape;
  private readonly steps: readonly Step[];
  private readonly canvas: Canvas;
  private readonly view = wholeView();
  private readonly inputLength: number;
  private readonly maps: { readonly input: Uint8Array; readonly sampler: MapSampler } | null;

  /**
   * @param maps for images with target maps
   * @throws ConfigError, with the dotted path of the transform, when it does not fit the images that reach it
   */
  constructor(transforms: readonly Transform[], input: ImageShape, maps: MapSizes | null = null) {
    const steps: Step[] = [];
    let shape = input;
    let isNormalized = false;
    for (const [i, transform] of transforms.entries()) {
      const at = `transforms.${i}`;
      if (isNormalized && transform.name !== 'erasing' && transform.name !== 'cutout') {
        throw new ConfigError(at, `"${transform.name}" works on bytes and must stand before "normalize".`);
      }
      const step = compile(transform, shape, isNormalized, at);
      isNormalized ||= transform.name === 'normalize';
      steps.push(step);
      shape = step.shape;
    }
    if (!isNormalized) steps.push(toFloats(shape, [0], [1], ''));
    const largest = Math.max(...[input, ...steps.map((step) => step.shape)].map(lengthOf));
    this.shape = shape;
    this.steps = steps;
    this.inputLength = lengthOf(input);
    this.canvas = {
      bytes: new Uint8Array(largest),
      spare: new Uint8Array(largest),
      floats: new Float32Array(0),
      view: this.view,
    };
    this.maps = maps && {
      input: new Uint8Array(maps.from.height * maps.from.width),
      sampler: new MapSampler(maps.from, maps.to),
    };
  }

  /** Where the next image's bytes are to be put before {@link run}. */
  get input(): Uint8Array {
    return this.canvas.bytes.subarray(0, this.inputLength);
  }

  /** Where the next target map's bytes are to be put; empty for images without. */
  get mapInput(): Uint8Array {
    return this.maps?.input ?? noBytes;
  }

  /**
   * Transforms the image in {@link input}, which it overwrites, and writes `shape` floats to `out`; then what of the map in {@link mapInput} belongs
   * to the pixels that are seen now to `map`.
   */
  run(rng: Rng, out: Float32Array, map: Float32Array = noMap): void {
    this.canvas.floats = out;
    showAll(this.view);
    for (const step of this.steps) step.run(this.canvas, rng);
    if (this.maps) this.maps.sampler.sample(this.maps.input, this.view, map);
  }
}

function compile(transform: Transform, shape: ImageShape, isNormalized: boolean, key: string): Step {
  switch (transform.name) {
    case 'crop':
      return crop(shape, transform.padding, transform.size, transform.fill, key);
    case 'flip':
      return flip(shape, transform.probability);
    case 'random-resized-crop':
      return randomResizedCrop(shape, transform);
    case 'color-jitter':
      return colorJitter(shape, transform, key);
    case 'channel-shift':
      return tones(shape, (pixels, channels, rng) => shiftChannels(pixels, channels, transform.range, rng));
    case 'gamma':
      return tones(shape, (pixels, _channels, rng) => bendTones(pixels, transform.range, rng));
    case 'face-scale':
      return faceScale(shape, transform);
    case 'erasing':
      return erasing(shape, transform, isNormalized);
    case 'cutout':
      return cutout(shape, [transform.least ?? transform.size, transform.size], isNormalized);
    case 'normalize':
      return toFloats(shape, transform.mean, transform.std, key);
    case 'resize':
      return resize(shape, transform.size);
    case 'center-crop':
      return centerCrop(shape, transform.size, key);
  }
}

function crop([height, width, channels]: ImageShape, padding: number, size: Size | undefined, fill: number, key: string): Step {
  const [outHeight, outWidth] = size === undefined ? [height, width] : pair(size);
  const [spareRows, spareColumns] = [height + 2 * padding - outHeight, width + 2 * padding - outWidth];
  if (spareRows < 0 || spareColumns < 0) {
    throw new ConfigError(`${key}.size`, `${outHeight} x ${outWidth} is larger than the padded image of ${height} x ${width}.`);
  }
  return {
    shape: [outHeight, outWidth, channels],
    run(canvas, rng) {
      const top = rng.integer(spareRows + 1) - padding;
      const left = rng.integer(spareColumns + 1) - padding;
      narrow(canvas.view, { top, left, height: outHeight, width: outWidth }, height, width);
      const [firstRow, endRow] = [Math.max(0, -top), Math.min(outHeight, height - top)];
      const [firstColumn, endColumn] = [Math.max(0, -left), Math.min(outWidth, width - left)];
      const { bytes, spare } = canvas;
      if (endRow - firstRow < outHeight || endColumn - firstColumn < outWidth)
        spare.fill(fill, 0, outHeight * outWidth * channels);
      const count = (endColumn - firstColumn) * channels;
      for (let row = firstRow; row < endRow && count > 0; row++) {
        let from = ((top + row) * width + left + firstColumn) * channels;
        let to = (row * outWidth + firstColumn) * channels;
        for (const end = to + count; to < end; ) spare[to++] = bytes[from++]!;
      }
      swap(canvas);
    },
  };
}

function flip(shape: ImageShape, probability: number): Step {
  const [height, width, channels] = shape;
  return {
    shape,
    run({ bytes, view }, rng) {
      if (rng.uniform() >= probability) return;
      view.flipped = !view.flipped;
      for (let row = 0; row < height; row++) {
        let left = row * width * channels;
        let right = left + (width - 1) * channels;
        for (; left < right; left += channels, right -= channels) {
          for (let channel = 0; channel < channels; channel++) {
            const held = bytes[left + channel]!;
            bytes[left + channel] = bytes[right + channel]!;
            bytes[right + channel] = held;
          }
        }
      }
    },
  };
}

function randomResizedCrop(
  [height, width, channels]: ImageShape,
  options: { size: Size; scale: readonly [number, number]; ratio: readonly [number, number] },
): Step {
  return resized(
    [height, width, channels],
    pair(options.size),
    (rng) => randomWindow(height, width, options.scale, options.ratio, rng) ?? middle(height, width, options.ratio),
  );
}

function faceScale(
  [height, width, channels]: ImageShape,
  { stored, scales, size }: { stored: number; scales: readonly number[]; size: Size },
): Step {
  const windows = scales.map((scale) => centred(height, width, ...middleSize(stored, scale, height, width)));
  return resized(
    [height, width, channels],
    pair(size),
    (rng) => windows[windows.length === 1 ? 0 : rng.integer(windows.length)]!,
  );
}

/** Height and width of what an image of a face, cut at scale `stored`, shows at a smaller scale. */
export function middleSize(stored: number, scale: number, height: number, width: number): [height: number, width: number] {
  const part = (length: number) => Math.max(1, Math.round((length * scale) / stored));
  return [part(height), part(width)];
}

/** Brings a window of each image to one size. */
function resized(
  [height, width, channels]: ImageShape,
  [outHeight, outWidth]: readonly [number, number],
  choose: (rng: Rng) => Window,
): Step {
  const scratch = new ResampleScratch();
  return {
    shape: [outHeight, outWidth, channels],
    run(canvas, rng) {
      const window = choose(rng);
      const image = { data: canvas.bytes, height, width, values: channels };
      resample(image, channels, window, canvas.spare, [outHeight, outWidth], scratch);
      narrow(canvas.view, window, height, width);
      swap(canvas);
    },
  };
}

/** The largest middle window whose aspect is within the range. */
function middle(height: number, width: number, [narrowest, widest]: readonly [number, number]) {
  const columns = Math.max(1, Math.min(width, Math.round(height * widest)));
  const rows = Math.max(1, Math.min(height, Math.round(width / narrowest)));
  return centred(height, width, rows, columns);
}

function centred(height: number, width: number, rows: number, columns: number): Window {
  return { top: (height - rows) >> 1, left: (width - columns) >> 1, height: rows, width: columns };
}

function colorJitter(shape: ImageShape, options: Parameters<typeof jitter>[2], key: string): Step {
  const channels = shape[2];
  if (channels !== 1 && channels !== 3) throw new ConfigError(key, `"color-jitter" needs 1 or 3 channels, got ${channels}.`);
  if (channels === 1 && options.saturation > 0) throw new ConfigError(`${key}.saturation`, 'grey images have no saturation.');
  return tones(shape, (pixels, _channels, rng) => jitter(pixels, channels, options, rng));
}

/** A change of values that leaves every pixel in its place. */
function tones(shape: ImageShape, change: (pixels: Uint8ClampedArray, channels: number, rng: Rng) => void): Step {
  return {
    shape,
    run({ bytes }, rng) {
      change(new Uint8ClampedArray(bytes.buffer, bytes.byteOffset, lengthOf(shape)), shape[2], rng);
    },
  };
}

function resize([height, width, channels]: ImageShape, size: Size): Step {
  const shorter = Math.min(height, width);
  const [outHeight, outWidth] =
    typeof size === 'number' ? [Math.round((height * size) / shorter), Math.round((width * size) / shorter)] : size;
  const window = wholeOf({ height, width });
  return resized([height, width, channels], [outHeight, outWidth], () => window);
}

function centerCrop([height, width, channels]: ImageShape, size: Size, key: string): Step {
  const [outHeight, outWidth] = pair(size);
  if (outHeight > height || outWidth > width) {
    throw new ConfigError(`${key}.size`, `${outHeight} x ${outWidth} is larger than the image of ${height} x ${width}.`);
  }
  const window = centred(height, width, outHeight, outWidth);
  return {
    shape: [outHeight, outWidth, channels],
    run(canvas) {
      cropCenter({ data: canvas.bytes, height, width, values: channels }, channels, canvas.spare, [outHeight, outWidth]);
      narrow(canvas.view, window, height, width);
      swap(canvas);
    },
  };
}

/** `mean` and `std`: one number, or one a channel. */
function toFloats(shape: ImageShape, mean: readonly number[], std: readonly number[], key: string): Step {
  const channels = shape[2];
  const spread = (name: string, numbers: readonly number[]) => {
    if (numbers.length === 1) return new Array<number>(channels).fill(numbers[0]!);
    if (numbers.length === channels) return numbers;
    throw new ConfigError(`${key}.${name}`, `has ${numbers.length} numbers for images of ${channels} channels.`);
  };
  const tables = normalizeTables(spread('mean', mean), spread('std', std));
  return { shape, run: ({ bytes, floats }) => normalize({ data: bytes, values: channels }, channels, tables, floats) };
}

function swap(canvas: Canvas): void {
  const held = canvas.bytes;
  canvas.bytes = canvas.spare;
  canvas.spare = held;
}

function pair(size: Size): readonly [number, number] {
  return typeof size === 'number' ? [size, size] : size;
}
