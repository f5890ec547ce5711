import type { Address } from '../kernels.js';

/** What the callers of kernels (`convolution.ts`, `elements.ts` …) need of the wasm backend. */
export interface WasmContext {
  /** True when the loaded build uses relaxed SIMD. */
  readonly relaxed: boolean;
  /**
   * Runs `tasks` tasks of the kernel that the module exports under `kernel`, on all threads (more than 4095 on the calling one), and
   * returns when all are done. At most 40 integers (addresses among them) and 24 floats.
   */
  run(kernel: string, tasks: number, integers: readonly number[], floats?: readonly number[]): void;
  /** Calls `use` with the address of `bytes` bytes of workspace (64-byte aligned, not cleared), freed afterwards. */
  scratch(bytes: number, use: (address: Address) => void): void;
  /** One float at an address. */
  readFloat(address: Address): number;
  readInteger(address: Address): number;
  /** A view of doubles (the address a multiple of 8), valid until the next allocation. */
  doubles(address: Address, count: number): Float64Array;
  /** Int32 values for kernels to look up, more than `run` takes. */
  writeIntegers(address: Address, values: ArrayLike<number>): void;
}
