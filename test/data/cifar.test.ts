import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCifar10, openCifar100 } from '../../src/data/cifar.js';
import { cifarRecord, expectDataError, pixelsOf, tempFolder, write } from './helpers.js';

function cifar10(change: Record<string, Uint8Array> = {}): string {
  const batches = [1, 2, 3, 4, 5].map((batch) => [`data_batch_${batch}.bin`, cifarRecord([batch], batch)]);
  return write(tempFolder(), { ...Object.fromEntries(batches), 'test_batch.bin': cifarRecord([9]), ...change });
}

function cifar100(change: Record<string, Uint8Array | string> = {}): string {
  const names = (count: number) => Array.from({ length: count }, (_, i) => `name ${i}\n`).join('');
  return write(tempFolder(), {
    'train.bin': Buffer.concat([cifarRecord([19, 99]), cifarRecord([0, 1])]),
    'test.bin': cifarRecord([3, 4]),
    'fine_label_names.txt': names(100),
    'coarse_label_names.txt': names(20),
    ...change,
  });
}

describe('openCifar10', () => {
  it('reads all batches, red, green and blue side by side', async () => {
    const source = await openCifar10(cifar10(), { split: 'train' });
    expect(source).toMatchObject({ length: 5, height: 32, width: 32, channels: 3 });
    expect(source.classes[source.label(0)]).toBe('automobile');
    expect([0, 1, 2, 3, 4].map((i) => source.label(i))).toEqual([1, 2, 3, 4, 5]);
    // The planes count modulo 256 and have 1,024 pixels: red, green and blue are alike, pixel by pixel.
    expect(pixelsOf(source, 1).slice(0, 6)).toEqual([2, 2, 2, 3, 3, 3]);
    const planes = Buffer.concat([Buffer.from([9]), Buffer.alloc(1024, 10), Buffer.alloc(1024, 20), Buffer.alloc(1024, 30)]);
    const test = await openCifar10(cifar10({ 'test_batch.bin': planes }), { split: 'test' });
    expect(pixelsOf(test, 0).slice(-6)).toEqual([10, 20, 30, 10, 20, 30]);
  });

  it('names the file and the record that is wrong', async () => {
    const bad = cifar10({ 'data_batch_3.bin': Buffer.concat([cifarRecord([1]), cifarRecord([10])]) });
    const file = path.join(bad, 'data_batch_3.bin');
    await expectDataError(openCifar10(bad, { split: 'train' }), { file, record: 1, reason: 'label-out-of-range' });
    write(bad, { 'data_batch_3.bin': Buffer.concat([cifarRecord([1]), cifarRecord([1]).subarray(1)]) });
    await expectDataError(openCifar10(bad, { split: 'train' }), { file, record: 1, reason: 'truncated' });
    write(bad, { 'data_batch_3.bin': new Uint8Array(0) });
    await expectDataError(openCifar10(bad, { split: 'train' }), { file, record: null, reason: 'truncated' });
    await expectDataError(openCifar10(tempFolder(), { split: 'test' }), {
      file: /test_batch\.bin$/,
      record: null,
      reason: 'not-found',
    });
  });

  it('skips and lists bad records', async () => {
    const bad = cifar10({
      'data_batch_2.bin': Buffer.concat([cifarRecord([77]), cifarRecord([6], 60)]),
      'data_batch_5.bin': cifarRecord([1]).subarray(9),
    });
    const source = await openCifar10(bad, { split: 'train', skipBad: true });
    expect(source.length).toBe(4);
    expect(source.label(1)).toBe(6);
    expect(pixelsOf(source, 1)[0]).toBe(60);
    expect(source.problems.map(({ file, record, reason }) => [path.basename(file), record, reason])).toEqual([
      ['data_batch_2.bin', 0, 'label-out-of-range'],
      ['data_batch_5.bin', 0, 'truncated'],
    ]);
  });
});

describe('openCifar100', () => {
  it('reads fine or coarse labels', async () => {
    const folder = cifar100();
    const fine = await openCifar100(folder, { split: 'train' });
    expect([fine.label(0), fine.label(1), fine.classes.length]).toEqual([99, 1, 100]);
    const coarse = await openCifar100(folder, { split: 'train', labels: 'coarse' });
    expect([coarse.label(0), coarse.label(1), coarse.classes.length]).toEqual([19, 0, 20]);
  });

  it('needs the names and labels within them', async () => {
    const folder = cifar100({ 'fine_label_names.txt': 'apple\n', 'train.bin': cifarRecord([20, 5]) });
    await expectDataError(openCifar100(folder, { split: 'train' }), { file: /fine_label/, reason: 'bad-classes' });
    await expectDataError(openCifar100(folder, { split: 'train', labels: 'coarse' }), {
      file: /train\.bin$/,
      record: 0,
      reason: 'label-out-of-range',
    });
    await expectDataError(openCifar100(tempFolder(), { split: 'test' }), { file: /fine_label/, reason: 'not-found' });
  });
});
