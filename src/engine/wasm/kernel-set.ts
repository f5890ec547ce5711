import type { BinaryMethod, BinaryWorks } from './binary.js';
import type { WasmContext } from './context.js';
import type { ConvolutionChoice } from './convolution.js';

export interface KernelChoices extends ConvolutionChoice {
  /** As in `binaryKernels`. */
  readonly chooseBinaryMethod: (works: BinaryWorks) => BinaryMethod;
}

/** Kernels, and the build that has them. */
export interface KernelSet<K> {
  /** Name of its files, before `-relaxed`, `-threads` and `.wasm`. */
  readonly build: string;
  readonly make: (wasm: WasmContext, choices: KernelChoices) => K;
}
