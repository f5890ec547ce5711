import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, createReferenceEngine } from '#dist/engine/index.js';
import { checkFile, type GoldenEngines } from './check.js';
import { hashed } from './hashed.js';

const cases = fileURLToPath(new URL('./cases/', import.meta.url));
const files = readdirSync(cases).filter((file) => file.endsWith('.safetensors'));
const scratch = mkdtempSync(path.join(os.tmpdir(), 'gossamer-golden-'));
let engines: GoldenEngines;

beforeAll(async () => {
  engines = {
    fast: await createEngine({ threads: 2 }),
    direct: await createEngine({ threads: 2, convolution: 'direct' }),
  };
});
afterAll(() => {
  engines.fast.dispose();
  engines.direct.dispose();
  rmSync(scratch, { recursive: true });
});

const reference = { fast: createReferenceEngine(), direct: createReferenceEngine() };

describe.each(files)('%s', (file) => {
  it('agrees on the wasm engine', async () => expect(await checkFile(engines, path.join(cases, file))).toEqual([]));
  it('agrees on the reference', async () => expect(await checkFile(reference, path.join(cases, file))).toEqual([]));
});

describe('the checker itself', () => {
  /** A case with its last tensor's last number moved by a thousandth of the largest. */
  function spoiled(file: string): string {
    const bytes = readFileSync(path.join(cases, file));
    const last = bytes.byteLength - 4;
    bytes.writeFloatLE(bytes.readFloatLE(last) * 1.01 + 0.01, last);
    const copy = path.join(scratch, file);
    writeFileSync(copy, bytes);
    return copy;
  }

  it.each(['conv2d-3x3-bias.safetensors', 'dynamic-group-conv2d.safetensors', 'optimizer-adam.safetensors'])(
    'sees that %s was changed',
    async (file) => expect((await checkFile(engines, spoiled(file))).length).toBeGreaterThan(0),
  );

  it('fails a case that it does not know, and a file that is none', async () => {
    const bytes = readFileSync(path.join(cases, 'linear.safetensors'));
    const unknown = path.join(scratch, 'unknown.safetensors');
    writeFileSync(unknown, Buffer.from(bytes.toString('latin1').replace('\\"linear\\"', '\\"linnet\\"'), 'latin1'));
    expect(await checkFile(engines, unknown)).toEqual(['nothing here knows the operation linnet']);
    const empty = path.join(scratch, 'empty.safetensors');
    writeFileSync(empty, '');
    expect((await checkFile(engines, empty)).length).toBe(1);
  });

  it('hashes as the golden set does', () => {
    // By hand, in 32-bit arithmetic: i = 0 and salt 0 hash to 0, so the first value is -scale.
    expect(hashed(1, 0, 2)[0]).toBe(-2);
    expect(new Set(hashed(1000, 7, 1)).size).toBeGreaterThan(990);
    expect(Math.max(...hashed(1000, 7, 3))).toBeLessThan(3);
  });
});
