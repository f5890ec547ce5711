import { ConfigError, DTypeError, ShapeError } from '../errors.js';
import type { Contract } from '../formats/packed/contract.js';
import type { Raster } from '../images/raster.js';
import { type Drawable, DrawableReader, drawableKind } from './drawables.js';

/**
 * An image of any size as a canvas (`ImageData`) or an image decoder gives it: bytes by rows, the values of a pixel side by side. Red, green, blue, and
 * an opacity that is ignored; one value for grey.
 */
export interface Pixels {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

export type Image = Pixels | Drawable;

/** What a reader of images is called in messages, and what it takes. */
export interface RasterNeeds {
  readonly operation: string;
  readonly channels: Contract['channels'];
  /** Values of a pixel where the channels are others than grey or colour. */
  readonly values: number;
  readonly needed: string;
}

/** Values that a pixel may have for a model of such channels; those of `other` are as many as it takes. */
const VALUES = { rgb: [3, 4], grey: [1, 3, 4], other: [] } as const;

/** Makes checked pixels of whatever is an image. */
export class RasterReader {
  private readonly drawables = new DrawableReader();

  constructor(private readonly needs: RasterNeeds) {}

  /**
   * Of bytes the bytes themselves, of what a browser draws a copy.
   * @throws ShapeError for channels or lengths that do not fit; DTypeError for numbers of another type; ConfigError for what is no image;
   *   UnsupportedError for one that the browser does not give away
   */
  read(image: Image): Raster {
    if (typeof image !== 'object' || image === null) throw this.notAnImage(image);
    const pixels = drawableKind(image) ? this.drawables.read(image) : image;
    if (!('data' in pixels)) throw this.notAnImage(pixels);
    return checkPixels(pixels as Pixels, this.needs);
  }

  notAnImage(value: unknown): ConfigError {
    return new ConfigError('images', `got ${kindOf(value)}, needs ${this.needs.needed}`);
  }
}

function checkPixels(
  { data, width, height, colorSpace = 'srgb' }: Pixels & { readonly colorSpace?: unknown },
  { operation, channels, values: own }: RasterNeeds,
): Raster {
  const kind = kindOf(data);
  if (kind !== 'Uint8Array' && kind !== 'Uint8ClampedArray') {
    throw new DTypeError(
      operation,
      kind,
      'bytes from 0 to 255 (a Uint8Array or Uint8ClampedArray) for an image with width and height',
    );
  }
  if (colorSpace !== 'srgb')
    throw new ConfigError('images', `got an image in ${colorSpace}, needs sRGB: getImageData(…, { colorSpace: 'srgb' })`);
  const isSide = (side: unknown) => Number.isInteger(side) && (side as number) >= 1;
  if (!isSide(width) || !isSide(height)) {
    throw new ShapeError(operation, `an image of ${width} x ${height} pixels`, 'whole numbers from 1 on for width and height');
  }
  const allowed: readonly number[] = channels === 'other' ? [own] : VALUES[channels];
  const values = data.length / (width * height);
  if (!allowed.includes(values)) {
    throw new ShapeError(
      operation,
      `${data.length} bytes for ${width} x ${height} pixels (width x height), ${Math.round(values * 100) / 100} a pixel`,
      `${allowed.join(' or ')} a pixel (${channels})`,
    );
  }
  return { data, height, width, values };
}

/** `Float64Array`, `Array`, `null`, `HTMLImageElement`. */
export function kindOf(value: unknown): string {
  return Object.prototype.toString
    .call(value)
    .slice(8, -1)
    .replace(/^(Null|Undefined|Number|String|Boolean)$/, (name) => name.toLowerCase());
}
