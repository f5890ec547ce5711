import { deflateSync } from 'fflate';
import { crc32 } from '../../src/formats/crc32.js';

export interface ZipPart {
  name: string;
  content: Uint8Array;
  deflate?: boolean;
  /** What the headers claim, where that is to differ from the truth. */
  claim?: Partial<Headers>;
  /** The same for the header in front of the data only. */
  localClaim?: Partial<Headers>;
  /** Instead of what is made from `content`. */
  stored?: Uint8Array;
}

interface Headers {
  name: Uint8Array;
  flags: number;
  method: number;
  crc: number;
  storedBytes: number;
  bytes: number;
  localStart: number;
}

export interface ZipOptions {
  /** Sizes and places in 64 bits throughout. */
  large?: boolean;
  /** Changes the finished end record (22 bytes and a comment). */
  end?: (record: DataView) => void;
  comment?: string;
}

/** A zip file, honest or, where claims differ, not. */
export function zip(parts: readonly ZipPart[], options: ZipOptions = {}): Uint8Array {
  const chunks: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  const { large = false } = options;
  for (const part of parts) {
    const { name, content, deflate = false, claim = {}, localClaim = {} } = part;
    const stored = part.stored ?? (deflate ? deflateSync(content) : content);
    const truth: Headers = {
      name: new TextEncoder().encode(name),
      flags: 0x800,
      method: deflate ? 8 : 0,
      crc: crc32(content),
      storedBytes: stored.length,
      bytes: content.length,
      localStart: total(chunks),
    };
    const central = { ...truth, ...claim };
    chunks.push(localHeader({ ...central, ...localClaim }), stored);
    directory.push(centralHeader(central, large));
  }
  const start = total(chunks);
  const size = total(directory);
  if (large) directory.push(end64(parts.length, size, start));
  return concat([...chunks, ...directory, end(parts.length, size, start, options)]);
}

export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(total(chunks));
  let at = 0;
  for (const chunk of chunks) {
    result.set(chunk, at);
    at += chunk.length;
  }
  return result;
}

function total(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0);
}

function localHeader({ name, flags, method, crc, storedBytes, bytes }: Headers): Uint8Array {
  const header = new Uint8Array(30 + name.length);
  const view = new DataView(header.buffer);
  view.setUint32(0, 0x04034b50, true);
  view.setUint16(6, flags, true);
  view.setUint16(8, method, true);
  view.setUint32(14, crc, true);
  view.setUint32(18, storedBytes, true);
  view.setUint32(22, bytes, true);
  view.setUint16(26, name.length, true);
  header.set(name, 30);
  return header;
}

function centralHeader({ name, flags, method, crc, storedBytes, bytes, localStart }: Headers, large: boolean): Uint8Array {
  const header = new Uint8Array(46 + name.length + (large ? 28 : 0));
  const view = new DataView(header.buffer);
  view.setUint32(0, 0x02014b50, true);
  view.setUint16(8, flags, true);
  view.setUint16(10, method, true);
  view.setUint32(16, crc, true);
  view.setUint32(20, large ? 0xffffffff : storedBytes, true);
  view.setUint32(24, large ? 0xffffffff : bytes, true);
  view.setUint16(28, name.length, true);
  view.setUint32(42, large ? 0xffffffff : localStart, true);
  header.set(name, 46);
  if (large) {
    const extra = 46 + name.length;
    view.setUint16(30, 28, true);
    view.setUint16(extra, 1, true);
    view.setUint16(extra + 2, 24, true);
    for (const [i, value] of [bytes, storedBytes, localStart].entries())
      view.setBigUint64(extra + 4 + 8 * i, BigInt(value), true);
  }
  return header;
}

function end64(count: number, size: number, start: number): Uint8Array {
  const record = new Uint8Array(56 + 20);
  const view = new DataView(record.buffer);
  view.setUint32(0, 0x06064b50, true);
  view.setBigUint64(4, 44n, true);
  for (const [i, value] of [count, count, size, start].entries()) view.setBigUint64(24 + 8 * i, BigInt(value), true);
  view.setUint32(56, 0x07064b50, true);
  view.setBigUint64(64, BigInt(start + size), true);
  view.setUint32(72, 1, true);
  return record;
}

function end(count: number, size: number, start: number, { large = false, comment = '', end: change }: ZipOptions): Uint8Array {
  const text = new TextEncoder().encode(comment);
  const record = new Uint8Array(22 + text.length);
  const view = new DataView(record.buffer);
  view.setUint32(0, 0x06054b50, true);
  view.setUint16(8, large ? 0xffff : count, true);
  view.setUint16(10, large ? 0xffff : count, true);
  view.setUint32(12, large ? 0xffffffff : size, true);
  view.setUint32(16, large ? 0xffffffff : start, true);
  view.setUint16(20, text.length, true);
  record.set(text, 22);
  change?.(view);
  return record;
}
