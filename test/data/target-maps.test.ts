import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { createLoader, type Loader, type LoaderOptions } from '../../src/data/batches.js';
import { Pipeline } from '../../src/data/pipeline.js';
import { PixelSource } from '../../src/data/pixels.js';
import { parseTransforms, type TransformInput } from '../../src/data/transforms.js';
import { ConfigError } from '../../src/errors.js';
import { Rng } from '../../src/tensor/rng.js';
import { madeSource } from './helpers.js';

/** Grey images and maps of the same bytes: what happens to the one must happen to the other. Values of 0 to 1. */
function both(
  transforms: TransformInput[],
  side: number,
  seed = 1,
  bytes?: Uint8Array,
): { image: number[]; map: number[]; width: number } {
  const parsed = parseTransforms(transforms);
  const [height, width] = new Pipeline(parsed, [side, side, 1]).shape;
  const pipeline = new Pipeline(parsed, [side, side, 1], { from: { height: side, width: side }, to: { height, width } });
  const rng = new Rng(seed + 100);
  const pixels = bytes ?? Uint8Array.from({ length: side * side }, () => rng.integer(256));
  pipeline.input.set(pixels);
  pipeline.mapInput.set(pixels);
  const [image, map] = [new Float32Array(height * width), new Float32Array(height * width)];
  pipeline.run(new Rng(seed), image, map);
  return { image: [...image], map: [...map], width };
}

describe('a target map', () => {
  it('goes through flips and cuts as its image does, to the bit, padding included', () => {
    const transform = fc.oneof(
      fc.constant<TransformInput>({ name: 'flip', probability: 0.5 }),
      fc.integer({ min: 0, max: 3 }).map((padding): TransformInput => ({ name: 'crop', padding })),
      fc.constant<TransformInput>({ name: 'crop', size: 5 }),
      fc.constant<TransformInput>({ name: 'center-crop', size: 4 }),
    );
    fc.assert(
      fc.property(fc.array(transform, { maxLength: 5 }), fc.integer(), (transforms, seed) => {
        // A cut of 5 behind one of 4 does not fit.
        const cuts = transforms.filter((one) => one.name !== 'center-crop');
        const { image, map } = both([...cuts, ...transforms.filter((one) => one.name === 'center-crop')], 9, seed);
        expect(map.map((value) => Math.round(value * 255))).toEqual(image.map((value) => Math.round(value * 255)));
        expect(Math.max(...map.map((value, i) => Math.abs(value - image[i]!)))).toBeLessThan(1e-6);
      }),
    );
  });

  it('is resampled with its image, up to the bytes that the image is rounded to', () => {
    // Of a slope the resampled one is the same slope, apart from the border.
    const slope = Uint8Array.from({ length: 400 }, (_, i) => 40 + 5 * (i % 20) + 3 * Math.floor(i / 20));
    for (const scales of [[1.2], [1.4], [2]]) {
      const { image, map, width } = both(
        [
          { name: 'flip', probability: 1 },
          { name: 'face-scale', stored: 2, scales, size: 15 },
        ],
        20,
        1,
        slope,
      );
      const inner = image.flatMap((value, i) => {
        const [row, column] = [Math.floor(i / width), i % width];
        return row > 0 && row < width - 1 && column > 0 && column < width - 1 ? [Math.abs(value - map[i]!)] : [];
      });
      expect(Math.max(...inner)).toBeLessThan(0.51 / 255);
    }
  });

  it('has a size of its own: means where it shrinks', () => {
    const pipeline = new Pipeline([], [8, 8, 3], { from: { height: 4, width: 4 }, to: { height: 1, width: 2 } });
    // Columns 0 to 3 have 0, 80, 160, 240. Under a triangle of half-width 2 around 1 and 3: weights 3, 3, 1 of 7, the fourth cut off.
    for (let i = 0; i < 16; i++) pipeline.mapInput[i] = 80 * (i % 4);
    const map = new Float32Array(2);
    pipeline.run(new Rng(1), new Float32Array(192), map);
    expect([...map].map((value) => value * 255)).toEqual([
      expect.closeTo((3 * 0 + 3 * 80 + 160) / 7, 4),
      expect.closeTo((80 + 3 * 160 + 3 * 240) / 7, 4),
    ]);
  });

  it('is not touched by what changes values only', () => {
    const transforms: TransformInput[] = [
      { name: 'channel-shift' },
      { name: 'gamma' },
      { name: 'erasing', probability: 1, patches: [2, 2] },
      { name: 'cutout', size: 5 },
    ];
    expect(both(transforms, 9).map).toEqual(both([], 9).map);
    expect(both(transforms, 9).image).not.toEqual(both([], 9).image);
  });
});

let loader: Loader | null = null;
afterEach(() => loader?.close());

/** Images whose map is their first channel. */
function withMaps(): PixelSource {
  const source = madeSource(40, [8, 8, 3]);
  const pixels = new Uint8Array(source.spec.pixels);
  const values = new SharedArrayBuffer(40 * 64);
  new Uint8Array(values).forEach((_, i, bytes) => {
    bytes[i] = pixels[3 * i]!;
  });
  return new PixelSource({ ...source.spec, maps: { height: 8, width: 8, values } });
}

async function collect(options: Partial<LoaderOptions>): Promise<number[][]> {
  loader = createLoader(withMaps(), { batchSize: 16, seed: 4, shuffle: true, ...options });
  const batches: number[][] = [];
  for await (const { maps, images } of loader.epoch(2)) batches.push([...(maps?.values ?? []), ...images]);
  await loader.close();
  return batches;
}

describe('a loader', () => {
  it('gives maps beside images, the same with any number of workers', async () => {
    const options: Partial<LoaderOptions> = {
      mapSize: { height: 8, width: 8 },
      transforms: [{ name: 'crop', padding: 2 }, { name: 'flip' }],
    };
    const here = await collect({ ...options, workers: 0 });
    expect(await collect({ ...options, workers: 2 })).toEqual(here);
    expect(here).toHaveLength(3);
    for (const [i, values] of here.entries()) {
      const images = [16, 16, 8][i]!;
      const [maps, pixels] = [values.slice(0, images * 64), values.slice(images * 64)];
      expect(pixels).toHaveLength(images * 192);
      expect(Math.max(...maps.map((value, place) => Math.abs(value - pixels[3 * place]!)))).toBeLessThan(1e-6);
    }
  });

  it('gives images alone unless it is asked for maps, and refuses where there are none', async () => {
    loader = createLoader(withMaps(), { batchSize: 4, workers: 0 });
    for await (const batch of loader.epoch(0)) expect(batch.maps).toBeNull();
    expect(() => createLoader(madeSource(), { batchSize: 4, mapSize: { height: 4, width: 4 } })).toThrow(ConfigError);
  });
});
