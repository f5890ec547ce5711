import fs from 'node:fs';
import path from 'node:path';
import { GossamerError, StoreError } from '../errors.js';
import { writeFileAtomic } from '../formats/file.js';
import { packageVersion } from '../train/tables/version.js';
import { claimWork } from './claim.js';
import type { TaskKind } from './kinds/kind.js';
import { scoreKind } from './kinds/score.js';
import { trainKind } from './kinds/train.js';
import type { TaskProgress } from './progress.js';
import { RESULT_FILE, type ResultStore, type TaskFailure } from './store.js';
import { canonicalJson, type Order, type TaskKindName, taskId } from './task.js';
import type { WorkFolder } from './work-folder.js';

const kinds: Readonly<Record<TaskKindName, TaskKind>> = { train: trainKind, score: scoreKind };

/** `known`: it was done before, here or elsewhere. */
export type TaskState = 'done' | 'known' | 'failed' | 'interrupted';

export interface TaskOutcome {
  readonly id: string;
  readonly state: TaskState;
  /** Of a failed one. */
  readonly failure: TaskFailure | null;
}

export interface RunTaskOptions {
  readonly store: ResultStore;
  readonly work: WorkFolder;
  readonly threads: number;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
  readonly onProgress: (progress: TaskProgress) => void;
}

/**
 * Does a task unless it is done already. Whoever is given a task that another worker is at waits, and takes over what that one leaves. A failure is an
 * outcome, and noted in the store.
 * @throws StoreError, or what the file system says, for a store that cannot be used
 */
export async function runTask(order: Order, { store, work: folder, ...context }: RunTaskOptions): Promise<TaskOutcome> {
  const { task, place, model, memoryPerImage } = order;
  const { signal, log } = context;
  const id = taskId(task, packageVersion());
  const outcome = (state: TaskState, failure: TaskFailure | null = null): TaskOutcome => ({ id, state, failure });
  if (await store.result(id)) return outcome('known');
  const work = folder.of(id);
  const claim = await claimWork(work, async () => (await store.result(id)) !== null, signal);
  if (claim === 'done') return outcome('known');
  if (claim === 'aborted') return outcome('interrupted');
  try {
    if (await store.result(id)) {
      fs.rmSync(work, { recursive: true, force: true });
      return outcome('known');
    }
    const out = path.join(work, 'result');
    fs.rmSync(out, { recursive: true, force: true });
    fs.mkdirSync(out);
    const measures = await kinds[task.what]({ ...context, task, place, model, memoryPerImage, work, out });
    if (!measures) return outcome('interrupted');
    await writeFileAtomic(path.join(out, RESULT_FILE), new TextEncoder().encode(`${canonicalJson({ task, measures })}\n`));
    await store.keep(id, out);
    await store.noteFailure(id, null);
    fs.rmSync(work, { recursive: true, force: true });
    return outcome('done');
  } catch (error) {
    if (signal.aborted) return outcome('interrupted');
    if (error instanceof StoreError) throw error;
    const failure = failureOf(error);
    log(error instanceof Error ? (error.stack ?? error.message) : String(error));
    await store.noteFailure(id, failure);
    return outcome('failed', failure);
  } finally {
    claim.release();
  }
}

export function failureOf(error: unknown): TaskFailure {
  const message = error instanceof Error ? error.message : String(error);
  return { code: error instanceof GossamerError ? error.code : 'INTERNAL', message };
}
