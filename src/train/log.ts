import fs from 'node:fs';
import { notWritable } from '../formats/file.js';
import type { TrainEvent } from './events.js';

/** A line of log.jsonl: the event and when it happened (ISO 8601). */
export type LogLine = TrainEvent & { readonly time: string };

/** Puts bytes at the end of an open file and returns how many it took, as `fs.writeSync` does: a disk that fills up takes a part. */
export type Write = (file: number, bytes: Uint8Array) => number;

/**
 * The log of a run, open for adding lines; one writer at a time. A line is whole when its line feed is there. What a kill or a power
 * cut left of one is taken off when the log is opened, and what a full disk took of one is taken back, so that the file ends in a
 * whole line whenever somebody looks.
 */
export class LogFile {
  private readonly file: number;
  /** Bytes of whole lines. */
  private length: number;

  /** @throws FormatError with reason `not-writable` */
  constructor(
    private readonly path: string,
    private readonly write: Write = fs.writeSync,
  ) {
    try {
      this.file = fs.openSync(path, 'a+');
      this.length = wholeLines(this.file);
      this.cut();
    } catch (cause) {
      throw notWritable(path, cause);
    }
  }

  /** @throws FormatError with reason `not-writable`; the line is then not in the log, not even a part of it */
  append(event: TrainEvent): void {
    const line: LogLine = { ...event, time: new Date().toISOString() };
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    try {
      for (let done = 0; done < bytes.length; ) done += this.write(this.file, bytes.subarray(done));
      this.length += bytes.length;
    } catch (cause) {
      this.cut();
      throw notWritable(this.path, cause);
    }
  }

  /** Makes what was added outlast a power cut. @throws FormatError with reason `not-writable` */
  sync(): void {
    try {
      fs.fdatasyncSync(this.file);
    } catch (cause) {
      throw notWritable(this.path, cause);
    }
  }

  close(): void {
    fs.closeSync(this.file);
  }

  /** Takes off what stands behind the last whole line. */
  private cut(): void {
    if (fs.fstatSync(this.file).size > this.length) fs.ftruncateSync(this.file, this.length);
  }
}

/** The whole lines of a log; none where there is no log. */
export function readLog(path: string): LogLine[] {
  if (!fs.existsSync(path)) return [];
  // What follows the last line feed is half a line: the writer is at work, or was killed.
  return fs.readFileSync(path, 'utf8').split('\n').slice(0, -1).flatMap(parseLine);
}

/** A power cut may leave a line of zeros where its bytes never reached the disk. */
function parseLine(line: string): LogLine[] {
  try {
    const value = JSON.parse(line) as LogLine | null;
    return typeof value === 'object' && value !== null ? [value] : [];
  } catch {
    return [];
  }
}

const blockBytes = 65536;

/** Bytes up to the last line feed, looked for from the end. */
function wholeLines(file: number): number {
  const block = Buffer.alloc(blockBytes);
  let end = fs.fstatSync(file).size;
  while (end > 0) {
    const start = Math.max(0, end - blockBytes);
    const bytes = fs.readSync(file, block, 0, end - start, start);
    const feed = block.subarray(0, bytes).lastIndexOf(0x0a);
    if (feed >= 0) return start + feed + 1;
    end = start;
  }
  return 0;
}
