import type { Address, CentralDifferenceKernels } from '../kernels.js';
import type { WasmContext } from './context.js';
import { partition } from './partition.js';

export function centralDifferenceKernels(wasm: WasmContext): CentralDifferenceKernels {
  const transform =
    (kernel: string) => (rows: number, taps: number, channels: number, theta: number, from: Address, to: Address) => {
      const { tasks, size } = partition(rows, taps * channels);
      wasm.run(kernel, tasks, [rows, size, taps, channels, from, to], [theta]);
    };
  return {
    centralDifference: transform('centralDifference'),
    centralDifferenceGradient: transform('centralDifferenceGradient'),
  };
}
