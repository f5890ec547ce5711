import fs from 'node:fs';
import nodePath from 'node:path';
import { ConfigError } from '../errors.js';
import { writeFileAtomic } from '../formats/file.js';
import { type ColourImage, encodePng } from '../formats/png.js';
import type { TrainEvent } from './events.js';
import { type Lock, takeLock } from './lock.js';
import { LogFile, type LogLine, readLog } from './log.js';

/**
 * The folder that a run writes to: what it was (config.json), what happened (log.jsonl), where it stands (last.safetensors),
 * what came out (best.safetensors, summary.json). Files appear as a whole; the log grows by whole lines. One process at a time.
 */
export class RunFolder {
  readonly config: string;
  readonly log: string;
  readonly last: string;
  readonly best: string;
  readonly curves: string;
  readonly summary: string;
  /** Of a depth network: some images, their target maps and the newest answers. */
  readonly depthMaps: string;
  private logFile: LogFile | null = null;

  private constructor(
    readonly path: string,
    /** True when the folder's run goes on, false when it is new. */
    readonly resumes: boolean,
    private readonly lock: Lock,
  ) {
    const file = (name: string) => nodePath.join(path, name);
    this.config = file('config.json');
    this.log = file('log.jsonl');
    this.last = file('last.safetensors');
    this.best = file('best.safetensors');
    this.curves = file('curves.svg');
    this.summary = file('summary.json');
    this.depthMaps = file('depth-maps.png');
  }

  /**
   * Makes the folder, or opens that of a run to go on with (`resume`), and locks it until `close`.
   * @throws ConfigError when it holds a run and `resume` is not set, when there is no run to resume, or when another process writes
   *   there
   */
  static open(folder: string, { resume = false }: { readonly resume?: boolean } = {}): RunFolder {
    expectRun(folder, resume);
    makeFolder(folder);
    const lock = takeLock(folder);
    try {
      // Another process may have begun a run, and ended it, since we looked.
      expectRun(folder, resume);
    } catch (error) {
      lock.release();
      throw error;
    }
    const run = new RunFolder(folder, resume, lock);
    run.removeRemains();
    return run;
  }

  /** Whether there is a checkpoint to go on from: a run that was killed while it started has none. */
  get hasCheckpoint(): boolean {
    return fs.existsSync(this.last);
  }

  /** True when a process that had died left the folder locked. */
  get tookOverLock(): boolean {
    return this.lock.tookOver;
  }

  writeConfig(config: object): Promise<void> {
    return writeJson(this.config, config);
  }

  writeSummary(summary: object): Promise<void> {
    return writeJson(this.summary, summary);
  }

  writeDepthMaps(picture: ColourImage): Promise<void> {
    return writeFileAtomic(this.depthMaps, encodePng(picture));
  }

  /** Adds a line to the log, or nothing of it. @throws FormatError with reason `not-writable` */
  append(event: TrainEvent): void {
    this.logFile ??= new LogFile(this.log);
    this.logFile.append(event);
  }

  /** Makes the log outlast a power cut, before a checkpoint that is of a later moment does. @throws as `append` */
  syncLog(): void {
    this.logFile?.sync();
  }

  /** The log's whole lines. */
  readLog(): LogLine[] {
    return readLog(this.log);
  }

  /**
   * Takes back what the log says of the time after a checkpoint, which is now lived again: steps after `step`, epochs after
   * `epoch`, half a line at the end.
   */
  async rewindLog(step: number, epoch: number): Promise<void> {
    const kept = this.readLog().filter((line) => {
      if (line.kind === 'epoch') return line.epoch <= epoch;
      return !('step' in line) || line.step <= step;
    });
    this.closeLog();
    await writeFileAtomic(this.log, Buffer.from(kept.map((line) => `${JSON.stringify(line)}\n`).join('')));
  }

  /** Ends the lock. */
  close(): void {
    this.closeLog();
    this.lock.release();
  }

  private closeLog(): void {
    this.logFile?.close();
    this.logFile = null;
  }

  /** A process that was killed while it wrote a file may have left a part of it. */
  private removeRemains(): void {
    for (const name of fs.readdirSync(this.path)) {
      if (/^\..+\.[0-9a-f]{12}\.tmp$/.test(name)) fs.rmSync(nodePath.join(this.path, name), { force: true });
    }
  }
}

/** Whether a run was ever started in `folder`. */
export function holdsRun(folder: string): boolean {
  return ['config.json', 'log.jsonl', 'last.safetensors'].some((name) => fs.existsSync(nodePath.join(folder, name)));
}

function expectRun(folder: string, resume: boolean): void {
  const present = holdsRun(folder);
  if (resume && !present) {
    throw new ConfigError('run', `there is no run in ${folder} to go on with. Leave out --resume to start one.`);
  }
  if (!resume && present) {
    throw new ConfigError('run', `${folder} holds a run already. Go on with it (--resume), or write to another folder (--out).`);
  }
}

function makeFolder(folder: string): void {
  try {
    fs.mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new ConfigError('run', `the folder ${folder} cannot be made (${(error as Error).message}).`, { cause: error });
  }
}

function writeJson(file: string, value: object): Promise<void> {
  return writeFileAtomic(file, Buffer.from(`${JSON.stringify(value, null, 2)}\n`));
}
