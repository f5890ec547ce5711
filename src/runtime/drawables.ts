import { ConfigError, UnsupportedError } from '../errors.js';
import type { Pixels } from './rasters.js';

/*
 * What a browser draws, as pixels: drawn at its own size, so that no scaling of the browser's takes part. Its types are told by their shapes, for
 * programs that are compiled without a browser's.
 */

/** `ImageBitmap`, `OffscreenCanvas` or `HTMLCanvasElement`. */
type Drawn = { readonly width: number; readonly height: number } & (
  | { close(): void }
  | { getContext(kind: '2d'): unknown; readonly data?: undefined }
);

/** `VideoFrame`: the picture as it is to be shown. */
interface Frame {
  readonly displayWidth: number;
  readonly displayHeight: number;
  close(): void;
}

/** A browser's `ImageBitmap`, `OffscreenCanvas`, `HTMLCanvasElement` or `VideoFrame`. */
export type Drawable = Drawn | Frame;

const kinds = ['ImageBitmap', 'OffscreenCanvas', 'HTMLCanvasElement', 'VideoFrame'] as const;

/** Whether it is one that this host knows, and which. */
export function drawableKind(image: object): (typeof kinds)[number] | null {
  const isKind = (kind: string) => {
    const type = (globalThis as Readonly<Record<string, unknown>>)[kind];
    return typeof type === 'function' && image instanceof type;
  };
  return kinds.find(isKind) ?? null;
}

/** Draws on one canvas, again and again. */
export class DrawableReader {
  private context: OffscreenCanvasRenderingContext2D | null = null;

  /**
   * Red, green, blue (sRGB) and opacity of every pixel.
   * @throws ConfigError for one that was closed or has no pixels; UnsupportedError where the host does not give its pixels away
   */
  read(image: object): Pixels {
    const { width, height, displayWidth = width, displayHeight = height } = image as Partial<Drawn & Frame>;
    const kind = drawableKind(image);
    if (!displayWidth || !displayHeight) {
      throw new ConfigError('images', `got ${kind} without pixels, needs one that is not closed and not empty`);
    }
    try {
      const context = this.contextOf(displayWidth, displayHeight);
      context.clearRect(0, 0, displayWidth, displayHeight);
      context.drawImage(image as CanvasImageSource, 0, 0);
      return context.getImageData(0, 0, displayWidth, displayHeight);
    } catch (cause) {
      throw new UnsupportedError(`reading the pixels of this ${kind}`, (cause as Error).message);
    }
  }

  private contextOf(width: number, height: number): OffscreenCanvasRenderingContext2D {
    const { canvas } = this.context ?? {};
    if (canvas?.width === width && canvas.height === height) return this.context!;
    this.context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true, colorSpace: 'srgb' });
    if (!this.context) throw new Error('there is no 2d canvas');
    return this.context;
  }
}
