import type { LossKernels } from '../kernels.js';
import { writeColumnSums } from './columns.js';
import type { WasmContext } from './context.js';
import { mapColumns, mapElements, mapRows } from './elements.js';
import { partition, partitionElements } from './partition.js';
import { finishRowSums, sumRows } from './rows.js';
import { runRows } from './spatial.js';

export function lossKernels(wasm: WasmContext): LossKernels {
  return {
    crossEntropy(g, logits, labels, probabilities, loss) {
      const { tasks, size } = partition(g.rows, g.classes * 4);
      wasm.scratch(tasks * 8, (partials) => {
        const integers = [g.rows, size, g.classes, logits, labels, probabilities, partials];
        wasm.run('crossEntropy', tasks, integers, [g.smoothing]);
        finishRowSums(wasm, { groups: 1, outs: 1, blocks: tasks, divisor: g.rows }, partials, loss);
      });
    },
    crossEntropyGradient(g, probabilities, labels, dloss, dlogits) {
      const addresses = [probabilities, labels, dloss, dlogits];
      runRows(wasm, 'crossEntropyGradient', g.rows, g.classes, [g.classes, ...addresses], [g.smoothing]);
    },

    meanSquaredError(n, a, b, loss) {
      sumRows(wasm, 'rowDifferenceSquareSums', { groups: 1, outs: 1, width: n, divisor: n }, a, b, loss);
    },
    meanSquaredErrorGradient(n, a, b, dloss, da, db) {
      mapElements(wasm, 'meanSquaredErrorGradient', n, [a, b, dloss, da, db], [2 / n]);
    },

    depthContrast(batch, height, width, x, y) {
      runRows(wasm, 'depthContrast', batch * (height - 2), width * 8, [height, width, x, y]);
    },
    depthContrastGradient(batch, height, width, dy, dx) {
      runRows(wasm, 'depthContrastGradient', batch * height, width * 8, [height, width, dy, dx]);
    },

    sum: (n, x, out) => sumRows(wasm, 'rowSums', { groups: 1, outs: 1, width: n, divisor: 1 }, x, 0, out),
    sumSquares: (n, x, out) => sumRows(wasm, 'rowSquareSums', { groups: 1, outs: 1, width: n, divisor: 1 }, x, 0, out),

    columnSums(rows, channels, x, out) {
      const sum = { kernel: 'columnSums', groups: 1, rows, channels, sums: 1, operands: [x, 0] };
      writeColumnSums(wasm, sum, 1, [out]);
    },
    rowMeanAbsolute(rows, columns, x, out) {
      sumRows(wasm, 'rowAbsoluteSums', { groups: 1, outs: rows, width: columns, divisor: columns }, x, 0, out);
    },
    scaleRows(rows, columns, byRow, x, factor, y) {
      const n = rows * columns;
      if (!byRow) mapColumns(wasm, 'multiplyColumns', { n, width: columns, repeats: rows }, x, factor, y);
      else if (columns === 1) mapColumns(wasm, 'multiplyColumns', { n, width: n, repeats: 1 }, x, factor, y);
      else mapRows(wasm, 'multiplyRows', { n, width: columns, period: rows }, x, factor, y);
    },

    countNonFinite(n, x) {
      const { tasks, size } = partitionElements(n);
      let count = 0;
      wasm.scratch(tasks * 4, (counts) => {
        wasm.run('countNonFinite', tasks, [n, size, x, counts]);
        for (let task = 0; task < tasks; task++) count += wasm.readInteger(counts + task * 4);
      });
      return count;
    },
    argmaxRows: (rows, columns, x, out) => runRows(wasm, 'argmaxRows', rows, columns, [columns, x, out]),
  };
}
