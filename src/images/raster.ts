/** An image as bytes by rows, channels innermost. */
export interface Raster {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly height: number;
  readonly width: number;
  /** Bytes of a pixel. Who takes fewer channels takes the first ones: an opacity stands last. */
  readonly values: number;
}

/** Height and width in pixels. */
export type ImageSize = readonly [height: number, width: number];
