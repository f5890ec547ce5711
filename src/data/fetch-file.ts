import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataError } from '../errors.js';
import type { RemoteFile } from './catalog.js';

export interface FetchOptions {
  /** Called for every piece that arrives. */
  onProgress?: (progress: Progress) => void;
  /** Milliseconds without a byte after which a connection is given up and tried again (default 30,000). */
  stallTimeoutMs?: number;
  /** Attempts in a row that bring nothing new before the download fails (default 5). */
  attempts?: number;
  /** Milliseconds before the second attempt, doubled for each further one up to 30 s (default 1,000). */
  backoffMs?: number;
  /** In place of the global fetch. */
  fetch?: typeof globalThis.fetch;
  signal?: AbortSignal;
}

export interface Progress {
  file: string;
  /** Bytes that are there, those of an earlier run included. */
  received: number;
  total: number;
}

/** What went wrong in one attempt; most of it is worth another. */
class AttemptError extends Error {
  constructor(
    readonly reason: string,
    message: string,
    readonly isFinal: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * Downloads `url` to `target`. What has arrived stays in `target.part`, so that the next attempt, or the next run, goes on
 * from there; `target` exists only with the right length and SHA-256.
 * @throws DataError with the address and reason `not-found`, `http-status`, `unreachable`, `stalled`, `cut`, `length`, `encoded` or
 *   `digest`; with the file and `unwritable` when the disk is full or closed to us
 */
export async function fetchFile(url: string, file: RemoteFile, target: string, options: FetchOptions = {}): Promise<void> {
  const { attempts = 5, backoffMs = 1000 } = options;
  const part = `${target}.part`;
  let furthest = await sizeOf(part);
  let failed = 0;
  let isFromOneAttempt = false;
  for (;;) {
    try {
      if ((await sizeOf(part)) !== file.bytes) isFromOneAttempt = await attempt(url, file, part, options);
      if ((await digestOf(part)) === file.sha256) break;
      await discard(part);
      // Pieces of two attempts may not belong together; one that came whole is simply not the file.
      const detail = `its SHA-256 is not ${file.sha256}: this is not the published file. It was discarded.`;
      throw new AttemptError('digest', detail, isFromOneAttempt);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof AttemptError)) throw error;
      const reached = await sizeOf(part);
      failed = reached > furthest ? 1 : failed + 1;
      furthest = Math.max(furthest, reached);
      if (error.isFinal || failed >= attempts) {
        const kept = reached > 0 ? ` ${reached} of ${file.bytes} bytes are kept: run it again to go on from there.` : '';
        throw new DataError(url, null, error.reason, error.message + kept, { cause: error });
      }
      await sleep(Math.min(30_000, backoffMs * 2 ** (failed - 1)), undefined, { signal: options.signal });
    }
  }
  await fs.promises.rename(part, target);
  await discard(`${part}.json`);
}

/** @returns whether the whole file came in this one attempt */
async function attempt(url: string, file: RemoteFile, part: string, options: FetchOptions): Promise<boolean> {
  const timer = new StallTimer(options.stallTimeoutMs ?? 30_000, options.signal);
  const earlier = await resumePoint(url, file, part);
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  if (earlier.bytes > 0) {
    headers.range = `bytes=${earlier.bytes}-`;
    if (earlier.validator) headers['if-range'] = earlier.validator;
  }
  let start = 0;
  let received = 0;
  try {
    const response = await timer.race((options.fetch ?? fetch)(url, { headers, signal: timer.signal }));
    start = await startOf(response, file, part, earlier.bytes);
    received = start;
    await remember(url, response, part);
    const output = await fs.promises.open(part, received > 0 ? 'r+' : 'w');
    try {
      const reader = response.body!.getReader();
      for (;;) {
        const { value, done } = await timer.race(reader.read());
        if (done) break;
        if (received + value.length > file.bytes) throw tooLong(file, received + value.length);
        await output.write(value, 0, value.length, received);
        received += value.length;
        options.onProgress?.({ file: file.name, received, total: file.bytes });
      }
    } finally {
      await output.close();
    }
    if (received < file.bytes) {
      throw new AttemptError('cut', `the server ended after ${received} of ${file.bytes} bytes.`, false);
    }
    return start === 0;
  } catch (error) {
    if (error instanceof AttemptError) throw error;
    if (timer.isStalled) throw new AttemptError('stalled', `nothing came for ${timer.limitMs} ms.`, false, { cause: error });
    if (isDiskError(error)) {
      throw new DataError(part, null, 'unwritable', `cannot be written (${(error as Error).message}).`, { cause: error });
    }
    const { message, code } = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
    const isCut = received > 0 || cutCodes.includes(code ?? '');
    throw new AttemptError(
      isCut ? 'cut' : 'unreachable',
      isCut ? `the connection was cut (${message}).` : `cannot be reached (${message}).`,
      false,
      { cause: error },
    );
  } finally {
    timer.stop();
  }
}

/**
 * Judges status and headers.
 * @returns where in the file the body starts: the server may have ignored the range
 */
async function startOf(response: Response, file: RemoteFile, part: string, asked: number): Promise<number> {
  const { status } = response;
  if (status === 416) {
    await discard(part);
    throw new AttemptError('length', 'the server has less than what had arrived; starting again.', false);
  }
  if (status !== 200 && status !== 206) {
    const isGone = status === 404 || status === 410;
    const isBusy = status >= 500 || status === 408 || status === 429;
    const advice = isGone ? ' Has it moved? `--url` takes another address.' : '';
    throw new AttemptError(isGone ? 'not-found' : 'http-status', `the server answered ${status}.${advice}`, !isBusy);
  }
  const encoding = response.headers.get('content-encoding');
  if (encoding && encoding !== 'identity') {
    throw new AttemptError('encoded', `the server sends it re-encoded (${encoding}), which cannot be checked or resumed.`, true);
  }
  let start = 0;
  let total = Number(response.headers.get('content-length') ?? file.bytes);
  if (status === 206) {
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '');
    start = Number(range?.[1] ?? Number.NaN);
    total = range?.[2] === '*' ? file.bytes : Number(range?.[2] ?? Number.NaN);
    if (start !== asked) {
      await discard(part);
      throw new AttemptError('length', `the server sent another range than bytes ${asked} onwards; starting again.`, false);
    }
  }
  if (total !== file.bytes) {
    await discard(part);
    throw new AttemptError('length', `the server says ${total} bytes, the published file has ${file.bytes}.`, true);
  }
  return start;
}

interface Remembered {
  url: string;
  validator: string | null;
}

async function remember(url: string, response: Response, part: string): Promise<void> {
  const etag = response.headers.get('etag');
  // A weak tag does not promise equal bytes.
  const validator = etag && !etag.startsWith('W/') ? etag : response.headers.get('last-modified');
  const remembered: Remembered = { url, validator };
  await fs.promises.writeFile(`${part}.json`, JSON.stringify(remembered));
}

/** Goes on only from what came from the same address; without a validator the digest alone decides in the end. */
async function resumePoint(url: string, file: RemoteFile, part: string): Promise<{ bytes: number; validator: string | null }> {
  const bytes = await sizeOf(part);
  if (bytes > 0 && bytes < file.bytes) {
    try {
      const remembered = JSON.parse(await fs.promises.readFile(`${part}.json`, 'utf8')) as Remembered;
      if (remembered.url === url) return { bytes, validator: remembered.validator };
    } catch {
      // Unreadable notes are no notes.
    }
  }
  await discard(part);
  return { bytes: 0, validator: null };
}

export async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of fs.createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** 0 when there is no such file. */
export async function sizeOf(file: string): Promise<number> {
  try {
    return (await fs.promises.stat(file)).size;
  } catch {
    return 0;
  }
}

async function discard(file: string): Promise<void> {
  await fs.promises.rm(file, { force: true });
}

function tooLong(file: RemoteFile, received: number): AttemptError {
  return new AttemptError('length', `the server sent ${received} bytes, the published file has ${file.bytes}.`, true);
}

/** What a connection ends with that had been made. */
const cutCodes = ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'];

function isDiskError(error: unknown): boolean {
  return ['ENOSPC', 'EACCES', 'EROFS', 'EIO', 'EDQUOT', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** Aborts what it watches when nothing has happened for a while. */
class StallTimer {
  isStalled = false;
  private readonly controller = new AbortController();
  readonly signal: AbortSignal;

  constructor(
    readonly limitMs: number,
    outer: AbortSignal | undefined,
  ) {
    this.signal = outer ? AbortSignal.any([outer, this.controller.signal]) : this.controller.signal;
  }

  async race<T>(work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const stall = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.isStalled = true;
        this.controller.abort();
        reject(new Error('stalled'));
      }, this.limitMs);
    });
    // The loser of the race may still fail, which is no news.
    work.catch(() => {});
    try {
      return await Promise.race([work, stall]);
    } finally {
      clearTimeout(timer);
    }
  }

  stop(): void {
    this.controller.abort();
  }
}
