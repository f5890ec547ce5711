import type { Address, FinishTensors } from '../kernels.js';
import type { WasmContext } from './context.js';
import { finishIntegers } from './inference.js';

/** How a 1-bit convolution ends: in floats, or by thresholds [outChannels] in bits; y is where either go. */
export interface BinaryOutputs {
  readonly y: Address;
  readonly finish: FinishTensors | null;
  /** 0: floats. */
  readonly thresholds: Address;
}

/** Code of `src/kernels/assembly/binary-outputs.ts`, among those of activations. */
const SIGNS = 4;

/** Calls `use` with the last arguments of a kernel; `tileFloats` are the outputs that a task has under way before they become bits. */
export function withOutputs(
  wasm: WasmContext,
  { finish, thresholds }: BinaryOutputs,
  tasks: number,
  tileFloats: number,
  use: (integers: readonly number[]) => void,
): void {
  if (thresholds === 0) {
    use(finishIntegers(finish));
    return;
  }
  const tileBytes = Math.ceil(tileFloats / 16) * 64;
  wasm.scratch(tasks * tileBytes, (tiles) => use([thresholds, tiles, tileBytes, SIGNS, 0, 0]));
}
