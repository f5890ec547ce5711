import type { DataError } from '../errors.js';
import type { FaceCrop } from '../images/face-crop.js';
import type { ImageFit } from '../images/fit.js';

/**
 * Labelled images, all of one size, by number. Pixels are bytes, height x width x channels, channels innermost; grey
 * images have one channel, colour images three (red, green, blue).
 */
export interface Source {
  readonly name: string;
  /** Class names; a label is an index into them. */
  readonly classes: readonly string[];
  /** Number of usable records: those in `problems` are not among them. */
  readonly length: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** What was left out because of `skipBad`, in the order in which it was found. */
  readonly problems: readonly SkippedRecord[];
  /** Plain data from which another thread opens the same source: see `reopenSource`. */
  readonly spec: SourceSpec;
  /** What a network shall answer where that is a map and not a class; absent in sources of classes alone. */
  readonly maps?: TargetMaps;
  /** What is known of records that are frames of videos. */
  readonly frames?: FrameFacts;
  /** How the images were cut out of pictures, where they are faces. */
  readonly faceCrop?: FaceCrop;
  label(index: number): number;
  /**
   * Decodes record `index` into the first height * width * channels bytes of `out`.
   * @throws DataError when the record cannot be read
   */
  read(index: number, out: Uint8Array): void | Promise<void>;
}

/** A map of bytes beside each image, such as the depth of a face; 0 to 255 stand for 0 to 1. */
export interface TargetMaps {
  readonly height: number;
  readonly width: number;
  /**
   * Reads the map of record `index` into the first height * width bytes of `out`.
   * @throws DataError when it cannot be read
   */
  read(index: number, out: Uint8Array): void | Promise<void>;
}

/** By record number. */
export interface FrameFacts {
  /** The video that it is a frame of. */
  video(index: number): string;
  /** Of an attack its species; null: bona fide. */
  species(index: number): string | null;
  /** Whose face it is; null where that is not known. */
  subject(index: number): string | null;
}

export type SourceSpec = PixelsSpec | ImagesSpec | RecordsSpec;

/** Decoded pixels in shared memory, so that every thread reads the same bytes. */
export interface PixelsSpec {
  readonly kind: 'pixels';
  readonly name: string;
  readonly classes: readonly string[];
  readonly length: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** length * height * width * channels bytes, records one after the other. */
  readonly pixels: SharedArrayBuffer;
  /** `length` labels of 32 bits. */
  readonly labels: SharedArrayBuffer;
  readonly maps?: PixelMaps;
  readonly faceCrop?: FaceCrop;
}

/** Target maps in shared memory. */
export interface PixelMaps {
  readonly height: number;
  readonly width: number;
  /** length * height * width bytes, records one after the other. */
  readonly values: SharedArrayBuffer;
}

/** Image files, decoded when they are read. */
export interface ImagesSpec {
  readonly kind: 'images';
  readonly name: string;
  readonly classes: readonly string[];
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly files: readonly string[];
  readonly labels: Int32Array;
  /** For error texts: what each file is called in its list (position in a folder, line of a manifest; -1: nothing). */
  readonly records: Int32Array;
  readonly fit: ImageFit;
  /** Longest side, in pixels, of a picture that is decoded at all. */
  readonly maxSide: number;
}

/** Decoded pixels that lie in files, record by record, and are read when they are asked for. */
export interface RecordsSpec {
  readonly kind: 'records';
  readonly name: string;
  readonly classes: readonly string[];
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly files: readonly string[];
  readonly labels: Int32Array;
  /** For every record the place of its file in `files`, and where in that file its first byte lies. */
  readonly fileOf: Int32Array;
  readonly offsets: Float64Array;
  /** Target maps in the same files. */
  readonly maps?: { readonly height: number; readonly width: number; readonly offsets: Float64Array };
  readonly faceCrop?: FaceCrop;
}

/** One entry in the list of what `skipBad` left out. */
export interface SkippedRecord {
  readonly file: string;
  /** Record number in the file or line of a manifest; null when it is the whole file or folder. */
  readonly record: number | null;
  readonly reason: string;
  readonly message: string;
  /** How many records are lost by it: several where a file is cut short. */
  readonly lost: number;
}

/** Decides what a bad record means: the end of opening, or an entry in a list. */
export class Problems {
  readonly list: SkippedRecord[] = [];

  constructor(private readonly skipBad: boolean) {}

  /** @throws the error itself, unless bad records are to be skipped */
  report(error: DataError, lost = 1): void {
    if (!this.skipBad) throw error;
    this.list.push({ file: error.file, record: error.record, reason: error.reason, message: error.message, lost });
  }
}
