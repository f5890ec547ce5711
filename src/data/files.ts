import { constants } from 'node:buffer';
import fs from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import zlib from 'node:zlib';
import { DataError } from '../errors.js';

/** Bytes that deflate can make of one: a compressed file cannot hold more than this many times its size. */
const deflateLimit = 1032;

/** What lies at a path. */
export async function kindOf(file: string): Promise<'file' | 'folder' | null> {
  try {
    const stat = await fs.promises.stat(file);
    return stat.isDirectory() ? 'folder' : 'file';
  } catch (error) {
    if (isMissing(error)) return null;
    throw unreadable(file, error);
  }
}

/** The names in a folder, hidden ones left out, in the order of their code units: the same on every machine. */
export async function listFolder(folder: string): Promise<{ name: string; isFolder: boolean }[]> {
  try {
    const entries = await fs.promises.readdir(folder, { withFileTypes: true });
    const visible = entries.filter((entry) => !entry.name.startsWith('.'));
    const listed = await Promise.all(
      visible.map(async (entry) => ({
        name: entry.name,
        isFolder: entry.isSymbolicLink() ? (await kindOf(path.join(folder, entry.name))) === 'folder' : entry.isDirectory(),
      })),
    );
    return listed.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw unreadable(folder, error);
  }
}

export async function readBytes(file: string): Promise<Buffer> {
  try {
    return await fs.promises.readFile(file);
  } catch (error) {
    throw unreadable(file, error);
  }
}

/**
 * A whole file as UTF-8 text.
 * @throws DataError with reason `not-found`, `unreadable`, or `too-large` for more than a text of JavaScript can hold
 */
export async function readText(file: string): Promise<string> {
  let size: number;
  try {
    size = (await fs.promises.stat(file)).size;
  } catch (error) {
    throw unreadable(file, error);
  }
  if (size > constants.MAX_STRING_LENGTH) {
    const detail = `has ${size} bytes; a text of up to ${constants.MAX_STRING_LENGTH} can be read.`;
    throw new DataError(file, null, 'too-large', detail);
  }
  return (await readBytes(file)).toString('utf8');
}

/** Names or other short texts, one a line; null when there is no such file. */
export async function readLines(file: string): Promise<string[] | null> {
  if ((await kindOf(file)) !== 'file') return null;
  const lines = (await readText(file)).split(/\r?\n/);
  return lines.map((line) => line.trim()).filter((line) => line !== '');
}

export interface ByteStream {
  chunks: AsyncIterable<Buffer>;
  /** Bytes of the file as it lies there. */
  size: number;
  /** Bytes that nothing in a file of this size can exceed, compressed or not: what claims more is not worth allocating for. */
  limit: number;
}

/** A file's content, decompressed when the file is gzip (told by its first bytes, whatever its name). */
export async function openBytes(file: string): Promise<ByteStream> {
  let head: Buffer;
  let size: number;
  try {
    const handle = await fs.promises.open(file, 'r');
    try {
      size = (await handle.stat()).size;
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
      head = buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw unreadable(file, error);
  }
  const raw = fs.createReadStream(file, { highWaterMark: 1 << 18 });
  if (head[0] !== 0x1f || head[1] !== 0x8b) return { chunks: raw, size, limit: size * deflateLimit };
  return { chunks: gunzip(file, raw), size, limit: size * deflateLimit };
}

async function* gunzip(file: string, raw: Readable): AsyncGenerator<Buffer> {
  const unzipped = zlib.createGunzip({ chunkSize: 1 << 18 });
  raw.on('error', (error) => unzipped.destroy(error));
  try {
    for await (const chunk of raw.pipe(unzipped)) yield chunk as Buffer;
  } catch (error) {
    const text = (error as Error).message;
    const isCut = text.includes('unexpected end');
    throw new DataError(
      file,
      null,
      isCut ? 'truncated' : 'bad-gzip',
      isCut
        ? 'the compressed file ends too early. Download it again.'
        : `the compressed data is damaged (${text}). Download it again.`,
      { cause: error },
    );
  } finally {
    raw.destroy();
  }
}

function unreadable(file: string, error: unknown): DataError {
  if (isMissing(error)) return new DataError(file, null, 'not-found', 'there is no such file or folder.', { cause: error });
  return new DataError(file, null, 'unreadable', `cannot be read (${(error as Error).message}).`, { cause: error });
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
