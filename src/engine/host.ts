import type { ThreadHost } from './wasm/backend.js';

/** What a timing is of. */
export interface TimingSubject {
  /** File name of the kernels. */
  readonly build: string;
  /** What ran on them, in words that stand for nothing else; absent where the timing is of the kernels themselves. */
  readonly network?: string;
}

/** Keeps timings from one process to the next. Failing is no error: then they are timed again. */
export interface TimingStore {
  /** Where they are kept, for people. */
  readonly place: string;
  /** What was kept for a subject on this machine, unchecked; null for nothing. */
  read(subject: TimingSubject): Promise<unknown>;
  /** @param timing plain data */
  write(subject: TimingSubject, timing: unknown): Promise<void>;
}

/** What an engine needs of the place that it runs in. */
export interface EngineHost {
  readonly name: string;
  /** Logical processors that this process may use. */
  readonly processors: number;
  loadKernels(fileName: string): Promise<WebAssembly.Module>;
  /** Turns on relaxed SIMD where it lies behind a flag. */
  allowRelaxedSimd(): void;
  readonly threads: ThreadHost;
  /** Unless given, kernels are timed once in every process. */
  readonly timings?: TimingStore;
}
