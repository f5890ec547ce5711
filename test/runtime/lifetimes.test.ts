import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../src/engine/index.js';
import { encodePackedModel } from '../../src/formats/packed/model.js';
import { freeze } from '../../src/freeze/index.js';
import { createModel } from '../../src/models/index.js';
import { load } from '../../src/runtime/index.js';
import { tempFolder } from '../data/helpers.js';

const file = path.join(tempFolder(), 'small.safetensors');
const program = fileURLToPath(new URL('load-and-dispose.mjs', import.meta.url));
const MEBI = 2 ** 20;

beforeAll(async () => {
  const engine = await createEngine({ threads: 1 });
  const model = createModel('ftbnn-compact-cifar', { engine, seed: 4, widths: [16, 32], blocks: [1, 1], strides: [1, 2] });
  fs.writeFileSync(file, await encodePackedModel(freeze(model, { input: [8, 6, 3] })));
  engine.dispose();
});

describe.runIf(process.platform === 'linux')('loading and disposing', () => {
  it.each([
    [1, 1000],
    [2, 40],
  ])('leaves memory flat: %i threads, %i times', (threads, times) => {
    const words = ['--expose-gc', program, file, String(threads), String(times)];
    const { stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
    expect(stderr).toBe('');
    const { before, after } = JSON.parse(stdout) as Record<'before' | 'after', Record<string, number>>;
    // A kept model would be 100 KiB of JavaScript and a mebibyte of WebAssembly; the collector's own books waver by less than this for all of them.
    expect(after.heapUsed! - before.heapUsed!).toBeLessThan(1 * MEBI);
    expect(after.external! - before.external!).toBeLessThan(MEBI / 2);
    expect(after.arrayBuffers! - before.arrayBuffers!).toBeLessThan(MEBI / 8);
    // Each memory sets aside gibibytes of addresses: not one may be left.
    expect(after.virtual! - before.virtual!).toBeLessThan(1024 * MEBI);
  });
});

describe('many models', () => {
  it('answer side by side, each on a memory of its own', async () => {
    const bytes = fs.readFileSync(file);
    const models = await Promise.all(Array.from({ length: 200 }, () => load(bytes, { threads: 1 })));
    const image = { data: Uint8Array.from({ length: 8 * 6 * 3 }, (_, i) => (i * 37) % 256), width: 6, height: 8 };
    const answers = await Promise.all(models.map((model) => model.run(image)));
    for (const { data } of answers) expect(data).toEqual(answers[0]!.data);
    for (const model of models) model.dispose();
  });
});
