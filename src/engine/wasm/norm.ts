import type { NormKernels } from '../kernels.js';
import { foldRows, partialArguments, sumColumns } from './columns.js';
import type { WasmContext } from './context.js';
import { mapColumns } from './elements.js';
import { partition, partitionElements } from './partition.js';

export function normKernels(wasm: WasmContext): NormKernels {
  return {
    batchNormStatistics(rows, channels, x, mean, variance) {
      const { factor, width } = foldRows(rows, channels);
      wasm.scratch(width * 4, (pivot) => {
        wasm.run('batchNormPivot', 1, [rows, channels, factor, x, pivot]);
        const sum = { kernel: 'batchNormMoments', groups: 1, rows, channels, sums: 2, operands: [x, pivot] };
        sumColumns(wasm, sum, (partial) => {
          const { tasks, size } = partition(channels, partial.blocks * factor);
          wasm.run('finishBatchNormMoments', tasks, [...partialArguments(partial), size, rows, pivot, mean, variance]);
        });
      });
    },

    batchNorm(rows, channels, epsilon, x, mean, variance, weight, bias, y) {
      const { elements, factor, width } = foldRows(rows, channels);
      wasm.scratch(width * 12, (coefficients) => {
        wasm.run('batchNormCoefficients', 1, [channels, factor, mean, variance, weight, bias, coefficients], [epsilon]);
        const { tasks, size } = partitionElements(elements);
        wasm.run('batchNorm', tasks, [elements, size, width, x, coefficients, y]);
      });
    },

    batchNormGradient(rows, channels, epsilon, training, x, mean, variance, weight, dy, dx, dweight, dbias) {
      const { elements, factor, width } = foldRows(rows, channels);
      wasm.scratch(width * 16, (coefficients) => {
        const means = coefficients + width * 12;
        wasm.run('repeatChannels', 1, [channels, factor, mean, means]);
        const sum = { kernel: 'batchNormGradientSums', groups: 1, rows, channels, sums: 2, operands: [x, dy, means] };
        sumColumns(wasm, sum, (partial) => {
          const { tasks, size } = partition(channels, partial.blocks * factor);
          const addresses = [variance, weight, coefficients, dweight, dbias];
          wasm.run('finishBatchNormGradient', tasks, [...partialArguments(partial), size, rows, ...addresses], [epsilon]);
        });
        if (!training) {
          mapColumns(wasm, 'multiplyColumns', { n: elements, width, repeats: rows }, dy, coefficients, dx);
          return;
        }
        const { tasks, size } = partitionElements(elements);
        wasm.run('batchNormInputGradient', tasks, [elements, size, width, x, dy, coefficients, dx]);
      });
    },
  };
}
