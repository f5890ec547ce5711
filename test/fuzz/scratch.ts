import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** For the files of readers that take paths. */
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'gossamer-fuzz-'));

/** Writes a file into a folder of the scratch folder; its path. */
export function place(folder: string, name: string, bytes: Uint8Array | string): string {
  const file = path.join(scratch, folder, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, bytes);
  return file;
}

export function clearScratch(): void {
  fs.rmSync(scratch, { recursive: true, force: true });
}
