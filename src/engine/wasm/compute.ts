import { CONTROL_WORDS, Control, type KernelFunction, kernelNames, work } from './protocol.js';

/** Polls this often before it sleeps: about as long as the gap between two kernels of a training step. */
const POLLS_BEFORE_SLEEP = 4000;

/** What a compute thread does, in Node and in a browser: takes tasks until the engine is disposed of. */
export function compute(module: WebAssembly.Module, memory: WebAssembly.Memory): void {
  const exports = new WebAssembly.Instance(module, { env: { memory } }).exports;
  const kernels = kernelNames(module).map((name) => exports[name] as KernelFunction);
  const control = new Int32Array(memory.buffer, 0, CONTROL_WORDS);
  let seen = 0;
  Atomics.add(control, Control.ready, 1);
  Atomics.notify(control, Control.ready);
  while (Atomics.load(control, Control.stop) === 0) {
    const generation = nextGeneration(control, seen);
    if (generation === seen) continue;
    seen = generation;
    try {
      work(control, generation, kernels);
    } catch (error) {
      Atomics.store(control, Control.failed, 1);
      Atomics.notify(control, Control.finished);
      throw error;
    }
  }
}

function nextGeneration(control: Int32Array, previous: number): number {
  for (let poll = 0; poll < POLLS_BEFORE_SLEEP; poll++) {
    const generation = Atomics.load(control, Control.generation);
    if (generation !== previous) return generation;
  }
  Atomics.add(control, Control.sleepers, 1);
  Atomics.wait(control, Control.generation, previous);
  Atomics.sub(control, Control.sleepers, 1);
  return Atomics.load(control, Control.generation);
}
