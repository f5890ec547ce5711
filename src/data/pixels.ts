import { ConfigError } from '../errors.js';
import type { FaceCrop } from '../images/face-crop.js';
import { toGrey } from '../images/grey.js';
import type { FrameFacts, PixelMaps, PixelsSpec, SkippedRecord, Source, TargetMaps } from './source.js';

/** A source whose decoded pixels all lie in shared memory. */
export class PixelSource implements Source {
  readonly name: string;
  readonly classes: readonly string[];
  readonly length: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly maps?: TargetMaps;
  readonly faceCrop?: FaceCrop;
  private readonly pixels: Uint8Array;
  private readonly labels: Int32Array;
  private readonly recordBytes: number;

  constructor(
    readonly spec: PixelsSpec,
    readonly problems: readonly SkippedRecord[] = [],
    readonly frames?: FrameFacts,
  ) {
    this.name = spec.name;
    this.classes = spec.classes;
    this.length = spec.length;
    this.height = spec.height;
    this.width = spec.width;
    this.channels = spec.channels;
    this.pixels = new Uint8Array(spec.pixels);
    this.labels = new Int32Array(spec.labels);
    this.maps = spec.maps && mapsIn(spec.maps);
    this.faceCrop = spec.faceCrop;
    this.recordBytes = spec.height * spec.width * spec.channels;
  }

  label(index: number): number {
    return this.labels[index]!;
  }

  read(index: number, out: Uint8Array): void {
    const start = index * this.recordBytes;
    out.set(this.pixels.subarray(start, start + this.recordBytes));
  }
}

function mapsIn({ height, width, values }: PixelMaps): TargetMaps {
  const size = height * width;
  const bytes = new Uint8Array(values);
  return { height, width, read: (index, out) => out.set(bytes.subarray(index * size, (index + 1) * size)) };
}

/** Puts labels into shared memory, as {@link PixelsSpec} wants them. */
export function shareLabels(labels: ArrayLike<number>): SharedArrayBuffer {
  const shared = new SharedArrayBuffer(labels.length * Int32Array.BYTES_PER_ELEMENT);
  new Int32Array(shared).set(labels);
  return shared;
}

/**
 * The same source with one channel or three: grey is repeated, colour becomes its luma (ITU-R BT.601).
 * @throws ConfigError when the pixels are neither grey nor colour
 */
export function withChannels(source: PixelSource, channels: 1 | 3): PixelSource {
  const { spec } = source;
  if (spec.channels === channels) return source;
  if (spec.channels !== 1 && spec.channels !== 3) {
    throw new ConfigError('channels', `${spec.name} has ${spec.channels} channels; only 1 and 3 are converted into each other.`);
  }
  const from = new Uint8Array(spec.pixels);
  const count = spec.length * spec.height * spec.width;
  const pixels = new SharedArrayBuffer(count * channels);
  const to = new Uint8Array(pixels);
  if (channels === 1) toGrey({ data: from, height: spec.length * spec.height, width: spec.width, values: 3 }, to);
  else for (let i = 0; i < count; i++) to.fill(from[i]!, i * 3, i * 3 + 3);
  return new PixelSource({ ...spec, channels, pixels }, source.problems, source.frames);
}
