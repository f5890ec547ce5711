import { compute } from './compute.js';
import { holdLock } from './web-locks.js';

/** A compute thread of a browser: told once what to work on, it says that it is there and computes until it is ended. */
export interface WebThreadData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly lock: string;
}

self.onmessage = async ({ data }: MessageEvent<WebThreadData>) => {
  await holdLock(data.lock);
  self.postMessage(null);
  compute(data.module, data.memory);
};
