import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { PixelSource, shareLabels } from '../../src/data/pixels.js';
import { Rng } from '../../src/tensor/rng.js';
import { readCheckpoint, type StoredState } from '../../src/train/checkpoint.js';
import { parseRecipe, type Recipe, type RecipeInput } from '../../src/train/recipe.js';

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true });
});

/** A path for a run: its parent exists, it does not. */
export function runPath(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gossamer-train-'));
  folders.push(folder);
  return path.join(folder, 'run');
}

/** Grey images of 8x8 in three classes, stripes along a row, a column or a diagonal, under noise. */
export function stripes(count: number, seed = 1): PixelSource {
  const rng = new Rng(seed);
  const side = 8;
  const pixels = new Uint8Array(new SharedArrayBuffer(count * side * side));
  const labels = Array.from({ length: count }, (_, record) => record % 3);
  for (const [record, label] of labels.entries()) {
    const phase = rng.integer(4);
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const at = [y, x, x + y][label]! + phase;
        pixels[(record * side + y) * side + x] = (at % 4 < 2 ? 160 : 60) + rng.integer(60);
      }
    }
  }
  return new PixelSource({
    kind: 'pixels',
    name: `stripes ${seed}`,
    classes: ['row', 'column', 'diagonal'],
    length: count,
    height: side,
    width: side,
    channels: 1,
    pixels: pixels.buffer as SharedArrayBuffer,
    labels: shareLabels(labels),
  });
}

/** A recipe for {@link stripes}: a 1-bit network of two blocks that learns them in a few steps. */
export function stripesRecipe(changes: Partial<RecipeInput> = {}): Recipe {
  return parseRecipe({
    name: 'stripes',
    model: { name: 'ftbnn-tiny', options: { widths: [8, 16], blocks: [1, 1], strides: [1, 2] } },
    transforms: {
      train: [
        { name: 'crop', padding: 1 },
        { name: 'normalize', mean: [0.5], std: [0.25] },
      ],
      evaluate: [{ name: 'normalize', mean: [0.5], std: [0.25] }],
    },
    optimizer: { name: 'adam', learningRate: 0.01 },
    epochs: 3,
    batchSize: 16,
    validation: { fraction: 0.2 },
    checkpoint: { everySeconds: null },
    ...changes,
  });
}

/** SHA-256 over names, shapes and bytes of all that a checkpoint holds. */
export async function digestOf(file: string): Promise<string> {
  const { weights, optimizer, average } = await readCheckpoint(file);
  return digest(weights, optimizer, average);
}

export function digest(...states: readonly StoredState[]): string {
  const hash = createHash('sha256');
  for (const state of states) {
    for (const [name, { shape, data }] of state) {
      hash.update(`${name} ${shape.join('x')};`).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  }
  return hash.digest('hex');
}
