import type { Address, Kernels } from './kernels.js';

/** Element types of tensors: float32 (float64 in the reference engine) and int32 (labels, indices). */
export type DType = 'float32' | 'int32';

export interface MemoryFacts {
  readonly bytesInUse: number;
  readonly bytesPeak: number;
  readonly bytesLimit: number;
  readonly allocations: number;
}

/** One feature of the machine or the build: whether it is in use, and why (not). */
export interface FeatureFact {
  readonly name: 'simd' | 'relaxed-simd' | 'shared-memory' | 'threads' | 'winograd' | 'binary-tables';
  readonly on: boolean;
  readonly why: string;
}

export interface EngineFacts {
  readonly backend: 'wasm' | 'reference' | 'shape';
  /** File name of the kernels in use, or null. */
  readonly build: string | null;
  /** Threads that compute, the calling one included. */
  readonly threads: number;
  /** Logical processors that this process may use. */
  readonly processors: number;
  readonly features: readonly FeatureFact[];
  readonly memory: MemoryFacts;
  /** Node's or the browser's name and version. */
  readonly host: string;
}

/**
 * Where tensors live and kernels run: memory, dispatch, nothing else. An engine knows no neural networks; a tensor knows its
 * engine. Which kernels it has is `K`: all of them, or those of packed models (`ForwardKernels`).
 */
export interface Engine<K = Kernels> {
  readonly kernels: K;
  /** True where no numbers are kept at all and kernels do nothing: for shapes and costs. */
  readonly shapesOnly: boolean;
  /**
   * Memory for `elements` elements, not cleared, never 0.
   * @throws OutOfMemoryError naming `what` and its shape
   */
  allocate(elements: number, dtype: DType, what: string, shape: readonly number[]): Address;
  free(address: Address): void;
  /** A view of the stored elements, valid until the next allocation. */
  floats(address: Address, elements: number): Float32Array | Float64Array;
  ints(address: Address, elements: number): Int32Array;
  facts(): EngineFacts;
  memory(): MemoryFacts;
  /** Ends the workers and gives all memory back; every tensor of the engine is gone. */
  dispose(): void;
}
