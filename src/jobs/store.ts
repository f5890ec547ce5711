import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { ConfigError, FormatError } from '../errors.js';
import { writeFileAtomic } from '../formats/file.js';
import { taskSchema } from './task.js';

/** What a finished task came to: `result.json` of its folder. */
const resultSchema = z.strictObject({
  task: taskSchema,
  /** Measures by name. */
  measures: z.record(z.string(), z.number().nullable()),
});

export type TaskResult = z.output<typeof resultSchema>;

/** Why a task was given up. */
export interface TaskFailure {
  readonly code: string;
  readonly message: string;
}

/** Where results are kept: a folder here, or what else can hold named files. */
export interface ResultStore {
  /** Null while there is none. */
  result(id: string): Promise<TaskResult | null>;
  /** Takes the files of `folder` as the result, whole or not at all. Where there is one already nothing changes: it is the same. */
  keep(id: string, folder: string): Promise<void>;
  failure(id: string): Promise<TaskFailure | null>;
  /** Null: it is no failure any more. */
  noteFailure(id: string, failure: TaskFailure | null): Promise<void>;
}

/** Results in a folder, which many machines may share: `results/ID`, `failures/ID.json`; beside them `work/ID` and `logs/ID.txt`. */
export class FolderStore implements ResultStore {
  /** @throws ConfigError when the folder cannot be made */
  constructor(readonly folder: string) {
    try {
      for (const part of ['results', 'failures', 'work', 'logs']) fs.mkdirSync(path.join(folder, part), { recursive: true });
    } catch (cause) {
      throw new ConfigError('out', `${folder} cannot hold results (${(cause as Error).message}).`, { cause });
    }
  }

  /** Where a task works; what is there survives a kill, so that the next try goes on from it. */
  workFolder(id: string): string {
    return path.join(this.folder, 'work', id);
  }

  logFile(id: string): string {
    return path.join(this.folder, 'logs', `${id}.txt`);
  }

  resultFolder(id: string): string {
    return path.join(this.folder, 'results', id);
  }

  /** @throws FormatError with reason `bad-result` for one that was tampered with */
  async result(id: string): Promise<TaskResult | null> {
    const file = path.join(this.resultFolder(id), 'result.json');
    const value = readJson(file);
    if (value === null) return null;
    const result = resultSchema.safeParse(value);
    if (result.success) return result.data;
    const { path: place, message } = result.error.issues[0]!;
    throw new FormatError(
      file,
      'bad-result',
      `"${place.join('.')}" is wrong (${message}). Remove its folder to do the task again.`,
    );
  }

  async keep(id: string, folder: string): Promise<void> {
    try {
      await fs.promises.rename(folder, this.resultFolder(id));
    } catch (error) {
      // Another worker was given the same task and was faster.
      if (!fs.existsSync(path.join(this.resultFolder(id), 'result.json'))) throw error;
      await fs.promises.rm(folder, { recursive: true, force: true });
    }
  }

  async failure(id: string): Promise<TaskFailure | null> {
    return readJson(this.failureFile(id)) as TaskFailure | null;
  }

  async noteFailure(id: string, failure: TaskFailure | null): Promise<void> {
    if (failure === null) await fs.promises.rm(this.failureFile(id), { force: true });
    else await writeFileAtomic(this.failureFile(id), new TextEncoder().encode(`${JSON.stringify(failure, null, 2)}\n`));
  }

  private failureFile(id: string): string {
    return path.join(this.folder, 'failures', `${id}.json`);
  }
}

/** Null where there is no such file. @throws FormatError with reason `bad-result` */
function readJson(file: string): unknown {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FormatError(file, 'bad-result', `is not JSON (${(cause as Error).message}). Remove it to do the task again.`, {
      cause,
    });
  }
}
