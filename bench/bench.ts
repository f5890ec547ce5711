import type { Effort } from './measure.js';
import type { Result } from './result.js';

/** What a suite is given. */
export interface Bench {
  /** For kernels, and for whole training steps. */
  readonly kernelEffort: Effort;
  readonly stepEffort: Effort;
  /** Folder of CIFAR-10; null: images are generated. */
  readonly data: string | null;
  report(result: Result): void;
}

/** Kernels and steps are measured on one thread and on two. */
export const THREADS = [1, 2] as const;
export type Threads = (typeof THREADS)[number];
