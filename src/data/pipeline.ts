import { ConfigError } from '../errors.js';
import { cropCenter } from '../images/crop.js';
import { normalize, normalizeTables } from '../images/normalize.js';
import { ResampleScratch, resample, wholeOf } from '../images/resample.js';
import type { Rng } from '../tensor/rng.js';
import { jitter } from './jitter.js';
import type { Transform } from './transforms.js';

/** Height, width, channels. */
export type ImageShape = readonly [height: number, width: number, channels: number];

type Size = number | readonly [number, number];

/** An image on its way: bytes until `normalize`, or the end, makes floats of them. */
interface Canvas {
  bytes: Uint8Array;
  /** Where a step that cannot work in place writes; the two are swapped then. */
  spare: Uint8Array;
  floats: Float32Array;
}

interface Step {
  readonly shape: ImageShape;
  run(canvas: Canvas, rng: Rng): void;
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
  private readonly inputLength: number;

  /** @throws ConfigError, with the dotted path of the transform, when it does not fit the images that reach it */
  constructor(transforms: readonly Transform[], input: ImageShape, key = 'transforms') {
    const steps: Step[] = [];
    let shape = input;
    let isNormalized = false;
    for (const [i, transform] of transforms.entries()) {
      const at = `${key}.${i}`;
      if (isNormalized && transform.name !== 'erasing' && transform.name !== 'cutout') {
        throw new ConfigError(at, `"${transform.name}" works on bytes and must stand before "normalize".`);
      }
      const step = compile(transform, shape, isNormalized, at);
      isNormalized ||= transform.name === 'normalize';
      steps.push(step);
      shape = step.shape;
    }
    if (!isNormalized) steps.push(toFloats(shape, [0], [1], ''));
    const largest = Math.max(...[input, ...steps.map((step) => step.shape)].map(length));
    this.shape = shape;
    this.steps = steps;
    this.inputLength = length(input);
    this.canvas = { bytes: new Uint8Array(largest), spare: new Uint8Array(largest), floats: new Float32Array(0) };
  }

  /** Where the next image's bytes are to be put before {@link run}. */
  get input(): Uint8Array {
    return this.canvas.bytes.subarray(0, this.inputLength);
  }

  /** Transforms the image in {@link input}, which it overwrites, and writes `shape` floats to `out`. */
  run(rng: Rng, out: Float32Array): void {
    this.canvas.floats = out;
    for (const step of this.steps) step.run(this.canvas, rng);
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
    case 'erasing':
      return erasing(shape, transform, isNormalized);
    case 'cutout':
      return cutout(shape, transform.size, isNormalized);
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
    run({ bytes }, rng) {
      if (rng.uniform() >= probability) return;
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
  const [outHeight, outWidth] = pair(options.size);
  const scratch = new ResampleScratch();
  return {
    shape: [outHeight, outWidth, channels],
    run(canvas, rng) {
      const window = randomWindow(height, width, options.scale, options.ratio, rng) ?? middle(height, width, options.ratio);
      const image = { data: canvas.bytes, height, width, values: channels };
      resample(image, channels, window, canvas.spare, [outHeight, outWidth], scratch);
      swap(canvas);
    },
  };
}

/** Null when ten draws gave no window that fits. */
function randomWindow(
  height: number,
  width: number,
  area: readonly [number, number],
  ratio: readonly [number, number],
  rng: Rng,
) {
  for (let attempt = 0; attempt < 10; attempt++) {
    const pixels = height * width * rng.uniform(area[0], area[1]);
    const aspect = Math.exp(rng.uniform(Math.log(ratio[0]), Math.log(ratio[1])));
    const [rows, columns] = [Math.round(Math.sqrt(pixels / aspect)), Math.round(Math.sqrt(pixels * aspect))];
    if (rows < 1 || columns < 1 || rows > height || columns > width) continue;
    return { top: rng.integer(height - rows + 1), left: rng.integer(width - columns + 1), height: rows, width: columns };
  }
  return null;
}

/** The largest middle window whose aspect is within the range. */
function middle(height: number, width: number, [narrowest, widest]: readonly [number, number]) {
  const columns = Math.max(1, Math.min(width, Math.round(height * widest)));
  const rows = Math.max(1, Math.min(height, Math.round(width / narrowest)));
  return { top: (height - rows) >> 1, left: (width - columns) >> 1, height: rows, width: columns };
}

function colorJitter(shape: ImageShape, options: Parameters<typeof jitter>[2], key: string): Step {
  const channels = shape[2];
  if (channels !== 1 && channels !== 3) throw new ConfigError(key, `"color-jitter" needs 1 or 3 channels, got ${channels}.`);
  if (channels === 1 && options.saturation > 0) throw new ConfigError(`${key}.saturation`, 'grey images have no saturation.');
  return {
    shape,
    run({ bytes }, rng) {
      jitter(new Uint8ClampedArray(bytes.buffer, bytes.byteOffset, length(shape)), channels, options, rng);
    },
  };
}

function erasing(
  shape: ImageShape,
  options: { probability: number; area: readonly [number, number]; ratio: readonly [number, number] },
  isNormalized: boolean,
): Step {
  const [height, width, channels] = shape;
  return {
    shape,
    run(canvas, rng) {
      if (rng.uniform() >= options.probability) return;
      const window = randomWindow(height, width, options.area, options.ratio, rng);
      if (window) erase(isNormalized ? canvas.floats : canvas.bytes, width, channels, window);
    },
  };
}

function cutout(shape: ImageShape, size: number, isNormalized: boolean): Step {
  const [height, width, channels] = shape;
  return {
    shape,
    run(canvas, rng) {
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

function erase(
  values: Uint8Array | Float32Array,
  stride: number,
  channels: number,
  window: { top: number; left: number; height: number; width: number },
): void {
  for (let row = window.top; row < window.top + window.height; row++) {
    const start = (row * stride + window.left) * channels;
    values.fill(0, start, start + window.width * channels);
  }
}

function resize([height, width, channels]: ImageShape, size: Size): Step {
  const shorter = Math.min(height, width);
  const [outHeight, outWidth] =
    typeof size === 'number' ? [Math.round((height * size) / shorter), Math.round((width * size) / shorter)] : size;
  const window = wholeOf({ height, width });
  const scratch = new ResampleScratch();
  return {
    shape: [outHeight, outWidth, channels],
    run(canvas) {
      const image = { data: canvas.bytes, height, width, values: channels };
      resample(image, channels, window, canvas.spare, [outHeight, outWidth], scratch);
      swap(canvas);
    },
  };
}

function centerCrop([height, width, channels]: ImageShape, size: Size, key: string): Step {
  const [outHeight, outWidth] = pair(size);
  if (outHeight > height || outWidth > width) {
    throw new ConfigError(`${key}.size`, `${outHeight} x ${outWidth} is larger than the image of ${height} x ${width}.`);
  }
  return {
    shape: [outHeight, outWidth, channels],
    run(canvas) {
      cropCenter({ data: canvas.bytes, height, width, values: channels }, channels, canvas.spare, [outHeight, outWidth]);
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

function length([height, width, channels]: ImageShape): number {
  return height * width * channels;
}
