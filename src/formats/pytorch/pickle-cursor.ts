import { FormatError } from '../../errors.js';

/** Longest text, bytes or line in a pickle: a checkpoint's are names. */
const maxTextBytes = 16 * 2 ** 20;

/** Reads forward through the bytes of a file and never past their end. Numbers are little-endian unless said otherwise. */
export class PickleCursor {
  private readonly view: DataView;

  constructor(
    private readonly bytes: Uint8Array,
    readonly file: string,
    /** Of what, for error texts: the member of an archive, or nothing. */
    private readonly part = '',
    private at = 0,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get position(): number {
    return this.at;
  }

  get remaining(): number {
    return this.bytes.length - this.at;
  }

  fail(reason: string, detail: string, cause?: unknown): FormatError {
    const where = this.part ? `byte ${this.at} of ${this.part}` : `byte ${this.at}`;
    return new FormatError(this.file, reason, `at ${where}: ${detail}`, { cause });
  }

  u8(): number {
    return this.view.getUint8(this.take(1));
  }

  u16(): number {
    return this.view.getUint16(this.take(2), true);
  }

  u32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  i32(): number {
    return this.view.getInt32(this.take(4), true);
  }

  u64(): bigint {
    return this.view.getBigUint64(this.take(8), true);
  }

  i64(): bigint {
    return this.view.getBigInt64(this.take(8), true);
  }

  /** Pickles store floats big-endian. */
  f64BigEndian(): number {
    return this.view.getFloat64(this.take(8), false);
  }

  /** A view of the next bytes. */
  raw(count: number): Uint8Array {
    const start = this.take(count);
    return this.bytes.subarray(start, start + count);
  }

  /** A copy of the next bytes, for those that become part of the result. */
  blob(count: number | bigint): Uint8Array {
    return new Uint8Array(this.raw(this.textLength(count)));
  }

  utf8(count: number | bigint): string {
    const bytes = this.blob(count);
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch (cause) {
      throw this.fail('bad-pickle', 'a text is not UTF-8.', cause);
    }
  }

  /** The bytes up to the next line feed as Latin-1 text; the line feed is passed over. */
  line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0) throw this.truncated();
    const line = this.blob(end - this.at);
    this.at++;
    return new TextDecoder('latin1').decode(line);
  }

  private textLength(count: number | bigint): number {
    if (count > maxTextBytes) throw this.fail('pickle-limit', `a text of ${count} bytes; at most ${maxTextBytes} are read.`);
    return Number(count);
  }

  private take(count: number): number {
    if (count > this.remaining) throw this.truncated();
    const start = this.at;
    this.at += count;
    return start;
  }

  private truncated(): FormatError {
    return this.fail('truncated', 'the file ends in the middle of its data. Download or copy it again.');
  }
}
