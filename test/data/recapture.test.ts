import { describe, expect, it } from 'vitest';
import { recapture, recaptureClasses } from '../../src/data/recapture.js';
import { madeSource, pixelsOf } from './helpers.js';

const images = madeSource(60, [16, 16, 3], 3);
const options = { strength: 0.3, seed: 5, split: 'train' } as const;

describe('recapture', () => {
  it('makes two classes of equal size, equal in every class of the images', async () => {
    const source = await recapture(images, options);
    expect(source.classes).toEqual(recaptureClasses);
    expect([source.length, source.height, source.width, source.channels]).toEqual([60, 16, 16, 3]);
    for (const original of [0, 1, 2]) {
      const labels = Array.from({ length: 60 }, (_, record) => record)
        .filter((record) => images.label(record) === original)
        .map((record) => source.label(record));
      expect(labels.filter((label) => label === 1)).toHaveLength(10);
      expect(labels).toHaveLength(20);
    }
  });

  it('gives the same bytes for the same seed, others for another seed or split', async () => {
    const bytes = async (change: object) => {
      const source = await recapture(images, { ...options, ...change });
      return Array.from({ length: 60 }, (_, record) => [source.label(record), ...pixelsOf(source, record)]);
    };
    const first = await bytes({});
    expect(await bytes({})).toEqual(first);
    expect(await bytes({ seed: 6 })).not.toEqual(first);
    expect(await bytes({ split: 'test' })).not.toEqual(first);
  });

  it('tells the halves apart by the pattern alone: without strength they are the same photographs', async () => {
    const [plain, patterned] = [await recapture(images, { ...options, strength: 0 }), await recapture(images, options)];
    for (let record = 0; record < 60; record++) {
      const [before, after] = [pixelsOf(plain, record), pixelsOf(patterned, record)];
      expect(patterned.label(record)).toBe(plain.label(record));
      if (plain.label(record) === 0) expect(after).toEqual(before);
      else {
        expect(after).not.toEqual(before);
        for (const [i, value] of after.entries())
          expect(Math.abs(value - before[i]!)).toBeLessThanOrEqual(0.3 * before[i]! + 0.5);
      }
    }
  });

  it('photographs images of both halves', async () => {
    const plain = await recapture(images, { ...options, strength: 0 });
    const changed = [0, 1].map(
      (label) =>
        Array.from({ length: 60 }, (_, record) => record).filter(
          (record) => plain.label(record) === label && pixelsOf(plain, record).join(',') !== pixelsOf(images, record).join(','),
        ).length,
    );
    // A window may be the whole image, with a gamma of next to 1.
    for (const count of changed) expect(count).toBeGreaterThanOrEqual(27);
  });

  it('changes fine texture, not brightness: a wave is as much light as dark', async () => {
    const grey = madeSource(40, [16, 16, 1], 1);
    const [plain, patterned] = [await recapture(grey, { ...options, strength: 0 }), await recapture(grey, options)];
    for (let record = 0; record < 40; record++) {
      const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
      const [before, after] = [mean(pixelsOf(plain, record)), mean(pixelsOf(patterned, record))];
      expect(Math.abs(after / before - 1)).toBeLessThan(0.05);
    }
  });
});
