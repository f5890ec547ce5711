import path from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { openSource } from '../../src/data/open.js';
import { PixelSource } from '../../src/data/pixels.js';
import { reopenSource } from '../../src/data/reopen.js';
import { fashionMnistSample } from '../../src/data/sample.js';
import { cifarRecord, expectDataError, gzip, idx, pixelsOf, tempFolder, write } from './helpers.js';

const png = await sharp({ create: { width: 2, height: 2, channels: 3, background: '#fff' } })
  .png()
  .toBuffer();

const batches = Object.fromEntries([1, 2, 3, 4, 5].map((batch) => [`data_batch_${batch}.bin`, cifarRecord([batch])]));

function idxFiles(train: string, test: string, pack = (bytes: Buffer) => bytes): Record<string, Uint8Array> {
  const end = pack === gzip ? '.gz' : '';
  return {
    [`${train.replace('*', 'images')}${end}`]: pack(idx([2, 1, 1], [7, 8])),
    [`${train.replace('*', 'labels')}${end}`.replace('idx3', 'idx1')]: pack(idx([2], [0, 9])),
    [`${test.replace('*', 'images')}${end}`]: pack(idx([1, 1, 1], [9])),
    [`${test.replace('*', 'labels')}${end}`.replace('idx3', 'idx1')]: pack(idx([1], [3])),
  };
}

describe('openSource', () => {
  it.each([
    ['compressed', idxFiles('train-*-idx3-ubyte', 't10k-*-idx3-ubyte', gzip)],
    ['plain', idxFiles('train-*-idx3-ubyte', 'test-*-idx3-ubyte')],
    ['with dots', idxFiles('train-*.idx3-ubyte', 't10k-*.idx3-ubyte')],
  ])('recognises IDX files, %s', async (_, files) => {
    const folder = write(tempFolder(), files);
    const train = await openSource(folder, { split: 'train' });
    expect([train.length, train.classes.length, train.label(1)]).toEqual([2, 10, 9]);
    write(folder, { 'classes.txt': Array.from({ length: 10 }, (_, i) => `c${i}`).join('\n') });
    const test = await openSource(folder, { split: 'test' });
    expect([test.length, test.classes[test.label(0)]]).toEqual([1, 'c3']);
  });

  it('knows the classes of Fashion-MNIST by the name of its folder', async () => {
    const folder = write(path.join(tempFolder(), 'fashion-mnist'), idxFiles('train-*-idx3-ubyte', 't10k-*-idx3-ubyte'));
    const source = await openSource(folder, { split: 'train' });
    expect(source.classes[source.label(1)]).toBe('Ankle boot');
  });

  it('recognises CIFAR, in its folder or above it', async () => {
    const inside = { ...batches, 'test_batch.bin': cifarRecord([8]) };
    expect((await openSource(write(tempFolder(), inside), { split: 'train' })).length).toBe(5);
    const parent = tempFolder();
    write(path.join(parent, 'cifar-10-batches-bin'), inside);
    const test = await openSource(parent, { split: 'test' });
    expect(test.classes[test.label(0)]).toBe('ship');
    write(path.join(parent, 'cifar-100-binary'), {
      'train.bin': cifarRecord([1, 2]),
      'fine_label_names.txt': 'x\n'.repeat(100),
    });
    await expectDataError(openSource(parent, { split: 'test' }), { file: parent, reason: 'ambiguous' });
    expect((await openSource(path.join(parent, 'cifar-100-binary'), { split: 'train' })).label(0)).toBe(2);
  });

  it('recognises folders of pictures; the training folder numbers the classes', async () => {
    const folder = write(tempFolder(), { 'train/a/1.png': png, 'train/b/1.png': png, 'val/a/1.png': png, 'val/b/1.png': png });
    expect((await openSource(folder, { split: 'train' })).length).toBe(2);
    expect((await openSource(folder, { split: 'test' })).classes).toEqual(['a', 'b']);
    write(folder, { 'val/c/1.png': png });
    await expectDataError(openSource(folder, { split: 'test' }), { file: path.join(folder, 'val/c'), reason: 'unknown-class' });

    const flat = write(tempFolder(), { 'bus/1.png': png, 'train/1.png': png });
    expect((await openSource(flat, { split: 'train' })).classes).toEqual(['bus', 'train']);
    await expectDataError(openSource(flat, { split: 'test' }), { file: flat, reason: 'no-split' });
    const only = write(tempFolder(), { 'train/a/1.png': png });
    await expectDataError(openSource(only, { split: 'test' }), { file: only, reason: 'no-split' });
  });

  it('recognises manifests; the training manifest numbers the classes', async () => {
    const folder = write(tempFolder(), { '1.png': png, 'train.csv': '1.png,b\n1.png,a\n', 'test.csv': '1.png,b\n' });
    const test = await openSource(folder, { split: 'test' });
    expect([test.classes, test.label(0)]).toEqual([['a', 'b'], 1]);
    const alone = await openSource(path.join(folder, 'test.csv'), { split: 'test' });
    expect([alone.classes, alone.label(0)]).toEqual([['b'], 0]);
  });

  it('says what it looked for', async () => {
    const folder = write(tempFolder(), { 'x.bin': 'x' });
    const error = await expectDataError(openSource(folder, { split: 'train' }), {
      file: folder,
      record: null,
      reason: 'unrecognised',
    });
    for (const name of ['train-images-idx3-ubyte', 'data_batch_1.bin', 'train.bin', 'train/CLASS', '.csv']) {
      expect(error.message).toContain(name);
    }
    await expectDataError(openSource(path.join(folder, 'x.bin'), { split: 'train' }), { reason: 'unrecognised' });
    await expectDataError(openSource(path.join(folder, 'none'), { split: 'train' }), { reason: 'not-found' });
    const half = write(tempFolder(), { 'train-images-idx3-ubyte': idx([1, 1, 1], [1]) });
    await expectDataError(openSource(half, { split: 'train' }), { file: /train-labels-idx1-ubyte\.gz$/, reason: 'not-found' });
    await expectDataError(openSource(half, { split: 'test' }), { file: /t10k-images/, reason: 'not-found' });
  });

  it('converts the channels of raw pixels, not their size', async () => {
    const folder = write(tempFolder(), idxFiles('train-*-idx3-ubyte', 't10k-*-idx3-ubyte'));
    const colour = (await openSource(folder, { split: 'train', channels: 3 })) as PixelSource;
    expect(pixelsOf(colour, 1)).toEqual([8, 8, 8]);
    await expect(openSource(folder, { split: 'train', size: 32 })).rejects.toMatchObject({ key: 'size', code: 'CONFIG' });
    const cifar = write(tempFolder(), {
      'test_batch.bin': Buffer.concat([Buffer.from([1]), Buffer.alloc(1024, 100), Buffer.alloc(2048, 50)]),
    });
    const grey = (await openSource(cifar, { split: 'test', channels: 1, size: [32, 32] })) as PixelSource;
    expect(pixelsOf(grey, 0)[0]).toBe(Math.round(0.299 * 100 + 0.701 * 50));
  });
});

describe('fashionMnistSample', () => {
  it('is class-balanced and complete', async () => {
    for (const [split, perClass] of [
      ['train', 1000],
      ['test', 200],
    ] as const) {
      const source = await openSource(fashionMnistSample(), { split });
      expect(source).toMatchObject({ length: 10 * perClass, height: 28, width: 28, channels: 1 });
      const counts = new Array(10).fill(0);
      for (let i = 0; i < source.length; i++) counts[source.label(i)]++;
      expect(counts).toEqual(new Array(10).fill(perClass));
      expect(source.classes[0]).toBe('T-shirt/top');
    }
  });

  it('is shared, not copied, when another thread opens it', async () => {
    const source = await openSource(fashionMnistSample(), { split: 'test' });
    const again = reopenSource(source.spec) as PixelSource;
    expect(again).toBeInstanceOf(PixelSource);
    expect(again.spec.pixels).toBe((source as PixelSource).spec.pixels);
    // The mean of all training pixels is 0.286, as published; 2,000 test images are close.
    let sum = 0;
    for (let i = 0; i < 2000; i++) sum += pixelsOf(again, i).reduce((a, b) => a + b, 0);
    expect(sum / (2000 * 784 * 255)).toBeCloseTo(0.286, 2);
  });
});
