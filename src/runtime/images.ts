import { ShapeError } from '../errors.js';
import type { Contract } from '../formats/packed/contract.js';
import type { ValueShape } from '../formats/packed/graph.js';

/** An image as a page's canvas (`ImageData`) or an image decoder gives it: bytes by rows, channels of a pixel side by side. */
export interface Pixels {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** Images as the network sees them, normalised already. */
export interface Floats {
  readonly data: Float32Array;
  /** [batch, height, width, channels] */
  readonly shape: readonly number[];
}

export type Images = Pixels | readonly Pixels[] | Floats;

export interface Batch {
  readonly batch: number;
  readonly data: Float32Array;
}

/** Channels that an image of one may have: with an opacity, which is ignored. */
const OPAQUE = { rgb: [3, 4], grey: [1], other: [] } as const;

/**
 * Images as the model's contract says.
 * @throws ShapeError when they are of another size or have other channels than it takes
 */
export function batchOf(images: Images, [height, width, channels]: ValueShape, contract: Contract): Batch {
  if ('shape' in images) return checkFloats(images, [height, width, channels]);
  const list: readonly Pixels[] = Array.isArray(images) ? images : [images as Pixels];
  if (list.length === 0) throw new ShapeError('run', 'no image', 'at least one');
  const size = height * width * channels;
  const data = new Float32Array(list.length * size);
  for (const [i, pixels] of list.entries()) {
    const stride = checkPixels(pixels, [height, width, channels], contract);
    normalize(pixels.data, stride, channels, contract, data.subarray(i * size, (i + 1) * size));
  }
  return { batch: list.length, data };
}

function checkFloats({ data, shape }: Floats, needed: ValueShape): Batch {
  const [batch, ...image] = shape;
  const fits =
    shape.length === 4 && Number.isInteger(batch) && batch! >= 1 && image.every((length, axis) => length === needed[axis]);
  if (!fits) throw new ShapeError('run', `images [${shape.join(', ')}]`, `[batch, ${needed.join(', ')}]`);
  const size = batch! * needed[0] * needed[1] * needed[2];
  if (data.length !== size) throw new ShapeError('run', `${data.length} values`, `the ${size} of [${shape.join(', ')}]`);
  return { batch: batch!, data };
}

/** Values of a pixel. @throws ShapeError */
function checkPixels(
  { data, width, height }: Pixels,
  [neededHeight, neededWidth, channels]: ValueShape,
  contract: Contract,
): number {
  const stride = data.length / (width * height);
  const allowed: readonly number[] = contract.channels === 'other' ? [channels] : OPAQUE[contract.channels];
  if (width !== neededWidth || height !== neededHeight || !allowed.includes(stride)) {
    throw new ShapeError(
      'run',
      `an image of ${width} x ${height} pixels, ${stride} values each`,
      `${neededWidth} x ${neededHeight} pixels of ${allowed.join(' or ')} values (${contract.channels})`,
    );
  }
  return stride;
}

function normalize(bytes: ArrayLike<number>, stride: number, channels: number, { mean, std }: Contract, to: Float32Array): void {
  const scale = std.map((deviation) => 1 / (255 * deviation));
  const shift = std.map((deviation, c) => -mean[c]! / deviation);
  for (let pixel = 0, i = 0; i < to.length; pixel++) {
    for (let c = 0; c < channels; c++) to[i++] = bytes[pixel * stride + c]! * scale[c]! + shift[c]!;
  }
}
