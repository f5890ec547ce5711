import { availableParallelism } from 'node:os';
import { runInProcess } from './child.js';
import type { Places } from './open-store.js';
import { begun, type OnTaskProgress } from './progress.js';
import type { Run } from './run.js';
import type { TaskOutcome } from './runner.js';

export interface LocalOptions {
  readonly places: Places;
  /** Processes at a time; as many as there are processors, or tasks, unless given. */
  readonly jobs?: number | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: OnTaskProgress;
  readonly onOutcome: (outcome: TaskOutcome) => void | Promise<void>;
}

/** Does tasks in processes of this machine, which share its processors. After the signal no further one is begun, and those under way save. */
export async function runLocally(runs: readonly Run[], options: LocalOptions): Promise<void> {
  const { places, jobs, signal, onProgress, onOutcome } = options;
  const processors = availableParallelism();
  const atOnce = Math.min(jobs ?? processors, runs.length);
  const threads = Math.max(1, Math.floor(processors / Math.max(1, atOnce)));
  const waiting = runs.values();
  const worker = async () => {
    for (const { id, order } of waiting) {
      if (signal.aborted) return;
      onProgress(id, begun);
      await onOutcome(await runInProcess({ order, places, threads }, signal, (progress) => onProgress(id, progress)));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
