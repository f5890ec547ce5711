import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { EngineHost } from './host.js';
import { createNodeTimings } from './node-timings.js';
import { createSigns, hasLost } from './wasm/signs-of-life.js';
import type { ComputeWorkerData } from './wasm/worker.js';

/** Node: kernels from a folder of the package, threads as worker_threads, timings in the user's cache folder. */
export function createNodeHost(kernels = new URL('../kernels/', import.meta.url)): EngineHost {
  const workers: Worker[] = [];
  let signs = createSigns(0);
  return {
    name: `Node ${process.versions.node}`,
    processors: availableParallelism(),
    async loadKernels(fileName) {
      const bytes = await readFile(new URL(fileName, kernels));
      return WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>);
    },
    timings: createNodeTimings(kernels),
    allowRelaxedSimd: () => setFlagsFromString('--experimental-wasm-relaxed-simd'),
    threads: {
      start(count, module, memory, onFailure) {
        signs = createSigns(count);
        for (let thread = 0; thread < count; thread++) {
          const workerData: ComputeWorkerData = { module, memory, signs, thread };
          const worker = new Worker(new URL('./wasm/worker.js', import.meta.url), { workerData });
          worker.on('error', onFailure);
          worker.on('exit', (code) => {
            if (workers.includes(worker)) onFailure(new Error(`it ended with exit code ${code}`));
          });
          worker.unref();
          workers.push(worker);
        }
      },
      hasLost: () => hasLost(signs),
      stop() {
        workers.length = 0;
      },
    },
  };
}
