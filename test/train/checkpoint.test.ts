import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../src/errors.js';
import { encodeSafetensors } from '../../src/formats/safetensors.js';
import { type CheckpointContent, normalization, readCheckpoint, writeCheckpoint } from '../../src/train/checkpoint.js';
import { startingProgress } from '../../src/train/progress.js';
import { runPath, stripesRecipe } from './helpers.js';

const values = (...data: number[]) => ({ shape: [data.length], data: Float32Array.from(data) });

const content: CheckpointContent = {
  model: { name: 'ftbnn-tiny', options: { widths: [8, 16], seed: 3 } },
  classes: ['a', 'ü "quoted"'],
  input: [8, 8, 1],
  source: [10, 10, 1],
  recipe: stripesRecipe(),
  images: { train: 7, validation: 3 },
  progress: { ...startingProgress(), step: 5, running: { loss: 0.1 + 0.2, correct: 1, images: 2, seconds: 0.3 } },
  holds: 'training',
  weights: new Map([
    ['stem.conv.weight', { shape: [1, 2], data: Float32Array.of(1.1, Number.MIN_VALUE) }],
    ['blocks.0.inactive', values(3)],
  ]),
  optimizer: new Map([['velocity/stem.conv.weight', values(-0, 2)]]),
  average: new Map([['stem.conv.weight', values(4, 5)]]),
};

function file(name: string): string {
  const folder = path.dirname(runPath());
  return path.join(folder, name);
}

async function reasonOf(bytes: Uint8Array): Promise<string> {
  const at = file('bad.safetensors');
  fs.writeFileSync(at, bytes);
  const error = await readCheckpoint(at).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(FormatError);
  expect((error as FormatError).file).toBe(at);
  return (error as FormatError).reason;
}

describe('checkpoints', () => {
  it('come back as they were written, numbers to the bit', async () => {
    const at = file('a.safetensors');
    await writeCheckpoint(at, content);
    expect(await readCheckpoint(at)).toEqual({ ...content, path: at });
  });

  it('tell the normalisation that a picture needs', () => {
    expect(normalization(stripesRecipe())).toMatchObject({ mean: [0.5], std: [0.25] });
    expect(normalization(stripesRecipe({ transforms: {} }))).toBeNull();
  });

  it('are refused when they are something else, cut short, or spoilt', async () => {
    const at = file('b.safetensors');
    await writeCheckpoint(at, content);
    const good = fs.readFileSync(at);
    expect(await reasonOf(encodeSafetensors({}, {}))).toBe('not-a-checkpoint');
    expect(await reasonOf(good.subarray(0, good.length - 3))).toBe('past-end');
    const header = (change: (text: string) => string) => {
      const length = Number(good.readBigUInt64LE());
      const text = change(good.subarray(8, 8 + length).toString());
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(BigInt(Buffer.byteLength(text)));
      return Buffer.concat([bytes, Buffer.from(text), good.subarray(8 + length)]);
    };
    expect(await reasonOf(header((text) => text.replace('"version":"1"', '"version":"9"')))).toBe('unknown-version');
    expect(await reasonOf(header((text) => text.replace('"input":"[8,8,1]"', '"input":"[8,8"')))).toBe('bad-checkpoint');
    expect(await reasonOf(header((text) => text.replace('"input":"[8,8,1]"', '"input":"[8,-8,1]"')))).toBe('bad-checkpoint');
    await expect(readCheckpoint(file('none.safetensors'))).rejects.toMatchObject({ reason: 'not-found' });
  });
});
