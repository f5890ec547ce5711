import fs from 'node:fs';
import path from 'node:path';
import { freezeCheckpoint } from '../../src/freeze/index.js';
import { type PretrainedName, pretrained } from '../../src/train/index.js';
import { tempFolder } from '../data/helpers.js';

/** A network that ships with the package, as a packed model; it takes pictures of 32 x 32. */
export async function frozen(name: PretrainedName): Promise<Uint8Array> {
  const file = path.join(tempFolder(), `${name}.safetensors`);
  await freezeCheckpoint(pretrained(name), file, { threads: 1 });
  return new Uint8Array(fs.readFileSync(file));
}
