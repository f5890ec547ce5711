/**
 * How threads share work. All live in the first bytes of the wasm memory, below everything that the kernels use.
 *
 * A command is a kernel's number, its task count and its arguments. `NEXT` holds the command's generation and the next
 * task in one word, so that a thread that wakes late can never take a task of another command: its compare-and-swap
 * fails. The thread that calls waits until all tasks are done, not until all threads woke.
 */
export const Control = {
  /** Number of the current command; sleepers wait on it. */
  generation: 0,
  /** Index of the kernel among the module's exported functions. */
  kernel: 1,
  taskCount: 2,
  /** generation << TASK_BITS | next task */
  next: 3,
  /** Tasks finished; the caller waits on it. */
  finished: 4,
  stop: 5,
  /** Workers asleep in `Atomics.wait`. */
  sleepers: 6,
  /** Set when a kernel trapped in a worker. */
  failed: 7,
  /** Workers that have started. */
  ready: 8,
} as const;

export const CONTROL_WORDS = 16;
export const TASK_BITS = 12;
export const MAX_TASKS = (1 << TASK_BITS) - 1;

/** Byte addresses of a command's arguments: 40 integers, then 24 floats. */
export const INTEGERS_AT = 256;
export const FLOATS_AT = INTEGERS_AT + 40 * 4;

/** The kernels keep nothing below this address (`--memoryBase`), and their constants below `HEAP_AT`. */
export const HEAP_AT = 65536;

export type KernelFunction = (args: number, task: number) => void;

/** The module's kernels in a fixed order: their index is the number that a command carries. */
export function kernelNames(module: WebAssembly.Module): string[] {
  return WebAssembly.Module.exports(module)
    .filter((entry) => entry.kind === 'function')
    .map((entry) => entry.name);
}

/** Takes tasks of the command `generation` until none is left. */
export function work(control: Int32Array, generation: number, kernels: readonly KernelFunction[]): void {
  for (;;) {
    const next = Atomics.load(control, Control.next);
    if (next >>> TASK_BITS !== (generation << TASK_BITS) >>> TASK_BITS) return;
    const task = next & MAX_TASKS;
    if (task >= Atomics.load(control, Control.taskCount)) return;
    if (Atomics.compareExchange(control, Control.next, next, next + 1) !== next) continue;
    kernels[Atomics.load(control, Control.kernel)]!(INTEGERS_AT, task);
    const finished = Atomics.add(control, Control.finished, 1) + 1;
    if (finished === Atomics.load(control, Control.taskCount)) Atomics.notify(control, Control.finished);
  }
}
