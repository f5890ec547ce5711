import type { ThreadHost } from './wasm/backend.js';

/** What an engine needs of the place that it runs in. */
export interface EngineHost {
  readonly name: string;
  /** Logical processors that this process may use. */
  readonly processors: number;
  loadKernels(fileName: string): Promise<WebAssembly.Module>;
  /** Turns on relaxed SIMD where it lies behind a flag. */
  allowRelaxedSimd(): void;
  readonly threads: ThreadHost;
}
