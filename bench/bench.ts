import type { Source } from '../dist/node.js';
import type { Effort } from './measure.js';
import type { Result } from './result.js';

/** What a suite is given. */
export interface Bench {
  /** For kernels, and for whole training steps. */
  readonly kernelEffort: Effort;
  readonly stepEffort: Effort;
  /** Images of CIFAR-10; null: such are generated. */
  readonly data: Source | null;
  report(result: Result): void;
}

/** Kernels and steps are measured on one thread and on two. */
export const THREADS = [1, 2] as const;
export type Threads = (typeof THREADS)[number];
