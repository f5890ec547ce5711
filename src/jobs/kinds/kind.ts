import type { Task } from '../task.js';

/** What a task finds where it is done. */
export interface TaskContext {
  readonly task: Task;
  readonly place: string;
  /** Kept when the task is cut, so that the next try goes on from it. */
  readonly work: string;
  /** Empty; becomes the result. */
  readonly out: string;
  readonly threads: number;
  readonly signal: AbortSignal;
  /** A line for the task's log. */
  readonly log: (line: string) => void;
  /** From 0 to 1. */
  readonly onProgress: (share: number) => void;
}

/**
 * Does a task: writes into `out` the same bytes whenever and wherever it runs, and gives its measures; null when the signal cut it.
 * @throws ConfigError, DataError, FormatError for what is wrong with the task
 */
export type TaskKind = (context: TaskContext) => Promise<Readonly<Record<string, number | null>> | null>;
