import type { Address, FinishTensors, InferenceKernels } from '../kernels.js';
import type { WasmContext } from './context.js';
import { partition } from './partition.js';

/** Codes of `src/kernels/assembly/finish-rows.ts`. */
const ACTIVATIONS = { none: 0, relu: 1, prelu: 2, fprelu: 3 } as const;

export function inferenceKernels(wasm: WasmContext): InferenceKernels {
  return { finish: (rows, channels, tensors, x, y) => finishAll(wasm, rows, channels, tensors, x, y) };
}

/** A finish as a pass of its own. */
export function finishAll(
  wasm: WasmContext,
  rows: number,
  channels: number,
  tensors: FinishTensors,
  x: Address,
  y: Address,
): void {
  const { tasks, size } = partition(rows, channels);
  wasm.run('finish', tasks, [rows, size, channels, x, y, ...finishIntegers(tensors)]);
}

/** A finish as the last arguments of a kernel; null changes nothing. */
export function finishIntegers(finish: FinishTensors | null): readonly number[] {
  if (finish === null) return NOTHING;
  const { scale, bias, shortcut, activation, positive, negative } = finish;
  return [scale, bias, shortcut, ACTIVATIONS[activation], positive, negative];
}

/** A finish of what begins `bytes` further on in its output. */
export function finishFrom(finish: FinishTensors | null, bytes: number): FinishTensors | null {
  return finish && finish.shortcut !== 0 ? { ...finish, shortcut: finish.shortcut + bytes } : finish;
}

const NOTHING = [0, 0, 0, 0, 0, 0];
