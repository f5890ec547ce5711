import path from 'node:path';
import type { Metadata, Sharp, SharpOptions } from 'sharp';
import { DataError, UnsupportedError } from '../errors.js';
import { fitImage, type ImageFit } from '../images/fit.js';
import { toGrey } from '../images/grey.js';
import type { Raster } from '../images/raster.js';
import { ResampleScratch } from '../images/resample.js';
import type { ImagesSpec, Problems, SkippedRecord, Source } from './source.js';

/** Names that end in one of these are taken for pictures. */
export const imageExtensions: readonly string[] = ['.jpg', '.jpeg', '.png', '.webp', '.gif', '.tif', '.tiff', '.avif'];

/** Whether a file's name is that of a picture. */
export function isPicture(file: string): boolean {
  return imageExtensions.includes(path.extname(file).toLowerCase());
}

export interface ImageOptions {
  /** Height and width of every record, or one number for both; by default all pictures must already have one size. */
  size?: number | readonly [number, number];
  /** 1 for grey, 3 for colour: pictures are converted. By default all must be alike, without transparency. */
  channels?: 1 | 3;
  /** How a picture of another aspect fills `size` (default `cover`). */
  fit?: ImageFit;
  /** Longest side, in pixels, of a picture that is decoded at all (default 16,383). */
  maxSide?: number;
  /** Leave bad records out and list them in `problems`; every picture is then decoded once while opening (default false). */
  skipBad?: boolean;
}

/** One picture in a list of them. */
export interface ListedImage {
  file: string;
  label: number;
  /** What the picture is called in its list: its position or its line; null where its name says all. */
  record: number | null;
}

/** What most formats allow. */
const defaultMaxSide = 16383;

type SharpFactory = (input: string | Raster['data'], options?: SharpOptions) => Sharp;

/** Decoding overlaps this much: libuv has four threads for it. */
const lanes = 4;

/** A source whose records are image files, decoded by sharp when they are read. */
export class ImageSource implements Source {
  readonly name: string;
  readonly classes: readonly string[];
  readonly length: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  private sharp: SharpFactory | null = null;
  private readonly scratch = new ResampleScratch();

  constructor(
    readonly spec: ImagesSpec,
    readonly problems: readonly SkippedRecord[] = [],
  ) {
    this.name = spec.name;
    this.classes = spec.classes;
    this.length = spec.files.length;
    this.height = spec.height;
    this.width = spec.width;
    this.channels = spec.channels;
  }

  label(index: number): number {
    return this.spec.labels[index]!;
  }

  async read(index: number, out: Uint8Array): Promise<void> {
    this.sharp ??= await loadSharp();
    const image = { file: this.spec.files[index]!, label: 0, record: this.recordOf(index) };
    const { height, width, channels, fit, maxSide } = this.spec;
    let picture = await decode(this.sharp, image, maxSide);
    if (channels === 1) picture = greyOf(picture);
    fitImage(picture, channels, fit, out, [height, width], this.scratch);
  }

  private recordOf(index: number): number | null {
    const record = this.spec.records[index]!;
    return record < 0 ? null : record;
  }
}

/**
 * Checks the header of every picture before any is decoded, settles size and channels, and makes the source.
 * @throws DataError with the picture's file and its number in the list, and reason `not-found`, `undecodable`, `too-large`,
 *   `mixed-channels`, `transparent` or `mixed-sizes`; `empty` when none is left
 * @throws UnsupportedError when sharp is not installed
 */
export async function openImages(
  name: string,
  classes: readonly string[],
  images: readonly ListedImage[],
  options: ImageOptions,
  problems: Problems,
): Promise<ImageSource> {
  const sharp = await loadSharp();
  const maxSide = options.maxSide ?? defaultMaxSide;
  const headers = await overlap(images, (image) => readHeader(sharp, image, maxSide));
  const size = typeof options.size === 'number' ? ([options.size, options.size] as const) : options.size;
  const wanted = settle(headers, size, options.channels);
  let kept: ListedImage[] = [];
  for (const [i, image] of images.entries()) {
    const error = judge(image, headers[i]!, wanted, size !== undefined, options.channels !== undefined);
    if (error) problems.report(error);
    else kept.push(image);
  }
  const spec = {
    kind: 'images' as const,
    name,
    classes,
    height: wanted.size[0],
    width: wanted.size[1],
    channels: wanted.channels,
    fit: options.fit ?? 'cover',
    maxSide,
  };
  if (options.skipBad) {
    const decoded = await overlap(kept, (image) => decode(sharp, image, maxSide).then(() => null));
    kept = kept.filter((_, i) => {
      const result = decoded[i]!;
      if (result instanceof DataError) problems.report(result);
      return !(result instanceof DataError);
    });
  }
  if (kept.length === 0) {
    const first = problems.list[0] ? ` The first: ${problems.list[0].message}` : '';
    throw new DataError(name, null, 'empty', `none of its ${images.length} pictures can be used.${first}`);
  }
  return new ImageSource(
    {
      ...spec,
      files: kept.map((image) => image.file),
      labels: Int32Array.from(kept, (image) => image.label),
      records: Int32Array.from(kept, (image) => image.record ?? -1),
    },
    problems.list,
  );
}

interface Header {
  size: readonly [number, number];
  channels: 1 | 3;
  transparent: boolean;
}

interface Wanted {
  size: readonly [number, number];
  channels: 1 | 3;
}

/** What was not stated is what most pictures have, so that the odd one out is the one that is reported. */
function settle(
  headers: (Header | DataError)[],
  size: readonly [number, number] | undefined,
  channels: 1 | 3 | undefined,
): Wanted {
  const good = headers.filter((header): header is Header => !(header instanceof DataError));
  return {
    size: size ?? commonest(good.map((header) => header.size)) ?? [0, 0],
    channels: channels ?? commonest(good.filter((header) => !header.transparent).map((header) => header.channels)) ?? 3,
  };
}

function commonest<T>(values: readonly T[]): T | undefined {
  const counts = new Map<string, { value: T; count: number }>();
  for (const value of values) {
    const entry = counts.get(String(value)) ?? { value, count: 0 };
    entry.count++;
    counts.set(String(value), entry);
  }
  return [...counts.values()].reduce<{ value?: T; count: number }>((a, b) => (b.count > a.count ? b : a), { count: 0 }).value;
}

function judge(
  image: ListedImage,
  header: Header | DataError,
  wanted: Wanted,
  resizes: boolean,
  converts: boolean,
): DataError | null {
  if (header instanceof DataError) return header;
  const { file, record } = image;
  if (!converts && header.transparent) {
    return new DataError(
      file,
      record,
      'transparent',
      'it has an alpha channel. State `channels: 3` (train: --set data.channels=3) to put pictures on black.',
    );
  }
  if (!converts && header.channels !== wanted.channels) {
    const kinds = { 1: 'grey', 3: 'in colour' };
    const detail = `it is ${kinds[header.channels]}, most others are ${kinds[wanted.channels]}. State \`channels\` (train: --set data.channels=${wanted.channels}) to convert them all.`;
    return new DataError(file, record, 'mixed-channels', detail);
  }
  if (!resizes && (header.size[0] !== wanted.size[0] || header.size[1] !== wanted.size[1])) {
    const detail =
      `it is ${header.size[1]} wide and ${header.size[0]} high, most others ${wanted.size[1]} wide and ${wanted.size[0]} high. ` +
      'State `size` (train: --set data.size=32, or [height,width]) to resize them all.';
    return new DataError(file, record, 'mixed-sizes', detail);
  }
  return null;
}

async function readHeader(sharp: SharpFactory, image: ListedImage, maxSide: number): Promise<Header> {
  let metadata: Metadata;
  try {
    metadata = await sharp(image.file, { limitInputPixels: false }).metadata();
  } catch (error) {
    throw undecodable(image, error);
  }
  const { width, height, orientation = 1, hasAlpha, space } = metadata;
  if (width > maxSide || height > maxSide) {
    const detail = `it is ${width} wide and ${height} high, more than ${maxSide} pixels. Shrink it first.`;
    throw new DataError(image.file, image.record, 'too-large', detail);
  }
  // Orientations 5 to 8 of EXIF stand on their side; decoding turns them.
  const size = orientation >= 5 ? ([width, height] as const) : ([height, width] as const);
  const isGrey = space === 'b-w' || space === 'grey16';
  return { size, channels: isGrey ? 1 : 3, transparent: hasAlpha };
}

/**
 * A picture at its own size, in red, green and blue: turned as its EXIF orientation says, what is transparent on black, 8 bits.
 * @throws DataError with the picture's file and reason `not-found`, `undecodable` or `too-large`; UnsupportedError when sharp is not installed
 */
export async function readPicture(file: string): Promise<Raster> {
  const sharp = await loadSharp();
  const image = { file, label: 0, record: null };
  await readHeader(sharp, image, defaultMaxSide);
  return decode(sharp, image, defaultMaxSide);
}

async function decode(sharp: SharpFactory, image: ListedImage, maxSide: number): Promise<Raster> {
  try {
    const pipeline = sharp(image.file, { limitInputPixels: maxSide * maxSide, failOn: 'error' })
      .autoOrient()
      .flatten({ background: '#000' })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' });
    const { data, info } = await pipeline.toBuffer({ resolveWithObject: true });
    return { data, height: info.height, width: info.width, values: info.channels };
  } catch (error) {
    throw undecodable(image, error);
  }
}

function greyOf(picture: Raster): Raster {
  const data = new Uint8Array(picture.height * picture.width);
  toGrey(picture, data);
  return { ...picture, data, values: 1 };
}

function undecodable(image: ListedImage, error: unknown): DataError {
  const text = (error as Error).message.trim();
  const isMissing = text.includes('Input file is missing');
  return new DataError(
    image.file,
    image.record,
    isMissing ? 'not-found' : 'undecodable',
    isMissing ? 'there is no such file.' : `it does not decode as a picture (${text}).`,
    { cause: error },
  );
}

/** Results in the order of the items, DataErrors among them, so that what is reported never depends on timing. */
async function overlap<I, T>(items: readonly I[], work: (item: I) => Promise<T>): Promise<(T | DataError)[]> {
  const results: (T | DataError)[] = new Array(items.length);
  let next = 0;
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      while (next < items.length) {
        const i = next++;
        try {
          results[i] = await work(items[i]!);
        } catch (error) {
          if (!(error instanceof DataError)) throw error;
          results[i] = error;
        }
      }
    }),
  );
  return results;
}

/** sharp, where it is installed. @throws UnsupportedError where it is not */
export async function loadSharp(): Promise<SharpFactory> {
  try {
    return (await import('sharp')).default as SharpFactory;
  } catch (error) {
    throw new UnsupportedError(
      'Reading image files',
      `it needs the package "sharp" (npm install sharp): ${(error as Error).message}`,
    );
  }
}
