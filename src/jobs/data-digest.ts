import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { DataError } from '../errors.js';

/**
 * SHA-256 of what lies in a place: a file's bytes, or all names and bytes of a folder (hidden files and folders left out).
 * @throws DataError with reason `not-found` or `unreadable`
 */
export async function digestOfPlace(place: string): Promise<string> {
  return digestOfFiles(place, filesIn(place));
}

/**
 * SHA-256 of the names, seen from `place`, and the bytes of files.
 * @throws DataError with reason `unreadable`
 */
export async function digestOfFiles(place: string, files: readonly string[]): Promise<string> {
  const whole = createHash('sha256');
  for (const file of files) {
    const hash = createHash('sha256');
    try {
      for await (const chunk of fs.createReadStream(file)) hash.update(chunk as Uint8Array);
    } catch (cause) {
      throw new DataError(file, null, 'unreadable', `cannot be read (${(cause as Error).message}).`, { cause });
    }
    // A name cannot hold a NUL, so that two lists of names never read alike.
    whole.update(`${path.relative(place, file).split(path.sep).join('/')}\0${hash.digest('hex')}\0`);
  }
  return whole.digest('hex');
}

function filesIn(place: string): string[] {
  try {
    if (!fs.statSync(place).isDirectory()) return [place];
    return fs
      .readdirSync(place, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
      .filter(
        (file) =>
          !path
            .relative(place, file)
            .split(path.sep)
            .some((part) => part.startsWith('.')),
      )
      .sort();
  } catch (cause) {
    throw new DataError(place, null, 'not-found', `there is no such file or folder (${(cause as Error).message}).`, { cause });
  }
}
