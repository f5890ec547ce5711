import { ConfigError, DTypeError, ShapeError } from '../errors.js';
import type { Contract } from '../formats/packed/contract.js';
import type { ValueShape } from '../formats/packed/graph.js';
import { cropCenter } from '../images/crop.js';
import { fitImage } from '../images/fit.js';
import { toGrey } from '../images/grey.js';
import { normalize, normalizeTables } from '../images/normalize.js';
import type { ImageSize, Raster } from '../images/raster.js';
import { ResampleScratch, resample, wholeOf } from '../images/resample.js';
import { type Image, kindOf, RasterReader } from './rasters.js';

/** Images as the network sees them, normalised already. */
export interface Floats {
  readonly data: Float32Array;
  /** [batch, height, width, channels] */
  readonly shape: readonly number[];
}

export type Images = Image | readonly Image[] | Floats;

export interface Batch {
  readonly batch: number;
  /** [batch, height, width, channels] */
  readonly data: Float32Array;
}

const NEEDED =
  'an image ({ data, width, height }, ImageData; in a browser ImageBitmap, canvas, VideoFrame), a list of them, or { data, shape }';

/** Makes of images what a model takes: brings them to the size of its source, prepares and normalises them, as in training. */
export class ImageReader {
  private readonly tables: Float32Array;
  private readonly scratch = new ResampleScratch();
  private readonly rasters: RasterReader;
  /** Floats of an earlier batch, to be used again. */
  private spare = new Float32Array(0);
  private grey = new Uint8Array(0);
  private canvases: readonly [Uint8Array, Uint8Array] | null = null;

  /** @param shape of an image as the graph takes it */
  constructor(
    private readonly shape: ValueShape,
    private readonly contract: Contract,
  ) {
    this.tables = normalizeTables(contract.mean, contract.std);
    this.rasters = new RasterReader({ operation: 'run', channels: contract.channels, values: shape[2], needed: NEEDED });
  }

  /**
   * Copies all that it needs: images may change afterwards.
   * @throws ShapeError for images of channels or lengths that do not fit; DTypeError for numbers of another type; ConfigError for what is no image;
   *   UnsupportedError for one that the browser does not give away
   */
  read(images: Images): Batch {
    if (typeof images !== 'object' || images === null) throw this.rasters.notAnImage(images);
    if ('shape' in images) return this.readFloats(images);
    const list: readonly Image[] = Array.isArray(images) ? images : [images as Image];
    if (list.length === 0) throw new ShapeError('run', 'no image', 'at least one');
    const rasters = list.map((image) => this.rasters.read(image));
    const size = this.imageSize;
    const data = this.take(list.length * size);
    for (const [i, raster] of rasters.entries()) this.prepare(raster, data.subarray(i * size, (i + 1) * size));
    return { batch: list.length, data };
  }

  /** Takes back the memory of a batch that nobody looks at any more. */
  reuse({ data }: Batch): void {
    this.spare = data as Float32Array<ArrayBuffer>;
  }

  private get imageSize(): number {
    return this.shape[0] * this.shape[1] * this.shape[2];
  }

  private take(length: number): Float32Array {
    const data = this.spare.length === length ? this.spare : new Float32Array(length);
    this.spare = new Float32Array(0);
    return data;
  }

  private readFloats({ data, shape }: Floats): Batch {
    if (!Array.isArray(shape)) throw new ConfigError('images.shape', `got ${kindOf(shape)}, needs a list of four lengths`);
    const [batch, ...image] = shape as readonly number[];
    const fits =
      shape.length === 4 && Number.isInteger(batch) && batch! >= 1 && image.every((length, axis) => length === this.shape[axis]);
    if (!fits) throw new ShapeError('run', `images [${shape.join(', ')}]`, `[batch, ${this.shape.join(', ')}]`);
    if (kindOf(data) !== 'Float32Array')
      throw new DTypeError('run', kindOf(data), 'float32 (a Float32Array), normalised already');
    const size = batch! * this.imageSize;
    if (data.length !== size) throw new ShapeError('run', `${data.length} values`, `the ${size} of [${shape.join(', ')}]`);
    const own = this.take(size);
    own.set(data);
    return { batch: batch!, data: own };
  }

  private prepare(raster: Raster, to: Float32Array): void {
    const channels = this.shape[2];
    const { source, prepare, channels: order } = this.contract;
    let image = order === 'grey' && raster.values > 1 ? this.toGrey(raster) : raster;
    const change = ([height, width]: ImageSize, into: (canvas: Uint8Array) => void) => {
      const data = this.canvasBeside(image.data);
      into(data);
      image = { data, height, width, values: channels };
    };
    if (image.height !== source.size[0] || image.width !== source.size[1])
      change(source.size, (canvas) => fitImage(image, channels, source.fit, canvas, source.size, this.scratch));
    for (const { name, size } of prepare) {
      change(size, (canvas) => {
        if (name === 'center-crop') cropCenter(image, channels, canvas, size);
        else resample(image, channels, wholeOf(image), canvas, size, this.scratch);
      });
    }
    normalize(image, channels, this.tables, to);
  }

  private toGrey(raster: Raster): Raster {
    const pixels = raster.height * raster.width;
    if (this.grey.length < pixels) this.grey = new Uint8Array(pixels);
    toGrey(raster, this.grey);
    return { ...raster, data: this.grey, values: 1 };
  }

  /** The one of two canvases that is not in use, large enough for every size that the contract names. */
  private canvasBeside(data: Raster['data']): Uint8Array {
    if (!this.canvases) {
      const { source, prepare } = this.contract;
      const pixels = [source, ...prepare].map(({ size: [height, width] }) => height * width);
      const bytes = Math.max(...pixels) * this.shape[2];
      this.canvases = [new Uint8Array(bytes), new Uint8Array(bytes)];
    }
    return this.canvases[data === this.canvases[0] ? 1 : 0];
  }
}
