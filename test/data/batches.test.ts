import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterEach, describe, expect, it } from 'vitest';
import { createLoader, type Loader, type LoaderOptions } from '../../src/data/batches.js';
import { openFolder } from '../../src/data/folder.js';
import type { WorkerPool } from '../../src/data/pool.js';
import type { Source } from '../../src/data/source.js';
import type { TransformInput } from '../../src/data/transforms.js';
import { ConfigError, LifetimeError } from '../../src/errors.js';
import { expectDataError, madeSource, tempFolder, write } from './helpers.js';

const augment: TransformInput[] = [
  { name: 'crop', padding: 2 },
  { name: 'flip' },
  { name: 'color-jitter', brightness: 0.3 },
  { name: 'normalize', mean: [0.4, 0.5, 0.6], std: [0.2, 0.2, 0.2] },
  { name: 'erasing' },
];

const open: Loader[] = [];

afterEach(async () => {
  for (const loader of open.splice(0)) await loader.close();
});

function loaderOf(source: Source, options: Partial<LoaderOptions> = {}): Loader {
  const loader = createLoader(source, { batchSize: 8, transforms: augment, seed: 7, shuffle: true, ...options });
  open.push(loader);
  return loader;
}

interface Seen {
  index: number;
  shape: number[];
  labels: number[];
  records: number[];
  images: number[];
}

async function collect(loader: Loader, epoch = 0, startBatch = 0): Promise<Seen[]> {
  const seen: Seen[] = [];
  for await (const { index, shape, labels, records, images } of loader.epoch(epoch, { startBatch })) {
    seen.push({ index, shape: [...shape], labels: [...labels], records: [...records], images: [...images] });
  }
  return seen;
}

describe('a part of every batch', () => {
  it('is what all of them make together, whatever their number', async () => {
    const source = madeSource(21);
    const whole = await collect(loaderOf(source, { dropLast: true }));
    for (const count of [2, 3, 8]) {
      const parts: Seen[][] = [];
      for (let index = 0; index < count; index++) {
        parts.push(await collect(loaderOf(source, { dropLast: true, part: { index, count } })));
      }
      const joined = whole.map(({ index, shape }, batch) => {
        const of = parts.map((part) => part[batch]!);
        expect(of.map(({ labels }) => labels.length).every((images) => Math.abs(images - 8 / count) < 1)).toBe(true);
        const join = (key: 'labels' | 'records' | 'images') => of.flatMap((part) => part[key]);
        return { index, shape, labels: join('labels'), records: join('records'), images: join('images') };
      });
      expect(joined).toEqual(whole);
    }
  });

  it('is never empty', () => {
    const options = { batchSize: 4, transforms: [] };
    const part = { index: 0, count: 5 };
    expect(() => createLoader(madeSource(21), { ...options, dropLast: true, part })).toThrow(
      'batchSize: got 4, needs at least 5',
    );
    expect(() => createLoader(madeSource(21), { ...options, part: { index: 0, count: 2 } })).toThrow('part: needs dropLast');
  });
});

describe('createLoader', () => {
  it('gives every record once, with its label, the last batch short', async () => {
    const source = madeSource(21);
    const seen = await collect(loaderOf(source));
    expect(seen.map(({ index, shape }) => [index, shape])).toEqual([
      [0, [8, 8, 8, 3]],
      [1, [8, 8, 8, 3]],
      [2, [5, 8, 8, 3]],
    ]);
    const records = seen.flatMap((batch) => batch.records);
    expect(records).not.toEqual([...records].sort((a, b) => a - b));
    expect([...records].sort((a, b) => a - b)).toEqual(Array.from({ length: 21 }, (_, i) => i));
    expect(seen.flatMap((batch) => batch.labels)).toEqual(records.map((record) => record % 4));
    expect(seen[2]!.images.length).toBe(5 * 192);
  });

  it('keeps the order without shuffle, drops the last batch, takes only the indices', async () => {
    const source = madeSource(21);
    const seen = await collect(
      loaderOf(source, { shuffle: false, dropLast: true, transforms: [], indices: [3, 1, 20, 5], batchSize: 3 }),
    );
    expect(seen.map((batch) => batch.records)).toEqual([[3, 1, 20]]);
    const bytes = new Uint8Array(192);
    source.read(1, bytes);
    expect(seen[0]!.images.slice(192, 384).map((value) => Math.round(value * 255))).toEqual([...bytes]);
  });

  it('gives the same batches whatever the workers, the prefetch and what ran before', async () => {
    const source = madeSource();
    const expected = await collect(loaderOf(source, { workers: 0 }), 3);
    for (const options of [{ workers: 1 }, { workers: 3, prefetch: 1 }, { workers: 2, prefetch: 7 }]) {
      const loader = loaderOf(source, options);
      await collect(loader, 1);
      expect(await collect(loader, 3)).toEqual(expected);
    }
    expect(await collect(loaderOf(source, { workers: 0 }), 4)).not.toEqual(expected);
    expect(await collect(loaderOf(source, { workers: 0, seed: 8 }), 3)).not.toEqual(expected);
  });

  it('augments a record alike whatever the batch size', async () => {
    const byRecord = async (batchSize: number) => {
      const images = new Map<number, number[]>();
      for (const { records, images: values } of await collect(loaderOf(madeSource(), { batchSize, workers: 0 }))) {
        records.forEach((record, i) => {
          images.set(record, values.slice(i * 192, (i + 1) * 192));
        });
      }
      return [...images].sort(([a], [b]) => a - b);
    };
    expect(await byRecord(7)).toEqual(await byRecord(16));
  });

  it('resumes an epoch exactly', async () => {
    const source = madeSource();
    const whole = await collect(loaderOf(source), 2);
    for (const startBatch of [1, 3, 5]) expect(await collect(loaderOf(source), 2, startBatch)).toEqual(whole.slice(startBatch));
  });

  it('is there again after a loop was left, and runs one epoch at a time', async () => {
    const loader = loaderOf(madeSource());
    const whole = await collect(loader, 1);
    for await (const batch of loader.epoch(0)) {
      if (batch.index === 1) break;
    }
    expect(await collect(loader, 1)).toEqual(whole);
    for await (const _ of loader.epoch(0)) {
      await expect(collect(loader, 1)).rejects.toThrow(LifetimeError);
      break;
    }
    await loader.close();
    await expect(collect(loader, 1)).rejects.toThrow(LifetimeError);
  });

  it('keeps a batch unchanged until the next is asked for', async () => {
    const source = madeSource();
    const expected = await collect(loaderOf(source, { workers: 0 }));
    for await (const batch of loaderOf(source, { prefetch: 1 }).epoch(0)) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect([...batch.images]).toEqual(expected[batch.index]!.images);
    }
  });

  it.each<[Partial<LoaderOptions>, string]>([
    [{ batchSize: 0 }, 'batchSize'],
    [{ batchSize: 2.5 }, 'batchSize'],
    [{ workers: -1 }, 'workers'],
    [{ prefetch: 0 }, 'prefetch'],
    [{ seed: Number.NaN }, 'seed'],
    [{ indices: [0, 40] }, 'indices'],
    [{ indices: [] }, 'batchSize'],
    [{ batchSize: 41, dropLast: true }, 'batchSize'],
    [{ transforms: [{ name: 'center-crop', size: 9 }] }, 'transforms.0.size'],
  ])('refuses %j', (options, key) => {
    try {
      loaderOf(madeSource(), options);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      expect((error as ConfigError).key).toBe(key);
    }
  });

  it('refuses a resume point that is none', () => {
    expect(() => loaderOf(madeSource()).epoch(0, { startBatch: -1 })).toThrow(ConfigError);
  });
});

describe('workers', () => {
  it('decode pictures alike, whatever their number', async () => {
    const folder = tempFolder();
    for (let i = 0; i < 20; i++) {
      const pixels = Buffer.from(Array.from({ length: 300 }, (_, j) => (i * 37 + j * 11) % 256));
      write(folder, {
        [`${i % 2}/${i}.png`]: await sharp(pixels, { raw: { width: 10, height: 10, channels: 3 } })
          .png()
          .toBuffer(),
      });
    }
    const source = await openFolder(folder, { size: 8 });
    const expected = await collect(loaderOf(source, { workers: 0 }));
    expect(await collect(loaderOf(source, { workers: 2 }))).toEqual(expected);
  });

  it.each([0, 2])('(%i of them) report a bad picture with file and record, and go on with the next epoch', async (workers) => {
    const good = await sharp({ create: { width: 4, height: 4, channels: 3, background: '#fff' } })
      .png()
      .toBuffer();
    const folder = write(tempFolder(), Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`a/${10 + i}.png`, good])));
    const source = await openFolder(folder);
    const [first, second] = [path.join(folder, 'a/20.png'), path.join(folder, 'a/21.png')];
    write(folder, { 'a/20.png': 'no longer a picture', 'a/21.png': 'neither' });
    const loader = loaderOf(source, { workers, shuffle: false, batchSize: 4 });
    for (let epoch = 0; epoch < 2; epoch++) {
      const batches: number[] = [];
      const work = (async () => {
        for await (const batch of loader.epoch(epoch)) batches.push(batch.index);
      })();
      await expectDataError(work, { file: first, record: 10, reason: 'undecodable' });
      expect(batches).toEqual([0, 1]);
    }
    fs.rmSync(first);
    await expectDataError(collect(loader), { file: first, record: 10, reason: 'not-found' });
    write(folder, { 'a/20.png': good });
    await expectDataError(collect(loader), { file: second, record: 11, reason: 'undecodable' });
  });

  it('are replaced when they are killed in the middle of an epoch: not a value changes', async () => {
    const source = madeSource(200);
    const expected = await collect(loaderOf(source, { workers: 0 }));
    const loader = loaderOf(source, { workers: 2 });
    const pool = loader.filler as WorkerPool;
    const images: number[][] = [];
    for await (const batch of loader.epoch(0)) {
      images.push([...batch.images]);
      if (batch.index === 3 || batch.index === 12) await Promise.all(pool.threads.map((thread) => thread.terminate()));
    }
    expect(images).toEqual(expected.map((batch) => batch.images));
  });

  it('let a finished program end, waited for or not', () => {
    const dist = fileURLToPath(new URL('../../dist/data/index.js', import.meta.url));
    const program = `
      const { createLoader, fashionMnistSample, openSource } = await import(${JSON.stringify(dist)});
      const source = await openSource(fashionMnistSample(), { split: 'test' });
      const loader = createLoader(source, { batchSize: 100, workers: 2 });
      let images = 0;
      for await (const batch of loader.epoch(0)) images += batch.labels.length;
      for await (const batch of loader.epoch(1)) break;
      console.log(images);`;
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '2000\n', stderr: '' });
  });
});
