import { FormatError } from '../errors.js';

/*
 * The directory of a zip file (PKWARE's APPNOTE.TXT, sections 4.3 to 4.5), 64-bit sizes included. It lies at the end of the
 * file and is what counts; the header in front of each entry repeats it and must not contradict it.
 */

export interface ZipEntry {
  readonly name: string;
  /** How the bytes are stored: 0 as they are, 8 deflated. */
  readonly method: 0 | 8;
  readonly crc: number;
  readonly storedBytes: number;
  /** After inflating. */
  readonly bytes: number;
  /** Where the stored bytes begin in the file. */
  readonly dataStart: number;
}

const endSignature = 0x06054b50;
const endBytes = 22;
const locator64Signature = 0x07064b50;
const locator64Bytes = 20;
const end64Signature = 0x06064b50;
const end64Bytes = 56;
const centralSignature = 0x02014b50;
const centralBytes = 46;
const localSignature = 0x04034b50;
const localBytes = 30;
const maxCommentBytes = 0xffff;

const encryptedFlag = 0x1;
/** Sizes and CRC follow the data; the local header has zeros. */
const descriptorFlag = 0x8;

const none16 = 0xffff;
const none32 = 0xffffffff;
const extra64 = 0x0001;

/** Deflate makes at most this many bytes of one. */
const deflateLimit = 1032;
/** Trained weights hardly deflate; a file whose entries together claim more than this is a bomb. */
const claimLimit = (fileBytes: number) => 64 * 2 ** 20 + 32 * fileBytes;

/**
 * All entries by name, checked against one another, the file and the headers in front of the data.
 * @throws FormatError with reason `zip-no-directory`, `zip-bad-directory`, `zip-multi-disk`, `zip-bad-name`, `zip-duplicate`,
 *   `zip-encrypted`, `zip-method`, `zip-size`, `zip-bomb`, `zip-local-header` or `zip-overlap`
 */
export function readZipDirectory(bytes: Uint8Array, file: string): Map<string, ZipEntry> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const directory = findDirectory(view, file);
  const headers = readCentralHeaders(view, directory, file);
  checkClaims(headers, bytes.length, file);
  return checkLayout(view, headers, directory.start, file);
}

interface Directory {
  start: number;
  end: number;
  count: number;
}

function findDirectory(view: DataView, file: string): Directory {
  const at = findEnd(view, file);
  const disks = [view.getUint16(at + 4, true), view.getUint16(at + 6, true)];
  const count = view.getUint16(at + 10, true);
  const size = view.getUint32(at + 12, true);
  const start = view.getUint32(at + 16, true);
  if (disks.some((disk) => disk !== 0 && disk !== none16) || view.getUint16(at + 8, true) !== count) {
    throw new FormatError(file, 'zip-multi-disk', 'is one part of a zip archive that was split.');
  }
  const large = findDirectory64(view, at, file);
  const found = large ?? { start, end: at, count, size };
  const agrees =
    (count === found.count || count === none16) &&
    (size === found.size || size === none32) &&
    (start === found.start || start === none32);
  if (!agrees || found.start + found.size !== found.end) {
    throw new FormatError(file, 'zip-bad-directory', 'the end of the zip file contradicts itself on where its directory is.');
  }
  return found;
}

function findEnd(view: DataView, file: string): number {
  const last = view.byteLength - endBytes;
  for (let at = last; at >= 0 && at >= last - maxCommentBytes; at--) {
    if (view.getUint32(at, true) === endSignature && view.getUint16(at + 20, true) === last - at) return at;
  }
  throw new FormatError(file, 'zip-no-directory', 'the zip file has no directory at its end. Cut short?');
}

function findDirectory64(view: DataView, end: number, file: string): (Directory & { size: number }) | null {
  const locator = end - locator64Bytes;
  if (locator < 0 || view.getUint32(locator, true) !== locator64Signature) return null;
  const at = Number(view.getBigUint64(locator + 8, true));
  // The record is found from both sides: where the locator says, and right before the locator.
  if (at !== locator - end64Bytes || view.getUint32(at, true) !== end64Signature) {
    throw new FormatError(file, 'zip-bad-directory', 'the 64-bit end record of the zip file is not where it is said to be.');
  }
  const big = (offset: number) => Number(view.getBigUint64(at + offset, true));
  return { count: big(32), size: big(40), start: big(48), end: at };
}

interface CentralHeader extends Omit<ZipEntry, 'dataStart'> {
  nameBytes: Uint8Array;
  localStart: number;
}

function readCentralHeaders(view: DataView, directory: Directory, file: string): CentralHeader[] {
  const headers: CentralHeader[] = [];
  const names = new Set<string>();
  let at = directory.start;
  const bad = () => new FormatError(file, 'zip-bad-directory', `entry ${headers.length} of the zip file's directory is damaged.`);
  for (let i = 0; i < directory.count; i++) {
    if (at + centralBytes > directory.end || view.getUint32(at, true) !== centralSignature) throw bad();
    const nameStart = at + centralBytes;
    const extraStart = nameStart + view.getUint16(at + 28, true);
    const extraEnd = extraStart + view.getUint16(at + 30, true);
    const next = extraEnd + view.getUint16(at + 32, true);
    if (next > directory.end) throw bad();

    const nameBytes = new Uint8Array(view.buffer, view.byteOffset + nameStart, extraStart - nameStart);
    const name = readName(nameBytes, file);
    if (names.has(name)) throw new FormatError(file, 'zip-duplicate', `"${name}" is in the zip file twice.`);
    names.add(name);
    if (view.getUint16(at + 8, true) & encryptedFlag) {
      throw new FormatError(file, 'zip-encrypted', `"${name}" is encrypted in the zip file.`);
    }
    const method = view.getUint16(at + 10, true);
    if (method !== 0 && method !== 8) {
      throw new FormatError(
        file,
        'zip-method',
        `"${name}" is compressed by method ${method}; stored (0) and deflated (8) can be read.`,
      );
    }
    const sizes = readSizes(view, at, extraStart, extraEnd);
    if (!sizes) throw bad();
    headers.push({ name, nameBytes, method, crc: view.getUint32(at + 16, true), ...sizes });
    at = next;
  }
  if (at !== directory.end) {
    throw new FormatError(file, 'zip-bad-directory', `the zip file's directory holds more than its ${directory.count} entries.`);
  }
  return headers;
}

/** Those that do not fit into 32 bits stand in the extra field, in this order. Null when they are not there. */
function readSizes(view: DataView, header: number, extraStart: number, extraEnd: number) {
  let at = extraStart;
  while (at + 4 <= extraEnd && view.getUint16(at, true) !== extra64) at += 4 + view.getUint16(at + 2, true);
  const end = at + 4 <= extraEnd ? Math.min(extraEnd, at + 4 + view.getUint16(at + 2, true)) : at;
  at += 4;
  let isMissing = false;
  const size = (offset: number): number => {
    const small = view.getUint32(header + offset, true);
    if (small !== none32) return small;
    if (at + 8 > end) {
      isMissing = true;
      return 0;
    }
    at += 8;
    return Number(view.getBigUint64(at - 8, true));
  };
  const sizes = { bytes: size(24), storedBytes: size(20), localStart: size(42) };
  return isMissing ? null : sizes;
}

function readName(bytes: Uint8Array, file: string): string {
  let name: string;
  try {
    name = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.slice());
  } catch (cause) {
    throw new FormatError(file, 'zip-bad-name', 'a name in the zip file is not UTF-8 text.', { cause });
  }
  const leadsOut = name.startsWith('/') || /[\\\0]|^[a-zA-Z]:/.test(name) || name.split('/').includes('..');
  if (name === '' || leadsOut)
    throw new FormatError(file, 'zip-bad-name', `${JSON.stringify(name)} is no name for a file within a zip file.`);
  return name;
}

function checkClaims(headers: readonly CentralHeader[], fileBytes: number, file: string): void {
  let claimed = 0;
  for (const { name, method, bytes, storedBytes } of headers) {
    if (method === 0 && bytes !== storedBytes) {
      throw new FormatError(
        file,
        'zip-size',
        `"${name}" is stored as it is, but with two sizes, ${storedBytes} and ${bytes} bytes.`,
      );
    }
    claimed += bytes;
    if (bytes > Math.max(storedBytes, 1) * deflateLimit || claimed > claimLimit(fileBytes)) {
      throw new FormatError(file, 'zip-bomb', `"${name}" claims to unpack to ${bytes} bytes from ${storedBytes}.`);
    }
  }
}

function checkLayout(
  view: DataView,
  headers: readonly CentralHeader[],
  directoryStart: number,
  file: string,
): Map<string, ZipEntry> {
  const starts = new Map<string, number>();
  let end = 0;
  for (const header of [...headers].sort((a, b) => a.localStart - b.localStart)) {
    const { name, localStart, storedBytes } = header;
    if (localStart < end)
      throw new FormatError(file, 'zip-overlap', `"${name}" shares bytes with another entry of the zip file.`);
    const dataStart = checkLocalHeader(view, header, directoryStart, file);
    end = dataStart + storedBytes;
    if (end > directoryStart) {
      throw new FormatError(file, 'zip-overlap', `"${name}" reaches into the directory of the zip file.`);
    }
    starts.set(name, dataStart);
  }
  return new Map(
    headers.map(({ name, method, crc, storedBytes, bytes }) => [
      name,
      { name, method, crc, storedBytes, bytes, dataStart: starts.get(name)! },
    ]),
  );
}

/** Where the data starts. */
function checkLocalHeader(view: DataView, header: CentralHeader, limit: number, file: string): number {
  const at = header.localStart;
  const { name, nameBytes } = header;
  const fail = (detail: string) => new FormatError(file, 'zip-local-header', `the header in front of "${name}" ${detail}.`);
  if (at + localBytes > limit || view.getUint32(at, true) !== localSignature) throw fail('is not where the directory says');
  const nameStart = at + localBytes;
  const nameEnd = nameStart + view.getUint16(at + 26, true);
  const dataStart = nameEnd + view.getUint16(at + 28, true);
  if (dataStart > limit) throw fail('does not fit into the file');
  const isSameName =
    nameEnd - nameStart === nameBytes.length && nameBytes.every((byte, i) => byte === view.getUint8(nameStart + i));
  if (!isSameName) throw fail('has another name');
  if (view.getUint16(at + 8, true) !== header.method) throw fail('names another compression');
  if (!(view.getUint16(at + 6, true) & descriptorFlag)) {
    const differs = (offset: number, value: number) => ![value, none32].includes(view.getUint32(at + offset, true));
    if (differs(14, header.crc) || differs(18, header.storedBytes) || differs(22, header.bytes)) {
      throw fail('has another size or checksum');
    }
  }
  return dataStart;
}
