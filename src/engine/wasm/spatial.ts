import type { ForwardPart, TrainingPart } from '../forward-kernels.js';
import type { PoolGeometry, ResizeGeometry, SpatialKernels } from '../kernels.js';
import { writeColumnSums } from './columns.js';
import type { WasmContext } from './context.js';
import { mapColumns, mapRows } from './elements.js';
import { partition } from './partition.js';
import { sumRows } from './rows.js';

export function spatialKernels(wasm: WasmContext): SpatialKernels {
  return { ...forwardSpatialKernels(wasm), ...trainingKernels(wasm) };
}

export function forwardSpatialKernels(wasm: WasmContext): ForwardPart<SpatialKernels> {
  return {
    maxPool(g, x, y, argmax) {
      runRows(wasm, 'maxPool', g.batch * g.outHeight, g.outWidth * g.channels * 2, [...poolSizes(g), x, y, argmax]);
    },
    averagePool(g, x, y) {
      runRows(wasm, 'averagePool', g.batch * g.outHeight, g.outWidth * g.channels * 2, [...poolSizes(g), x, y]);
    },
    globalAveragePool(batch, pixels, channels, x, y) {
      const sum = { kernel: 'columnSums', groups: batch, rows: pixels, channels, sums: 1, operands: [x, 0] };
      writeColumnSums(wasm, sum, pixels, [y]);
    },
    resizeBilinear(g, x, y) {
      runRows(wasm, 'resizeBilinear', g.batch * g.outHeight, g.outWidth * g.channels * 2, [...resizeSizes(g), x, y]);
    },
    channelMean(rows, channels, x, y) {
      sumRows(wasm, 'rowSums', { groups: 1, outs: rows, width: channels, divisor: channels }, x, 0, y);
    },
    channelMax: (rows, channels, x, y, argmax) => runRows(wasm, 'channelMax', rows, channels, [channels, x, y, argmax]),
  };
}

function trainingKernels(wasm: WasmContext): TrainingPart<SpatialKernels> {
  return {
    maxPoolGradient(g, dy, argmax, dx) {
      runRows(wasm, 'maxPoolGradient', g.batch * g.height, g.width * g.channels * 2, [...poolSizes(g), dy, argmax, dx]);
    },
    averagePoolGradient(g, dy, dx) {
      runRows(wasm, 'averagePoolGradient', g.batch * g.height, g.width * g.channels * 2, [...poolSizes(g), dy, dx]);
    },
    globalAveragePoolGradient(batch, pixels, channels, adds, dy, dx) {
      const sizes = { n: batch * pixels * channels, width: channels, repeats: pixels };
      mapColumns(wasm, adds ? 'accumulateColumns' : 'spreadColumns', sizes, adds ? dx : 0, dy, dx, 1 / pixels);
    },
    resizeBilinearGradient(g, dy, dx) {
      const work = (g.outHeight * g.outWidth * g.channels * 2) / g.height;
      runRows(wasm, 'resizeBilinearGradient', g.batch * g.height, work, [...resizeSizes(g), dy, dx]);
    },
    channelMeanGradient(rows, channels, dy, dx) {
      mapRows(wasm, 'spreadRows', { n: rows * channels, width: channels, period: rows }, 0, dy, dx, 1 / channels);
    },
    channelMaxGradient(rows, channels, dy, argmax, dx) {
      runRows(wasm, 'channelMaxGradient', rows, channels, [channels, dy, argmax, dx]);
    },
  };
}

/** Runs a kernel whose first two arguments are the number of rows and the rows of a task. */
export function runRows(
  wasm: WasmContext,
  kernel: string,
  rows: number,
  work: number,
  integers: readonly number[],
  floats: readonly number[] = [],
): void {
  const { tasks, size } = partition(rows, work);
  wasm.run(kernel, tasks, [rows, size, ...integers], floats);
}

function poolSizes(g: PoolGeometry): number[] {
  return [g.height, g.width, g.channels, g.outHeight, g.outWidth, g.kernel, g.stride, g.padding];
}

function resizeSizes(g: ResizeGeometry): number[] {
  return [g.height, g.width, g.channels, g.outHeight, g.outWidth];
}
