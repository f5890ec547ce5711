import type { TaskProgress } from '../progress.js';
import type { Task } from '../task.js';

/** What a task finds where it is done. */
export interface TaskContext {
  readonly task: Task;
  readonly place: string;
  /** Of a `score` task: the file of its model. */
  readonly model: string | undefined;
  /** Of a `score` task: bytes that one picture may take. */
  readonly memoryPerImage: number | undefined;
  /** Kept when the task is cut, so that the next try goes on from it. */
  readonly work: string;
  /** Empty; becomes the result. */
  readonly out: string;
  readonly threads: number;
  readonly signal: AbortSignal;
  /** A line for the task's log. */
  readonly log: (line: string) => void;
  readonly onProgress: (progress: TaskProgress) => void;
}

/** By name. */
export type Measures = Readonly<Record<string, number | null>>;

/**
 * Does a task: writes into `out` the same bytes whenever and wherever it runs, and gives its measures; null when the signal cut it.
 * @throws ConfigError, DataError, FormatError for what is wrong with the task
 */
export type TaskKind = (context: TaskContext) => Promise<Measures | null>;
