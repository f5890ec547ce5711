import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { FormatError } from '../errors.js';

/** Node reads no larger file at once. */
const maxBytes = 2 ** 31 - 1;

/**
 * The whole of a file.
 * @throws FormatError with reason `not-found`, `not-a-file`, `too-large` (2 GiB and more) or `unreadable`
 */
export async function readFileChecked(file: string): Promise<Uint8Array> {
  try {
    const stat = await fs.promises.stat(file);
    if (!stat.isFile()) throw new FormatError(file, 'not-a-file', 'is a folder or a device, not a file.');
    if (stat.size > maxBytes) throw new FormatError(file, 'too-large', `has ${stat.size} bytes; up to ${maxBytes} can be read.`);
    return await fs.promises.readFile(file);
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new FormatError(file, 'not-found', 'there is no such file.', { cause });
    throw new FormatError(file, 'unreadable', `cannot be read (${message}).`, { cause });
  }
}

/**
 * Replaces a file as a whole: whoever opens it, or finds it after a crash, a kill or a power cut at any moment, has the old
 * bytes or the new ones, never a part. A process killed midway may leave a hidden `.<name>.<random>.tmp` beside it, nothing
 * else. A symbolic link is followed. The folder must exist.
 * @throws FormatError with reason `not-writable`; the file is then the old one (or, if only making the new name durable failed, the
 *   new one), and nothing is left beside it
 */
export async function writeFileAtomic(file: string, bytes: Uint8Array): Promise<void> {
  let temporary: string | null = null;
  try {
    const target = await linkTarget(file);
    const folder = path.dirname(target);
    temporary = path.join(folder, `.${path.basename(target)}.${randomBytes(6).toString('hex')}.tmp`);
    await writeDurably(temporary, bytes);
    await fs.promises.rename(temporary, target);
    temporary = null;
    await syncFolder(folder);
  } catch (cause) {
    if (temporary !== null) await fs.promises.rm(temporary, { force: true }).catch(() => {});
    throw notWritable(file, cause);
  }
}

/** What to tell of a file that could not be written; a full disk gets a word of advice. */
export function notWritable(file: string, cause: unknown): FormatError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  const advice = isFull ? ' The disk is full: make room on it, then go on (train: --resume).' : '';
  return new FormatError(file, 'not-writable', `cannot be written (${message}).${advice}`, { cause });
}

/** Renaming onto a link would replace the link, and leave the file that it points to as it was. */
async function linkTarget(file: string): Promise<string> {
  try {
    return await fs.promises.realpath(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return path.resolve(file);
    throw error;
  }
}

async function writeDurably(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await fs.promises.open(file, 'wx');
  try {
    await handle.writeFile(bytes);
    // Without it a power cut could leave the new name on blocks that were never written.
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The rename itself is durable once the folder is. */
async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open a folder, and orders the rename itself.
  if (process.platform === 'win32') return;
  const handle = await fs.promises.open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
