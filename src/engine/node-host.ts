import { readFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { EngineHost } from './host.js';
import type { ComputeWorkerData } from './wasm/worker.js';

/** Node: kernels from the package's folder, threads as worker_threads. */
export function createNodeHost(): EngineHost {
  const workers: Worker[] = [];
  return {
    name: `Node ${process.versions.node}`,
    processors: availableParallelism(),
    memoryBytes: totalmem(),
    async loadKernels(fileName) {
      const bytes = await readFile(new URL(`../kernels/${fileName}`, import.meta.url));
      return WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>);
    },
    allowRelaxedSimd: () => setFlagsFromString('--experimental-wasm-relaxed-simd'),
    threads: {
      start(count, module, memory, onFailure) {
        for (let i = 0; i < count; i++) {
          const workerData: ComputeWorkerData = { module, memory };
          const worker = new Worker(new URL('./wasm/worker.js', import.meta.url), { workerData });
          worker.on('error', onFailure);
          worker.unref();
          workers.push(worker);
        }
      },
      stop() {
        workers.length = 0;
      },
    },
  };
}
