import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PixelSource, shareLabels } from '../../src/data/pixels.js';
import { balancedSampler, orderedSampler } from '../../src/data/sampler.js';
import { ConfigError } from '../../src/errors.js';
import { madeSource } from './helpers.js';

interface Video {
  /** Null: bona fide. */
  readonly species: string | null;
  readonly frames: number;
}

/** A source of videos; only what is known of its frames matters. */
function sourceOf(videos: readonly Video[]): PixelSource {
  const owners = videos.flatMap(({ frames }, video) => Array.from({ length: frames }, () => video));
  const speciesOf = (record: number) => videos[owners[record]!]!.species;
  return new PixelSource(
    {
      ...{ kind: 'pixels', name: 'videos', classes: ['attack', 'bona-fide'], length: owners.length },
      ...{ height: 1, width: 1, channels: 1, pixels: new SharedArrayBuffer(owners.length) },
      labels: shareLabels(owners.map((_, record) => (speciesOf(record) === null ? 1 : 0))),
    },
    [],
    { video: (record) => `video ${owners[record]}`, species: speciesOf, subject: () => null },
  );
}

const all = (source: PixelSource) => Int32Array.from({ length: source.length }, (_, record) => record);

/** How often each key comes. */
function tally<T>(items: Iterable<T>): Map<T, number> {
  const counts = new Map<T, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

const spread = (counts: Iterable<number>) => Math.max(...counts) - Math.min(...counts);

const videos = fc
  .array(fc.record({ species: fc.constantFrom(null, 'print', 'replay', 'mask'), frames: fc.integer({ min: 1, max: 4 }) }), {
    minLength: 2,
    maxLength: 30,
  })
  .filter((list) => list.some(({ species }) => species === null) && list.some(({ species }) => species !== null));

const epochs = fc.integer({ min: 0, max: 50 });
const seeds = fc.integer();

describe('balancedSampler', () => {
  it('takes of every video one frame an epoch, the same ones whenever it is asked', () => {
    fc.assert(
      fc.property(videos, seeds, epochs, (list, seed, epoch) => {
        const source = sourceOf(list);
        const options = { indices: all(source), seed, frames: 'one-per-video', balance: 'none' } as const;
        const order = balancedSampler(source, options).order(epoch);
        expect([...order].map((record) => source.frames!.video(record)).sort()).toEqual(
          list.map((_, video) => `video ${video}`).sort(),
        );
        expect(balancedSampler(source, options).order(epoch)).toEqual(order);
      }),
    );
  });

  it('comes to every frame of a video, each as likely', () => {
    const source = sourceOf([
      { species: null, frames: 4 },
      { species: 'print', frames: 1 },
    ]);
    const sampler = balancedSampler(source, { indices: all(source), seed: 3, frames: 'one-per-video', balance: 'none' });
    const counts = tally(Array.from({ length: 4000 }, (_, epoch) => [...sampler.order(epoch)].find((record) => record < 4)!));
    expect([...counts.keys()].sort()).toEqual([0, 1, 2, 3]);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(120);
  });

  it.each(['all', 'one-per-video'] as const)(
    'by label takes as many of each class, and of a class everything alike (%s)',
    (frames) => {
      fc.assert(
        fc.property(videos, seeds, epochs, (list, seed, epoch) => {
          const source = sourceOf(list);
          const sampler = balancedSampler(source, { indices: all(source), seed, frames, balance: 'label' });
          const order = [...sampler.order(epoch)];
          expect(order).toHaveLength(frames === 'all' ? source.length : list.length);
          expect(order).toHaveLength(sampler.length);
          expect(spread([0, 1].map((label) => order.filter((record) => source.label(record) === label).length))).toBeLessThan(2);
          const unitOf = (record: number) => (frames === 'all' ? String(record) : source.frames!.video(record));
          for (const label of [0, 1]) {
            const units = [...new Set([...all(source)].filter((record) => source.label(record) === label).map(unitOf))];
            const counts = tally(order.filter((record) => source.label(record) === label).map(unitOf));
            expect(spread(units.map((unit) => counts.get(unit) ?? 0))).toBeLessThan(2);
          }
        }),
      );
    },
  );

  it('by species takes half bona fide ones and of every attack species an equal share', () => {
    fc.assert(
      fc.property(videos, seeds, epochs, (list, seed, epoch) => {
        const source = sourceOf(list);
        const sampler = balancedSampler(source, { indices: all(source), seed, frames: 'one-per-video', balance: 'species' });
        const drawn = [...sampler.order(epoch)].map((record) => source.frames!.species(record));
        const bonafide = drawn.filter((species) => species === null).length;
        expect(Math.abs(2 * bonafide - drawn.length)).toBeLessThan(2);
        const present = [...new Set(list.flatMap(({ species }) => species ?? []))];
        expect(spread(present.map((species) => drawn.filter((other) => other === species).length))).toBeLessThan(2);
      }),
    );
  });

  it('takes only what it may', () => {
    const source = sourceOf([
      { species: null, frames: 3 },
      { species: 'print', frames: 3 },
    ]);
    const sampler = balancedSampler(source, {
      ...{ indices: Int32Array.of(1, 4), seed: 1 },
      ...({ frames: 'one-per-video', balance: 'label' } as const),
    });
    for (let epoch = 0; epoch < 20; epoch++) expect([...sampler.order(epoch)].sort()).toEqual([1, 4]);
  });

  it('refuses what the source does not tell', () => {
    const source = madeSource();
    const options = { indices: all(source), seed: 1, frames: 'all', balance: 'none' } as const;
    expect(() => balancedSampler(source, { ...options, frames: 'one-per-video' })).toThrow(ConfigError);
    expect(() => balancedSampler(source, { ...options, balance: 'species' })).toThrow(/species/);
    expect(balancedSampler(source, { ...options, balance: 'label' }).length).toBe(40);
  });
});

describe('orderedSampler', () => {
  it('keeps the order, or gives a new one every epoch', () => {
    const indices = Int32Array.of(4, 2, 9, 7, 1, 0);
    expect(orderedSampler(indices, null).order(3)).toEqual(indices);
    const shuffled = orderedSampler(indices, 5);
    expect(shuffled.order(0)).not.toEqual(shuffled.order(1));
    expect([...shuffled.order(1)].sort()).toEqual([...indices].sort());
  });
});
