import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../src/engine/index.js';
import { ConfigError, DTypeError, FormatError, LifetimeError, ShapeError, UnsupportedError } from '../../src/errors.js';
import { encodePackedModel } from '../../src/formats/packed/model.js';
import { freeze } from '../../src/freeze/index.js';
import { createModel } from '../../src/models/index.js';
import { planArena } from '../../src/runtime/arena.js';
import { load } from '../../src/runtime/index.js';
import { checkMemory } from '../../src/runtime/memory.js';
import { paddedModel } from './padded.js';

let engine: Engine;
let file: Uint8Array;
/** The same with names of the classes. */
let named: Uint8Array;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
  const model = createModel('ftbnn-compact-cifar', { engine, seed: 4, widths: [16, 32], blocks: [1, 1], strides: [1, 2] });
  const contract = { mean: [0.5, 0.25, 0], std: [0.5, 1, 2] };
  const labels = Array.from({ length: 10 }, (_, i) => `class ${i}`);
  const input = [8, 6, 3];
  file = await encodePackedModel(freeze(model, { input, contract, provenance: { made: 'here' } }));
  named = await encodePackedModel(freeze(model, { input, contract: { ...contract, labels } }));
});
afterAll(() => engine.dispose());

const bytes = (channels: number) => Uint8Array.from({ length: 48 * channels }, (_, i) => (i * 37) % 256);

/** What the contract makes of `bytes(3)`. */
function normalized(): Float32Array {
  const [mean, std] = [
    [0.5, 0.25, 0],
    [0.5, 1, 2],
  ];
  return Float32Array.from(bytes(3), (byte, i) => (byte / 255 - mean[i % 3]!) / std[i % 3]!);
}

describe('a loaded model', () => {
  it('takes bytes, with an opacity or without, and values that are normalised already', async () => {
    const model = await load(file, { threads: 1 });
    const rgb = bytes(3);
    const rgba = Uint8ClampedArray.from({ length: 48 * 4 }, (_, i) => (i % 4 === 3 ? 9 : rgb[Math.floor(i / 4) * 3 + (i % 4)]!));
    const size = { width: 6, height: 8 };
    const answers = await Promise.all([
      model.run({ data: rgb, ...size }),
      model.run({ data: rgba, ...size }),
      model.run({ data: normalized(), shape: [1, 8, 6, 3] }),
    ]);
    expect(answers.map(({ shape }) => shape)).toEqual([
      [1, 10],
      [1, 10],
      [1, 10],
    ]);
    expect(answers[1]).toEqual(answers[0]);
    for (const [i, value] of answers[2]!.data.entries()) expect(value).toBeCloseTo(answers[0]!.data[i]!, 3);
    model.dispose();
  });

  it('answers for each of several images as for it alone, to the bit, at any number of threads', async () => {
    const images = [0, 1, 2].map((shift) => ({ data: bytes(3).map((byte) => byte ^ shift), width: 6, height: 8 }));
    const one = await load(file, { threads: 1 });
    const two = await load(file, { threads: 2 });
    const together = await one.run(images);
    expect(together.shape).toEqual([3, 10]);
    expect((await two.run(images)).data).toEqual(together.data);
    for (const [i, image] of images.entries()) {
      expect((await one.run(image)).data).toEqual(together.data.slice(10 * i, 10 * (i + 1)));
    }
    one.dispose();
    two.dispose();
  });

  it('refuses images that it does not take', async () => {
    const model = await load(named, { threads: 1 });
    await expect(model.run({ data: bytes(1), width: 6, height: 8 })).rejects.toThrow(ShapeError);
    await expect(model.classify('frog.png' as never)).rejects.toThrow(ConfigError);
    await expect(model.profile({ data: new Float64Array(144) as never, width: 6, height: 8 })).rejects.toThrow(DTypeError);
    model.dispose();
  });

  it('takes images of any size, in lists of several, as if each had come alone', async () => {
    const model = await load(file, { threads: 1 });
    const images = [
      { data: bytes(3), width: 6, height: 8 },
      { data: Uint8Array.from({ length: 30 * 20 * 4 }, (_, i) => (i * 11) % 256), width: 30, height: 20 },
      { data: new Uint8ClampedArray(3).fill(99), width: 1, height: 1 },
    ];
    const { data, shape } = await model.run(images);
    expect(shape).toEqual([3, 10]);
    for (const [i, image] of images.entries()) expect((await model.run(image)).data).toEqual(data.slice(10 * i, 10 * (i + 1)));
    model.dispose();
  });

  it('names the classes of what is on images, the best first', async () => {
    const model = await load(named, { threads: 1 });
    const image = { data: bytes(3), width: 6, height: 8 };
    const { data } = await model.run(image);
    const [all, again] = await model.classify([image, image], { top: 10 });
    expect(again).toEqual(all);
    expect(all!.map(({ score }) => score)).toEqual(all!.map(({ score }) => score).sort((a, b) => b - a));
    expect(all!.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 10);
    expect(new Set(all!.map(({ name }) => name)).size).toBe(10);
    const best = data.indexOf(Math.max(...data));
    expect(await model.classify(image)).toEqual([[{ label: best, name: `class ${best}`, score: all![0]!.score }]]);
    await expect(model.classify(image, { top: 0 })).rejects.toThrow(/top: got 0, needs a whole number from 1 on/);
    const nameless = await load(file, { threads: 1 });
    await expect(nameless.classify(image)).rejects.toThrow(UnsupportedError);
    model.dispose();
    nameless.dispose();
  });

  it('answers calls in their order, and fails those that wait when it is disposed of', async () => {
    const model = await load(file, { threads: 1 });
    const image = { data: bytes(3), width: 6, height: 8 };
    const order: number[] = [];
    const calls = Array.from({ length: 5 }, (_, i) =>
      model.run(i % 2 ? image : [image, image]).then(
        () => order.push(i),
        (error: unknown) => {
          order.push(-i);
          throw error;
        },
      ),
    );
    await calls[1];
    model.dispose();
    const results = await Promise.allSettled(calls);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected', 'rejected']);
    for (const result of results.slice(2)) expect((result as PromiseRejectedResult).reason).toBeInstanceOf(LifetimeError);
    expect(order).toEqual([0, 1, -2, -3, -4]);
  });

  it('tells what it is, and refuses to answer once it is disposed of', async () => {
    const model = await load(file, { threads: 1 });
    expect(model.facts).toMatchObject({
      input: [8, 6, 3],
      output: [10],
      provenance: { made: 'here' },
      digest: expect.any(String),
    });
    expect(model.facts.arenaBytes).toBeGreaterThan(0);
    model.dispose();
    model.dispose();
    await expect(model.run({ data: bytes(3), width: 6, height: 8 })).rejects.toThrow(LifetimeError);
  });

  it('keeps to its memory, run after run and batch after batch', async () => {
    const model = await load(file, { threads: 1 });
    const image = { data: bytes(3), width: 6, height: 8 };
    await model.run(image);
    const { bytesInUse } = model.facts.engine.memory;
    for (let i = 0; i < 20; i++) await model.run(i % 2 ? image : [image, image]);
    await model.run(image);
    expect(model.facts.engine.memory.bytesInUse).toBe(bytesInUse);
    model.dispose();
  });
});

describe('where a model is loaded from', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gossamer-load-'));
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

  it('is a file, by its address, or bytes', async () => {
    const place = path.join(folder, 'model.safetensors');
    fs.writeFileSync(place, file);
    const address = pathToFileURL(place);
    const image = { data: bytes(3), width: 6, height: 8 };
    const answers = [];
    for (const source of [file, Uint8Array.from(file).buffer, address, address.href]) {
      const model = await load(source, { threads: 1, relaxedSimd: 'off' });
      answers.push(await model.run(image));
      model.dispose();
    }
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });

  it.each<[string, string | URL, { readonly message?: RegExp; readonly [field: string]: unknown }]>([
    ['an address where nothing is', pathToFileURL(path.join(folder, 'absent')), { code: 'FORMAT', reason: 'not-found' }],
    ['a server that does not answer', 'http://127.0.0.1:1/model', { code: 'FORMAT', reason: 'not-found' }],
    ['a path', 'model.safetensors', { code: 'CONFIG', key: 'source', message: /"model.safetensors".*pathToFileURL/ }],
    ['no source at all', undefined as unknown as URL, { code: 'CONFIG', key: 'source' }],
  ])('is refused: %s', async (_what, source, { message = /./, ...fields }) => {
    const error = await load(source, { threads: 1 }).catch((refusal: unknown) => refusal);
    expect(error).toMatchObject({ ...fields, message: expect.stringMatching(message) });
  });
});

describe('what one image may take', () => {
  const MiB = 2 ** 20;

  it('is refused before it is taken, whether the steps claim it or what the image is made of', async () => {
    for (const hostile of [await paddedModel(16384), await paddedModel(8192), await paddedModel(2, [16384, 16384])]) {
      expect(hostile.length).toBeLessThan(1100);
      const before = process.memoryUsage();
      await expect(load(hostile, { threads: 1, name: 'm' })).rejects.toMatchObject({
        reason: 'too-much-memory',
        message: expect.stringMatching(/^m: takes \d+ MiB for one image, more than the 256 MiB that a file of its size may/),
      });
      const { rss, external } = process.memoryUsage();
      expect(Math.max(rss - before.rss, external - before.external)).toBeLessThan(64 * MiB);
    }
  });

  it('is what the user allows', async () => {
    const wide = await paddedModel(1024);
    await expect(load(wide, { threads: 1, memoryPerImage: 4 * MiB })).rejects.toThrow(
      /5 MiB .* more than the 4 MiB that it was allowed/,
    );
    for (const memoryPerImage of [5 * MiB, Number.POSITIVE_INFINITY, undefined]) {
      const model = await load(wide, { threads: 1, memoryPerImage });
      expect((await model.run({ data: new Uint8Array(4).fill(255), width: 2, height: 2 })).data[0]).toBeCloseTo(4 / MiB, 9);
      model.dispose();
    }
    for (const memoryPerImage of [0, -1, Number.NaN]) {
      await expect(load(wide, { threads: 1, memoryPerImage })).rejects.toMatchObject({ key: 'memoryPerImage' });
    }
  });

  it('grows with the file', () => {
    const check = (needed: number, bytes: number) => () => checkMemory(needed, null, { place: 'm', bytes });
    expect(check(256 * MiB, 1)).not.toThrow();
    expect(check(256 * MiB + 1, 1)).toThrow(FormatError);
    expect(check(640 * MiB, 10 * MiB)).not.toThrow();
    expect(check(640 * MiB + 1, 10 * MiB)).toThrow(FormatError);
  });
});

describe('planArena', () => {
  it('puts nothing in the same place at the same time, and reuses what is free', () => {
    const lifetimes = Array.from({ length: 60 }, (_, i) => ({
      bytes: ((i * 7919) % 13) * 100,
      first: i,
      last: i + ((i * 31) % 7),
    }));
    const { offsets, bytes: total } = planArena(lifetimes);
    for (const [i, a] of lifetimes.entries()) {
      expect(offsets[i]! + a.bytes).toBeLessThanOrEqual(total);
      for (const [j, b] of lifetimes.entries()) {
        const meets = i !== j && a.first <= b.last && b.first <= a.last;
        const overlaps = offsets[i]! < offsets[j]! + b.bytes && offsets[j]! < offsets[i]! + a.bytes;
        if (meets && a.bytes > 0 && b.bytes > 0) expect(overlaps, `${i} and ${j}`).toBe(false);
      }
    }
    expect(total).toBeLessThan(lifetimes.reduce((sum, lifetime) => sum + lifetime.bytes, 0) / 4);
  });
});
