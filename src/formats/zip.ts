import { inflateSync } from 'fflate';
import { FormatError } from '../errors.js';
import { crc32 } from './crc32.js';
import { readZipDirectory, type ZipEntry } from './zip-directory.js';

export class ZipFile {
  private readonly entries: Map<string, ZipEntry>;

  /** Checks the directory (see `readZipDirectory` for what it throws); no entry is unpacked yet. */
  constructor(
    private readonly bytes: Uint8Array,
    private readonly file: string,
  ) {
    this.entries = readZipDirectory(bytes, file);
  }

  get names(): string[] {
    return [...this.entries.keys()];
  }

  /**
   * An entry's bytes, null when there is none of that name. Those stored as they are come as a view of the file.
   * @throws FormatError with reason `zip-deflate` (damaged), `zip-size` (not as many bytes as claimed) or `zip-crc`
   */
  read(name: string): Uint8Array | null {
    const entry = this.entries.get(name);
    if (!entry) return null;
    const stored = this.bytes.subarray(entry.dataStart, entry.dataStart + entry.storedBytes);
    const content = entry.method === 8 ? this.inflate(entry, stored) : stored;
    if (crc32(content) !== entry.crc) {
      throw new FormatError(this.file, 'zip-crc', `"${name}" does not have the checksum that the zip file gives. Damaged?`);
    }
    return content;
  }

  private inflate(entry: ZipEntry, stored: Uint8Array): Uint8Array {
    let inflated: Uint8Array;
    try {
      // One byte of room more than claimed shows content that is too long; fflate drops what does not fit.
      inflated = inflateSync(stored, { out: new Uint8Array(entry.bytes + 1) });
    } catch (cause) {
      const detail = `"${entry.name}" cannot be inflated (${(cause as Error).message}).`;
      throw new FormatError(this.file, 'zip-deflate', detail, { cause });
    }
    if (inflated.length !== entry.bytes) {
      const detail = `"${entry.name}" does not inflate to the ${entry.bytes} bytes that it claims.`;
      throw new FormatError(this.file, 'zip-size', detail);
    }
    return inflated;
  }
}
