import { ResampleScratch, resample } from '../images/resample.js';
import { Rng } from '../tensor/rng.js';
import { PixelSource, shareLabels } from './pixels.js';
import type { Source } from './source.js';
import { splitIndices } from './split.js';

export interface RecaptureOptions {
  /** Largest share by which the strongest pattern darkens or lightens a pixel, in [0, 1]; the weakest is a tenth of it. */
  readonly strength: number;
  /** Decides which images are recaptured, and how. */
  readonly seed: number;
  readonly split: 'train' | 'test' | 'validation';
}

const streams = { train: 1, test: 2, validation: 3 } as const;

/** In the order of the labels. */
export const recaptureClasses: readonly string[] = ['original', 'recaptured'];

/** Shares of the image that the camera sees, and exponents of its brightness. */
const zoom = [0.85, 1] as const;
const gamma = [0.8, 1.25] as const;
/** Powers of ten between the strongest pattern and the weakest: some images are easy to tell, others next to impossible. */
const decades = 1;
/** Waves of the screen to a pixel of the photograph: fine texture, short of the two pixels a wave that can be seen at all. */
const frequency = [0.25, 0.47] as const;

/**
 * A task of texture made of any images: which of them were photographed from a screen? Every image is photographed: a window of it, resampled,
 * with another gamma. Half of them, the same share of every class, show a screen's grid too: a wave of random
 * direction, frequency, phase and strength that lightens and darkens the pixels, its phase shifted from channel to channel as subpixels are. Nothing
 * else tells the halves apart. The same images, strength and seed give the same bytes.
 */
export async function recapture(source: Source, { strength, seed, split }: RecaptureOptions): Promise<PixelSource> {
  const { length, height, width, channels } = source;
  const stream = Rng.for(seed, streams[split]).uint32();
  const labels = new Int32Array(length);
  const classes = Int32Array.from({ length }, (_, record) => source.label(record));
  for (const record of splitIndices(classes, 0.5, stream).validation) labels[record] = 1;
  const size = height * width * channels;
  const pixels = new SharedArrayBuffer(length * size);
  const photographed = new Uint8Array(size);
  const camera = new Camera(height, width, channels);
  for (let record = 0; record < length; record++) {
    const reading = source.read(record, photographed);
    if (reading) await reading;
    const rng = Rng.for(stream, record);
    const out = new Uint8Array(pixels, record * size, size);
    camera.photograph(photographed, out, rng);
    if (labels[record] === 1) addWaves(out, [height, width, channels], drawWaves(channels, strength, rng));
  }
  return new PixelSource(
    {
      kind: 'pixels',
      name: `${source.name}, half of it recaptured`,
      classes: recaptureClasses,
      length,
      height,
      width,
      channels,
      pixels,
      labels: shareLabels(labels),
    },
    source.problems,
  );
}

/** What every image goes through, shown on a screen or not. */
class Camera {
  private readonly scratch = new ResampleScratch();
  private readonly curve = new Uint8Array(256);

  constructor(
    private readonly height: number,
    private readonly width: number,
    private readonly channels: number,
  ) {}

  photograph(image: Uint8Array, out: Uint8Array, rng: Rng): void {
    const { height, width, channels, scratch, curve } = this;
    const share = rng.uniform(...zoom);
    const [rows, columns] = [Math.max(1, Math.round(share * height)), Math.max(1, Math.round(share * width))];
    const window = { top: rng.integer(height - rows + 1), left: rng.integer(width - columns + 1), height: rows, width: columns };
    resample({ data: image, height, width, values: channels }, channels, window, out, [height, width], scratch);
    const exponent = Math.exp(rng.uniform(Math.log(gamma[0]), Math.log(gamma[1])));
    for (let value = 0; value < 256; value++) curve[value] = Math.round(255 * (value / 255) ** exponent);
    for (let i = 0; i < out.length; i++) out[i] = curve[out[i]!]!;
  }
}

interface Waves {
  readonly strength: number;
  /** Radians from one pixel to the next. */
  readonly down: number;
  readonly right: number;
  /** One a channel. */
  readonly phases: readonly number[];
}

function drawWaves(channels: number, strongest: number, rng: Rng): Waves {
  const speed = 2 * Math.PI * rng.uniform(...frequency);
  const direction = rng.uniform(0, Math.PI);
  const phase = rng.uniform(0, 2 * Math.PI);
  const shift = (2 * Math.PI) / 3;
  return {
    strength: strongest * 10 ** -rng.uniform(0, decades),
    down: speed * Math.sin(direction),
    right: speed * Math.cos(direction),
    phases: Array.from({ length: channels }, (_, channel) => phase + channel * shift),
  };
}

function addWaves(
  pixels: Uint8Array,
  [height, width, channels]: readonly [number, number, number],
  { strength, down, right, phases }: Waves,
): void {
  let at = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < channels; channel++, at++) {
        const factor = 1 + strength * Math.sin(down * y + right * x + phases[channel]!);
        pixels[at] = Math.min(255, Math.round(pixels[at]! * factor));
      }
    }
  }
}
