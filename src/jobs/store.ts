import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { FormatError } from '../errors.js';
import { writeFileAtomic } from '../formats/file.js';
import { taskSchema } from './task.js';
import { makeFolders } from './work-folder.js';

/** What a finished task came to: the file `result.json` of its result. */
const resultSchema = z.strictObject({
  task: taskSchema,
  /** Measures by name. */
  measures: z.record(z.string(), z.number().nullable()),
});

export type TaskResult = z.output<typeof resultSchema>;

export const RESULT_FILE = 'result.json';

/** Why a task was given up. */
export interface TaskFailure {
  readonly code: string;
  readonly message: string;
}

/** Where results are kept: a folder here, or what else can hold named files. */
export interface ResultStore {
  /** What people call it. */
  readonly label: string;
  /** How often it may be asked what is new. */
  readonly lookMilliseconds: number;
  /** Null while there is none. */
  result(id: string): Promise<TaskResult | null>;
  /** A file of a result; null where there is none. */
  file(id: string, name: string): Promise<Uint8Array | null>;
  /** Those of all tasks that have a result, of other sweeps too. */
  finished(): Promise<ReadonlySet<string>>;
  /** Takes the files of `folder` as the result, whole or not at all, and the folder away. Where there is one already nothing changes: it is the same. */
  keep(id: string, folder: string): Promise<void>;
  failure(id: string): Promise<TaskFailure | null>;
  /** Null: it is no failure any more. */
  noteFailure(id: string, failure: TaskFailure | null): Promise<void>;
}

/** Results in a folder, which many machines may share: `results/ID`, `failures/ID.json`. */
export class FolderStore implements ResultStore {
  readonly lookMilliseconds = 500;

  /** @throws ConfigError when the folder cannot be made */
  constructor(readonly folder: string) {
    makeFolders(folder, ['results', 'failures']);
  }

  get label(): string {
    return this.folder;
  }

  /** @throws FormatError with reason `bad-result` for one that was tampered with */
  async result(id: string): Promise<TaskResult | null> {
    const bytes = await this.file(id, RESULT_FILE);
    return bytes && parseResult(path.join(this.resultFolder(id), RESULT_FILE), bytes, 'Remove its folder to do the task again.');
  }

  async file(id: string, name: string): Promise<Uint8Array | null> {
    return readIfThere(path.join(this.resultFolder(id), name));
  }

  async finished(): Promise<ReadonlySet<string>> {
    const ids = await fs.promises.readdir(path.join(this.folder, 'results'));
    return new Set(ids.filter((id) => fs.existsSync(path.join(this.resultFolder(id), RESULT_FILE))));
  }

  async keep(id: string, folder: string): Promise<void> {
    try {
      await fs.promises.rename(folder, this.resultFolder(id));
    } catch (error) {
      // Another worker was given the same task and was faster.
      if (!fs.existsSync(path.join(this.resultFolder(id), RESULT_FILE))) throw error;
      await fs.promises.rm(folder, { recursive: true, force: true });
    }
  }

  async failure(id: string): Promise<TaskFailure | null> {
    const file = this.failureFile(id);
    const bytes = readIfThere(file);
    return bytes && (parseStoredJson(file, bytes, 'Remove it to do the task again.') as TaskFailure);
  }

  async noteFailure(id: string, failure: TaskFailure | null): Promise<void> {
    if (failure === null) await fs.promises.rm(this.failureFile(id), { force: true });
    else await writeFileAtomic(this.failureFile(id), new TextEncoder().encode(`${JSON.stringify(failure, null, 2)}\n`));
  }

  private resultFolder(id: string): string {
    return path.join(this.folder, 'results', id);
  }

  private failureFile(id: string): string {
    return path.join(this.folder, 'failures', `${id}.json`);
  }
}

/** What stands in a result's `result.json`. @param advice for who finds it wrong @throws FormatError with reason `bad-result` */
export function parseResult(file: string, bytes: Uint8Array, advice: string): TaskResult {
  const result = resultSchema.safeParse(parseStoredJson(file, bytes, advice));
  if (result.success) return result.data;
  const { path: place, message } = result.error.issues[0]!;
  throw new FormatError(file, 'bad-result', `"${place.join('.')}" is wrong (${message}). ${advice}`);
}

/** @param advice for who finds it wrong @throws FormatError with reason `bad-result` */
export function parseStoredJson(file: string, bytes: Uint8Array, advice: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new FormatError(file, 'bad-result', `is not JSON (${(cause as Error).message}). ${advice}`, { cause });
  }
}

/** Null where there is no such file. */
function readIfThere(file: string): Uint8Array | null {
  try {
    return fs.readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
