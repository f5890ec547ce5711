import type { Address, NormKernels } from '../kernels.js';
import { foldRows, partialArguments, sumColumns } from './columns.js';
import type { WasmContext } from './context.js';
import { partition } from './partition.js';

export function normKernels(wasm: WasmContext): NormKernels {
  return {
    batchNormStatistics(rows, channels, x, mean, variance, across = null) {
      const { factor, width } = foldRows(rows, channels);
      let counted = rows;
      wasm.scratch(width * 4, (pivot) => {
        wasm.run('batchNormPivot', 1, [rows, channels, factor, x, pivot]);
        const sum = { kernel: 'batchNormMoments', groups: 1, rows, channels, sums: 2, operands: [x, pivot] };
        sumColumns(wasm, sum, (partial) => {
          const { tasks, size } = partition(channels, partial.blocks * factor);
          if (across === null) {
            wasm.run('finishBatchNormMoments', tasks, [...partialArguments(partial), size, rows, pivot, mean, variance]);
            return;
          }
          withSums(wasm, channels, rows, (sums, values) => {
            wasm.run('finishBatchNormPowerSums', tasks, [...partialArguments(partial), size, pivot, sums]);
            across(values);
            wasm.run('batchNormOfPowerSums', 1, [channels, sums, mean, variance]);
            counted = values.at(-1)!;
          });
        });
      });
      return counted;
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
      const { rows, channels, epsilon, training, relu, adds, across = null } = g;
      const { elements, factor, width } = foldRows(rows, channels);
      const masked = relu && y !== 0;
      const gated = relu && y === 0;
      wasm.scratch(width * 20, (coefficients) => {
        wasm.run('batchNormCoefficients', 1, [channels, factor, mean, variance, weight, bias, coefficients], [epsilon]);
        const kernel = `batchNorm${masked ? 'AddRelu' : gated ? 'Relu' : ''}GradientSums`;
        const operands = [x, dy, coefficients, ...(masked ? [y, dz] : [])];
        sumColumns(wasm, { kernel, groups: 1, rows, channels, sums: 2, operands }, (partial) => {
          const { tasks, size } = partition(channels, partial.blocks * factor);
          withSums(wasm, channels, rows, (sums, values) => {
            const finish = [...partialArguments(partial), size, variance, sums, dweight, dbias];
            wasm.run('finishBatchNormGradientSums', tasks, finish, [epsilon]);
            if (!training) return;
            across?.(values);
            const add = [channels, factor, variance, weight, sums, coefficients];
            wasm.run('batchNormGradientCoefficients', 1, add, [epsilon]);
          });
        });
        const { tasks, size } = partition(Math.ceil(elements / width), width);
        const last = `batchNorm${training ? '' : 'Fixed'}${gated ? 'Relu' : ''}InputGradient${adds ? 'Adding' : ''}`;
        wasm.run(last, tasks, [elements, size, width, coefficients, x, masked ? dz : dy, dx]);
      });
    },
  };
}

/** Two sums a channel and the number of rows behind them, as doubles: their address, and the same memory to add up over processes. */
function withSums(wasm: WasmContext, channels: number, rows: number, use: (sums: Address, values: Float64Array) => void): void {
  const count = 2 * channels + 1;
  wasm.scratch(count * 8, (sums) => {
    const values = wasm.doubles(sums, count);
    values[count - 1] = rows;
    use(sums, values);
  });
}
