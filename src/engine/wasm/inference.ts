import type { InferenceKernels } from '../kernels.js';
import type { WasmContext } from './context.js';
import { partition } from './partition.js';

/** Codes of `src/kernels/assembly/finish.ts`. */
const ACTIVATIONS = { none: 0, relu: 1, prelu: 2, fprelu: 3 } as const;

export function inferenceKernels(wasm: WasmContext): InferenceKernels {
  return {
    finish(rows, channels, { scale, bias, shortcut, activation, positive, negative }, x, y) {
      const { tasks, size } = partition(rows, channels);
      const code = ACTIVATIONS[activation];
      wasm.run('finish', tasks, [rows, size, channels, x, scale, bias, shortcut, code, positive, negative, y]);
    },
  };
}
