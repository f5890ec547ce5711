import { EngineError, UnsupportedError } from '../../errors.js';
import { engineDisposed } from '../disposed.js';
import type { Address } from '../kernels.js';
import { Allocator } from '../memory.js';
import type { WasmContext } from './context.js';
import {
  CONTROL_WORDS,
  Control,
  FLOATS_AT,
  HEAP_AT,
  INTEGERS_AT,
  type KernelFunction,
  kernelNames,
  MAX_TASKS,
  TASK_BITS,
  work,
} from './protocol.js';

/** What the pool of compute threads needs to be told; Node's and the browser's differ only in this. */
export interface ThreadHost {
  /** Starts `count` workers that run `protocol.work` on the module and the memory; `onFailure` hears of one that could not, or ended. */
  start(count: number, module: WebAssembly.Module, memory: WebAssembly.Memory, onFailure: (cause: unknown) => void): void;
  /** Whether one of them is known to have ended. Answers while the caller's event loop stands still, without waiting. */
  hasLost(): boolean;
  stop(): void;
}

const PAGE = 65536;
/** What a kernel is given at most. */
const INTEGERS = 40;
const FLOATS = 24;
/** The caller polls this often for the last task's end before it sleeps. */
const POLLS_BEFORE_SLEEP = 20_000;
/** Milliseconds of sleep after which it looks whether the threads that it waits for are still there. */
const SLEEP = 100;

/** One wasm instance, its memory and its threads: runs kernels by name. */
export class WasmBackend implements WasmContext {
  /** Null after `dispose`. */
  memory: WebAssembly.Memory | null;
  readonly allocator: Allocator;
  private readonly names = new Map<string, number>();
  private kernels: KernelFunction[];
  private control!: Int32Array;
  private integers!: Int32Array;
  private floatArguments!: Float32Array;
  private heapFloats!: Float32Array;
  private heapIntegers!: Int32Array;
  private generation = 0;
  private disposed = false;
  /** Once set, every call throws it. */
  private failure: EngineError | null = null;

  /**
   * @param threads threads that compute, the calling one included; above 1 needs a `shared` build and a `host`
   * @param memoryLimit bytes that tensors may take
   * @throws UnsupportedError where the host has no room for one more memory
   */
  constructor(
    module: WebAssembly.Module,
    readonly relaxed: boolean,
    shared: boolean,
    readonly threads: number,
    memoryLimit: number,
    private readonly host: ThreadHost | null,
  ) {
    const maximum = Math.min(65536, Math.ceil((memoryLimit + HEAP_AT) / PAGE) + 16);
    const memory = newMemory({ initial: 16, ...(shared ? { maximum: 65536, shared } : { maximum }) });
    this.memory = memory;
    const exports = new WebAssembly.Instance(module, { env: { memory } }).exports;
    const names = kernelNames(module);
    names.forEach((name, index) => {
      this.names.set(name, index);
    });
    this.kernels = names.map((name) => exports[name] as KernelFunction);
    this.view(memory.buffer);
    this.allocator = new Allocator(HEAP_AT, memoryLimit, (end) => this.grow(end));
    if (threads > 1) {
      host?.start(threads - 1, module, memory, (cause) => this.fail('a compute thread', cause));
    }
  }

  /** @throws LifetimeError after `dispose`, EngineError when this kernel or an earlier one failed */
  run(kernel: string, tasks: number, integers: readonly number[], floats: readonly number[] = []): void {
    const index = this.names.get(kernel);
    if (index === undefined) throw new RangeError(`no kernel is named ${kernel}`);
    this.checkUsable();
    for (let i = 0; i < integers.length; i++) this.integers[i] = integers[i]!;
    for (let i = 0; i < floats.length; i++) this.floatArguments[i] = floats[i]!;
    try {
      // More tasks than a command can count (hundreds of heads with large kernels) are rare enough for one thread.
      if (this.threads === 1 || tasks < 2 || tasks > MAX_TASKS) {
        const task = this.kernels[index]!;
        for (let i = 0; i < tasks; i++) task(INTEGERS_AT, i);
      } else {
        this.runShared(index, tasks);
      }
    } catch (cause) {
      throw this.fail(`the kernel ${kernel}`, cause);
    }
  }

  /** @throws LifetimeError after `dispose`, EngineError after a failure */
  checkUsable(): void {
    if (this.disposed) throw engineDisposed();
    if (this.failure) throw this.failure;
  }

  /** @throws OutOfMemoryError, and as `checkUsable` */
  scratch(bytes: number, use: (address: Address) => void): void {
    this.checkUsable();
    const address = this.allocator.allocate(bytes, 'workspace of a kernel', [bytes]);
    try {
      use(address);
    } finally {
      this.allocator.free(address);
    }
  }

  readFloat(address: Address): number {
    return this.floats(address, 1)[0]!;
  }

  readInteger(address: Address): number {
    return this.ints(address, 1)[0]!;
  }

  doubles(address: Address, count: number): Float64Array {
    return new Float64Array(this.heapFloats.buffer, address, count);
  }

  writeIntegers(address: Address, values: ArrayLike<number>): void {
    this.ints(address, values.length).set(values);
  }

  floats(address: Address, elements: number): Float32Array {
    return this.heapFloats.subarray(address >>> 2, (address >>> 2) + elements);
  }

  ints(address: Address, elements: number): Int32Array {
    return this.heapIntegers.subarray(address >>> 2, (address >>> 2) + elements);
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    Atomics.store(this.control, Control.stop, 1);
    Atomics.add(this.control, Control.generation, 1);
    Atomics.notify(this.control, Control.generation);
    this.host?.stop();
    // The instance and its memory go when nothing refers to them.
    this.kernels = [];
    this.memory = null;
    this.view(new ArrayBuffer(FLOATS_AT + FLOATS * 4));
  }

  /** The first failure stays: what follows it is its consequence. */
  private fail(where: string, cause: unknown): EngineError {
    this.failure ??= new EngineError(where, cause);
    return this.failure;
  }

  private runShared(index: number, tasks: number): void {
    const control = this.control;
    this.generation = (this.generation + 1) | 0;
    // First of all: a thread that read the last command's exhausted `next` must not find the new, larger task count and take one more.
    Atomics.store(control, Control.next, (this.generation << TASK_BITS) | MAX_TASKS);
    Atomics.store(control, Control.kernel, index);
    Atomics.store(control, Control.taskCount, tasks);
    Atomics.store(control, Control.finished, 0);
    Atomics.store(control, Control.next, this.generation << TASK_BITS);
    Atomics.store(control, Control.generation, this.generation);
    if (Atomics.load(control, Control.sleepers) > 0) Atomics.notify(control, Control.generation);
    work(control, this.generation, this.kernels);
    for (let poll = 0; ; poll++) {
      const finished = Atomics.load(control, Control.finished);
      if (finished === tasks) return;
      if (Atomics.load(control, Control.failed) !== 0) throw new WebAssembly.RuntimeError('a kernel trapped in a compute thread');
      if (poll <= POLLS_BEFORE_SLEEP || Atomics.wait(control, Control.finished, finished, SLEEP) !== 'timed-out') continue;
      // Its task cannot be done again: kernels that add to their output may have added a part already.
      if (this.host?.hasLost()) throw new Error('a compute thread ended before its task was done');
    }
  }

  private grow(end: Address): boolean {
    const memory = this.memory!;
    const missing = Math.ceil((end - memory.buffer.byteLength) / PAGE);
    if (missing <= 0) return true;
    try {
      // A little ahead, so that a growing step does not ask for every page on its own.
      const ahead = Math.min(missing + 256, 65536 - memory.buffer.byteLength / PAGE);
      try {
        memory.grow(Math.max(missing, ahead));
      } catch {
        memory.grow(missing);
      }
    } catch {
      return false;
    }
    this.view(memory.buffer);
    return true;
  }

  /** Growing gives the memory a new buffer; old views go blind (unshared) or stay short (shared). */
  private view(buffer: ArrayBufferLike): void {
    this.heapFloats = new Float32Array(buffer);
    this.heapIntegers = new Int32Array(buffer);
    this.control = new Int32Array(buffer, 0, CONTROL_WORDS);
    this.integers = new Int32Array(buffer, INTEGERS_AT, INTEGERS);
    this.floatArguments = new Float32Array(buffer, FLOATS_AT, FLOATS);
  }
}

/** @throws UnsupportedError where the host has no room for one more */
function newMemory(descriptor: WebAssembly.MemoryDescriptor): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory(descriptor);
  } catch (cause) {
    throw new UnsupportedError(
      'one more engine',
      `the host gives no memory for it (${(cause as Error).message}). Dispose of engines and models that are no longer needed.`,
    );
  }
}
