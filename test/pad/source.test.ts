import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createLoader } from '../../src/data/batches.js';
import { balancedSampler } from '../../src/data/sampler.js';
import { ConfigError, ShapeError } from '../../src/errors.js';
import { prepareDataset } from '../../src/pad/prepare.js';
import { openPrepared, type Prepared } from '../../src/pad/prepared/open.js';
import { PadSource } from '../../src/pad/source.js';
import { looksPrepared, preparedData } from '../../src/pad/training-data.js';
import { drawnPng, drawVideos, expectDataError, tempFolder, write } from './helpers.js';

/** Four bona fide videos, one print and three replays to train, of three frames each; one of each to test; one frame to test has no face. */
const videos: readonly (readonly [name: string, split: string, species: string])[] = [
  ...[0, 1, 2, 3].map((i) => [`live-${i}`, 'train', ''] as const),
  ['print-0', 'train', 'print'],
  ...[0, 1, 2].map((i) => [`replay-${i}`, 'train', 'replay'] as const),
  ['test-live', 'test', ''],
  ['test-print', 'test', 'print'],
  ['test-replay', 'test', 'replay'],
];

let prepared: Prepared;
beforeAll(async () => {
  const root = await drawVideos(
    tempFolder(),
    videos.map(([name]) => name),
  );
  const rows = videos.map(([name, split, species]) => {
    const box = name === 'test-replay' ? '' : '10 10 44 44';
    return [name, split, species ? 'attack' : 'live', species, name, box].join(',');
  });
  write(root, { 'manifest.csv': `file,split,label,species,subject,box\n${rows.join('\n')}\n` });
  const out = path.join(tempFolder(), 'prepared');
  await prepareDataset({ dataset: 'manifest', root, out, size: 64, frames: 'all' });
  prepared = await openPrepared(out);
});

const open = (split: 'train' | 'dev' | 'test') => new PadSource(prepared, { split });

describe('PadSource', () => {
  it('has the crops of a split, with what is known of each', () => {
    const source = open('train');
    expect(source).toMatchObject({
      length: 24,
      height: 64,
      width: 64,
      channels: 3,
      classes: ['attack', 'bona-fide'],
      depthSide: 8,
    });
    for (let record = 0; record < source.length; record++) {
      const { id, label, species, subject } = source.presentation(record);
      expect(source.label(record)).toBe(id.startsWith('live') ? 1 : 0);
      expect([label, species, subject]).toEqual(
        id.startsWith('live') ? ['bona-fide', null, id] : ['attack', id.split('-')[0], id],
      );
      expect(source.frame(record)).toBe(record % 3);
    }
  });

  it('gives the pixels that were stored, here and in the threads of a loader', async () => {
    const source = open('test');
    const { shard } = { shard: prepared.manifest.shards[0]! };
    const bytes = fs.readFileSync(path.join(prepared.folder, shard.file));
    const row = 24;
    const stored = bytes.subarray(shard.images + row * 64 * 64 * 3, shard.images + (row + 1) * 64 * 64 * 3);
    const out = new Uint8Array(64 * 64 * 3);
    await source.read(0, out);
    expect(Buffer.from(out)).toEqual(Buffer.from(stored));
    const loader = createLoader(source, { batchSize: 6, workers: 2 });
    for await (const { images, labels } of loader.epoch(0)) {
      expect([...labels]).toEqual([1, 1, 1, 0, 0, 0]);
      for (let i = 0; i < out.length; i += 101) expect(images[i]).toBeCloseTo(out[i]! / 255, 6);
    }
    await loader.close();
  });

  it('gives depth maps of the stored size, or a part of it by averaging', async () => {
    const source = open('test');
    const [full, half] = [new Float32Array(64), new Float32Array(16)];
    await source.readDepth(0, 8, full);
    await source.readDepth(0, 4, half);
    expect(Math.max(...full)).toBeGreaterThan(0.9);
    expect(Math.min(...full)).toBe(0);
    for (let y = 0; y < 4; y++) {
      for (let x = 0; x < 4; x++) {
        const four = [0, 1].flatMap((i) => [0, 1].map((j) => full[(2 * y + i) * 8 + 2 * x + j]!));
        expect(half[y * 4 + x]).toBeCloseTo(four.reduce((sum, value) => sum + value, 0) / 4, 6);
      }
    }
    await source.readDepth(3, 8, full);
    expect(Math.max(...full)).toBe(0);
    for (const side of [3, 16, 0.5]) await expect(source.readDepth(0, side, full)).rejects.toThrow(ShapeError);
  });

  it('lists the frames that have no crop: they are failures to acquire', () => {
    const { failures, length } = open('test');
    expect(length).toBe(6);
    expect(failures.map(({ presentation: { id }, frame, failure }) => [id, frame, failure])).toEqual(
      [0, 1, 2].map((frame) => ['test-replay', frame, 'no-box']),
    );
  });

  it('refuses splits without a face and unknown protocols', () => {
    expect(() => open('dev')).toThrow(ConfigError);
    expect(() => new PadSource(prepared, { split: 'train', protocol: 'al' })).toThrow('Did you mean "all"?');
    const [protocol] = prepared.manifest.protocols;
    const two = { ...prepared, manifest: { ...prepared.manifest, protocols: [protocol!, { ...protocol!, name: 'other' }] } };
    expect(() => new PadSource(two, { split: 'train' })).toThrow('name one of all, other');
  });

  it('takes only the first frames where a protocol says so', () => {
    const limited = (splits: ('train' | 'dev' | 'test')[]) => ({
      ...prepared,
      manifest: { ...prepared.manifest, protocols: [{ name: 'all', description: '', frameLimit: { splits, frames: 2 } }] },
    });
    const source = new PadSource(limited(['train', 'dev']), { split: 'train' });
    expect(source.length).toBe(16);
    expect(new Set(Array.from({ length: 16 }, (_, record) => source.frame(record)))).toEqual(new Set([0, 1]));
    expect(new PadSource(limited(['train', 'dev']), { split: 'test' }).length).toBe(6);
  });

  it('says when a shard was cut short meanwhile', async () => {
    const root = write(tempFolder(), { 'a.png': (await drawnPng(1)).png });
    write(root, { 'manifest.csv': 'file,split,label,species,box\na.png,train,live,,10 10 40 40\n' });
    const out = path.join(tempFolder(), 'prepared');
    await prepareDataset({ dataset: 'manifest', root, out, size: 64 });
    const source = new PadSource(await openPrepared(out), { split: 'train' });
    fs.truncateSync(path.join(out, 'shard-00000.safetensors'), 1000);
    await expectDataError(source.read(0, new Uint8Array(64 * 64 * 3)), { reason: 'truncated' });
    fs.rmSync(path.join(out, 'shard-00000.safetensors'));
    await expectDataError(source.readDepth(0, 8, new Float32Array(64)), { reason: 'unreadable' });
  });
});

describe('target maps and frames', () => {
  const faceCrop = { scale: 1.4, aspect: 'keep', fill: 'edge' };
  it('are those of the stored crops', async () => {
    const source = open('train');
    expect([source.maps!.height, source.maps!.width, source.faceCrop]).toEqual([8, 8, faceCrop]);
    const [bytes, depth] = [new Uint8Array(64), new Float32Array(64)];
    for (const record of [0, 5, 23]) {
      await source.maps!.read(record, bytes);
      await source.readDepth(record, 8, depth);
      expect([...depth].map((value) => Math.round(value * 255))).toEqual([...bytes]);
      const { id, species, subject } = source.presentation(record);
      const { frames } = source;
      expect([frames.video(record), frames.species(record), frames.subject(record)]).toEqual([id, species, subject]);
    }
  });

  it('come through a loader of workers, of videos chosen by a sampler', async () => {
    const source = open('train');
    const indices = Int32Array.from({ length: source.length }, (_, record) => record);
    const sampler = balancedSampler(source, { indices, seed: 5, frames: 'one-per-video', balance: 'species' });
    const batchesOf = async (workers: number) => {
      const loader = createLoader(source, { batchSize: 3, workers, sampler, mapSize: { height: 4, width: 4 } });
      const batches: number[][] = [];
      for await (const { records, maps } of loader.epoch(1)) batches.push([...records, ...maps!.values]);
      await loader.close();
      return batches;
    };
    const batches = await batchesOf(0);
    expect(batches.flatMap((batch) => batch.slice(0, batch.length / 17))).toEqual([...sampler.order(1)]);
    expect(await batchesOf(2)).toEqual(batches);
    expect(() => createLoader(source, { batchSize: 3, sampler, shuffle: true })).toThrow(ConfigError);
  });
});

describe('preparedData', () => {
  it('has the splits of a folder, and says of one that is not there that it is not', async () => {
    const data = preparedData(prepared.folder);
    expect(looksPrepared(prepared.folder)).toBe(true);
    expect(looksPrepared(path.dirname(prepared.folder))).toBe(false);
    expect((await data.open({ split: 'train' })).length).toBe(24);
    await expectDataError(data.openValidation!({}), { reason: 'no-split' });
    await expect(preparedData(prepared.folder, 'none').open({ split: 'train' })).rejects.toThrow(/no protocol "none"/);
  });
});
