import { workerData } from 'node:worker_threads';
import { compute } from './compute.js';
import { showLife } from './signs-of-life.js';

/** A compute thread of Node. */
export interface ComputeWorkerData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Where this thread, by its number, shows that it lives. */
  readonly signs: Int32Array;
  readonly thread: number;
}

const { module, memory, signs, thread } = workerData as ComputeWorkerData;
showLife(signs, thread);
compute(module, memory);
