import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openIdx, readIdx } from '../../src/data/idx.js';
import { Problems } from '../../src/data/source.js';
import { DataError } from '../../src/errors.js';
import { expectDataError, gzip, idx, pixelsOf, tempFolder, write } from './helpers.js';

const folder = tempFolder();
const images = path.join(folder, 'images');
const labels = path.join(folder, 'labels');
const counting = Array.from({ length: 3 * 2 * 2 }, (_, i) => i);
const goodImages = idx([3, 2, 2], counting);
const goodLabels = idx([3], [0, 2, 1]);

function files(imageBytes: Uint8Array, labelBytes: Uint8Array = goodLabels): void {
  write(folder, { images: imageBytes, labels: labelBytes });
}

describe('openIdx', () => {
  it.each([
    ['plain', (bytes: Buffer) => bytes],
    ['compressed', gzip],
  ])('reads %s files', async (_, pack) => {
    files(pack(goodImages), pack(goodLabels));
    const source = await openIdx(images, labels);
    expect(source).toMatchObject({ length: 3, height: 2, width: 2, channels: 1, classes: ['0', '1', '2'], problems: [] });
    expect([0, 1, 2].map((i) => source.label(i))).toEqual([0, 2, 1]);
    expect(pixelsOf(source, 1)).toEqual([4, 5, 6, 7]);
  });

  it('reads colour images and names classes', async () => {
    files(idx([1, 2, 2, 3], counting), idx([1], [1]));
    const source = await openIdx(images, labels, { classes: ['cat', 'dog'] });
    expect(source).toMatchObject({ channels: 3, classes: ['cat', 'dog'] });
    expect(pixelsOf(source, 0)).toEqual(counting);
  });

  it.each<[string, string, number | null, Uint8Array, Uint8Array?]>([
    ['another format', 'bad-magic', null, Buffer.from('PK zip file')],
    ['floats', 'bad-magic', null, Buffer.from([0, 0, 0x0d, 1, 0, 0, 0, 1, 0, 0, 0, 0])],
    ['an empty file', 'truncated', null, new Uint8Array(0)],
    ['half a header', 'truncated', null, goodImages.subarray(0, 9)],
    ['half a record', 'truncated', 1, goodImages.subarray(0, 16 + 6)],
    ['half a gzip stream', 'truncated', null, gzip(goodImages).subarray(0, 30)],
    ['a damaged gzip stream', 'bad-gzip', null, Buffer.concat([gzip(goodImages).subarray(0, 10), Buffer.alloc(40, 0xff)])],
    ['more than its header says', 'trailing-bytes', null, Buffer.concat([goodImages, Buffer.alloc(1)])],
    ['a header of 3.6 GB over nothing', 'truncated', null, idx([60000, 300, 200], [1, 2, 3])],
    ['no records', 'empty', null, idx([0, 2, 2], [])],
    ['flat records', 'bad-shape', null, idx([3, 4], counting)],
    ['images without width', 'bad-shape', null, idx([3, 2, 0], [])],
    ['labels with two axes', 'bad-shape', null, goodImages, idx([3, 1], [0, 1, 2])],
    ['another number of labels', 'count-mismatch', 2, goodImages, idx([2], [0, 1])],
  ])('refuses %s', async (_, reason, record, imageBytes, labelBytes) => {
    files(imageBytes, labelBytes);
    await expectDataError(openIdx(images, labels), { file: labelBytes ? labels : images, record, reason });
  });

  it('refuses a label out of range, and a missing file', async () => {
    files(goodImages);
    await expectDataError(openIdx(images, labels, { classes: ['a', 'b'] }), {
      file: labels,
      record: 1,
      reason: 'label-out-of-range',
    });
    await expectDataError(openIdx(path.join(folder, 'none'), labels), { file: /none$/, record: null, reason: 'not-found' });
  });

  it('takes no more memory than the file is worth, whatever its header says', async () => {
    files(Buffer.concat([idx([1000, 1000, 30], []), Buffer.alloc(60_000, 1)]), idx([1000], Array(1000).fill(0)));
    const read = await readIdx(images, new Problems(true));
    expect(read).toMatchObject({ dims: [1000, 1000, 30], complete: 2 });
    expect(read.data.every((byte) => byte === 1)).toBe(true);
    expect(read.data.length).toBe(60_000);
    const noise = Uint8Array.from({ length: 60_000 }, (_, i) => Math.sin(i) * 1e6);
    files(gzip(Buffer.concat([idx([1000, 1000, 30], []), noise, Buffer.alloc(2_000_000)])));
    expect((await readIdx(images, new Problems(true))).data.buffer.byteLength).toBeLessThan(6_000_000);
  });

  it('skips and lists bad records', async () => {
    files(goodImages.subarray(0, goodImages.length - 1), idx([3], [9, 1, 0]));
    const source = await openIdx(images, labels, { classes: ['a', 'b'], skipBad: true });
    expect(source.length).toBe(1);
    expect(source.label(0)).toBe(1);
    expect(pixelsOf(source, 0)).toEqual([4, 5, 6, 7]);
    expect(source.problems).toMatchObject([
      { file: images, record: 2, reason: 'truncated', lost: 1 },
      { file: labels, record: 0, reason: 'label-out-of-range', lost: 1 },
    ]);
    files(goodImages, idx([3], [9, 9, 9]));
    await expectDataError(openIdx(images, labels, { classes: ['a'], skipBad: true }), { reason: 'empty' });
  });

  it('answers any bytes with a DataError or an array', async () => {
    const header = fc.tuple(fc.constantFrom(0, 8, 9), fc.nat(4), fc.array(fc.nat(255), { maxLength: 40 }));
    await fc.assert(
      fc.asyncProperty(header, async ([type, axes, rest]) => {
        write(folder, { any: Uint8Array.from([0, 0, type, axes, ...rest]) });
        const result = await readIdx(path.join(folder, 'any')).catch((error: unknown) => error);
        expect(result instanceof DataError || typeof result === 'object').toBe(true);
        if (!(result instanceof DataError)) expect(result).toHaveProperty('dims');
      }),
      { numRuns: 100, seed: 1 },
    );
  });
});
