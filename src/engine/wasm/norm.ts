import type { NormKernels } from '../kernels.js';
import { foldRows, partialArguments, sumColumns } from './columns.js';
import type { WasmContext } from './context.js';
import { partition } from './partition.js';

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

    batchNorm({ rows, channels, epsilon, relu }, x, mean, variance, weight, bias, shortcut, y) {
      const { elements, factor, width } = foldRows(rows, channels);
      const kernel = `batchNorm${shortcut === 0 ? '' : 'Add'}${relu ? 'Relu' : ''}`;
      wasm.scratch(width * 12, (coefficients) => {
        wasm.run('batchNormCoefficients', 1, [channels, factor, mean, variance, weight, bias, coefficients], [epsilon]);
        const { tasks, size } = partition(Math.ceil(elements / width), width);
        wasm.run(kernel, tasks, [elements, size, width, coefficients, x, shortcut, y]);
      });
    },

    batchNormGradient(g, x, mean, variance, weight, bias, y, dy, dz, dx, dweight, dbias) {
      const { rows, channels, epsilon, training, relu, adds } = g;
      const { elements, factor, width } = foldRows(rows, channels);
      const masked = relu && y !== 0;
      const gated = relu && y === 0;
      wasm.scratch(width * 20, (coefficients) => {
        wasm.run('batchNormCoefficients', 1, [channels, factor, mean, variance, weight, bias, coefficients], [epsilon]);
        const kernel = `batchNorm${masked ? 'AddRelu' : gated ? 'Relu' : ''}GradientSums`;
        const operands = [x, dy, coefficients, ...(masked ? [y, dz] : [])];
        sumColumns(wasm, { kernel, groups: 1, rows, channels, sums: 2, operands }, (partial) => {
          const { tasks, size } = partition(channels, partial.blocks * factor);
          const addresses = [variance, weight, coefficients, dweight, dbias];
          wasm.run('finishBatchNormGradient', tasks, [...partialArguments(partial), size, rows, ...addresses], [epsilon]);
        });
        const { tasks, size } = partition(Math.ceil(elements / width), width);
        const last = `batchNorm${training ? '' : 'Fixed'}${gated ? 'Relu' : ''}InputGradient${adds ? 'Adding' : ''}`;
        wasm.run(last, tasks, [elements, size, width, coefficients, x, masked ? dz : dy, dx]);
      });
    },
  };
}
