import fs from 'node:fs';
import path from 'node:path';
import { DataError } from '../errors.js';
import { openBytes } from './files.js';

const blockBytes = 512;

/** A member that is wanted: its name in the archive, and its size where that is known. */
export interface WantedMember {
  readonly name: string;
  readonly bytes?: number;
}

/**
 * Unpacks the wanted members of a .tar or .tar.gz (ustar) into `folder`, flat, under their last names; anything else in it
 * is passed over and never written.
 * @throws DataError with reason `bad-archive` (not a tar, damaged, a name that leads outside, a size that is wrong),
 *   `truncated`, or `missing-member`
 */
export async function unpackTar(file: string, wanted: readonly WantedMember[], folder: string): Promise<void> {
  const byName = new Map(wanted.map((member) => [member.name, member]));
  const reader = new BlockReader(file, (await openBytes(file)).chunks);
  try {
    await unpackAll(file, reader, byName, folder);
  } finally {
    await reader.close();
  }
  const [missing] = byName.keys();
  if (missing !== undefined) throw new DataError(file, null, 'missing-member', `"${missing}" is not in the archive.`);
}

/** Takes what it writes out of `wanted`. */
async function unpackAll(file: string, reader: BlockReader, wanted: Map<string, WantedMember>, folder: string): Promise<void> {
  for (;;) {
    const header = await reader.take(blockBytes);
    if (header === null || header.every((byte) => byte === 0)) break;
    const entry = parseHeader(file, header);
    const member = entry.isFile ? wanted.get(entry.name) : undefined;
    if (member?.bytes !== undefined && member.bytes !== entry.bytes) {
      throw new DataError(
        file,
        null,
        'bad-archive',
        `"${entry.name}" has ${entry.bytes} bytes in it, ${member.bytes} were expected.`,
      );
    }
    const output = member ? await fs.promises.open(path.join(folder, path.posix.basename(entry.name)), 'wx') : null;
    try {
      await reader.pass(entry.bytes, output);
    } finally {
      await output?.close();
    }
    if (member) wanted.delete(entry.name);
    await reader.pass((blockBytes - (entry.bytes % blockBytes)) % blockBytes, null);
  }
}

interface TarEntry {
  name: string;
  bytes: number;
  isFile: boolean;
}

function parseHeader(file: string, header: Buffer): TarEntry {
  const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 32 : byte), 0);
  if (octal(header, 148, 8) !== sum) throw new DataError(file, null, 'bad-archive', 'it is no tar archive, or a damaged one.');
  const isUstar = text(header, 257, 5) === 'ustar';
  const prefix = isUstar ? text(header, 345, 155) : '';
  const name = (prefix ? `${prefix}/` : '') + text(header, 0, 100);
  const bytes = octal(header, 124, 12);
  if (!Number.isSafeInteger(bytes)) throw new DataError(file, null, 'bad-archive', `the size of "${name}" is not a number.`);
  if (name.startsWith('/') || name.includes('\\') || name.split('/').includes('..')) {
    throw new DataError(file, null, 'bad-archive', `"${name}" leads out of the folder.`);
  }
  return { name: path.posix.normalize(name), bytes, isFile: ['', '0'].includes(text(header, 156, 1)) };
}

function text(header: Buffer, at: number, bytes: number): string {
  const field = header.subarray(at, at + bytes);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? bytes : end);
}

/** NaN where there is no octal number. */
function octal(header: Buffer, at: number, bytes: number): number {
  const digits = text(header, at, bytes).trim();
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
}

/** Takes a stream apart by counts of bytes. */
class BlockReader {
  private readonly chunks: AsyncIterator<Buffer>;
  private chunk: Buffer = Buffer.alloc(0);

  constructor(
    private readonly file: string,
    chunks: AsyncIterable<Buffer>,
  ) {
    this.chunks = chunks[Symbol.asyncIterator]();
  }

  /** Null at the end of the stream. */
  async take(bytes: number): Promise<Buffer | null> {
    const parts: Buffer[] = [];
    let left = bytes;
    while (left > 0) {
      const part = await this.some(left);
      if (part === null) {
        if (left === bytes) return null;
        throw this.truncated();
      }
      parts.push(part);
      left -= part.length;
    }
    return Buffer.concat(parts);
  }

  /** Moves `bytes` bytes to `output`, or to nowhere. */
  async pass(bytes: number, output: fs.promises.FileHandle | null): Promise<void> {
    for (let left = bytes; left > 0; ) {
      const part = await this.some(left);
      if (part === null) throw this.truncated();
      await output?.writeFile(part);
      left -= part.length;
    }
  }

  /** The archive's end comes before the stream's. */
  async close(): Promise<void> {
    await this.chunks.return?.();
  }

  private async some(most: number): Promise<Buffer | null> {
    while (this.chunk.length === 0) {
      const { value, done } = await this.chunks.next();
      if (done) return null;
      this.chunk = value;
    }
    const part = this.chunk.subarray(0, most);
    this.chunk = this.chunk.subarray(part.length);
    return part;
  }

  private truncated(): DataError {
    return new DataError(this.file, null, 'truncated', 'the archive ends in the middle of a member.');
  }
}
