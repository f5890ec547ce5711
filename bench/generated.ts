import { mkdtemp, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Rng } from '../dist/node.js';

/** A folder in the form of CIFAR-10, of at least so many images of noise; the caller removes it. */
export async function generateCifar10(images: number): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'gossamer-bench-'));
  const recordBytes = 1 + 3 * 32 * 32;
  const records = Math.ceil(images / 5);
  const rng = new Rng(1);
  for (const name of [1, 2, 3, 4, 5].map((part) => `data_batch_${part}.bin`)) {
    const bytes = Uint8Array.from({ length: records * recordBytes }, (_, i) =>
      i % recordBytes === 0 ? (i / recordBytes) % 10 : rng.uint32() & 255,
    );
    await writeFile(path.join(folder, name), bytes);
  }
  return folder;
}
