import type { Address, Conv2dGeometry, FinishTensors } from '../kernels.js';
import type { WasmContext } from './context.js';
import { tasksOf } from './convolution-cuts.js';
import { hasFewTiles, type Problem, winograd, winogradFilterFloats, winogradTime } from './winograd.js';

/** Sizes of the kernels (`src/kernels/assembly/strided-winograd.ts`). */
const TAPS = 4;
const PANEL_COLUMNS = 8;
const SCRATCH_BYTES = (16 + 24) * 16;

/** What folding an element takes, and transforming an element of the filters, in the time of one product of the direct convolution. */
const FOLD_TIME = 10;
const FILTER_TIME = 400;

/** The convolution of stride 1 that is left when each 2x2 pixels have become one. */
function foldedProblem(g: Conv2dGeometry): Problem {
  return {
    batch: g.batch,
    source: { height: g.outHeight + TAPS - 1, width: g.outWidth + TAPS - 1, channels: 4 * g.inChannels },
    target: { height: g.outHeight, width: g.outWidth, channels: g.outChannels },
    padding: 0,
    groups: 1,
    taps: TAPS,
  };
}

/** Whether a convolution of stride 2 fits, and is expected to be faster than the direct one: by the shape alone. */
export function paysStridedWinograd(g: Conv2dGeometry): boolean {
  const isSquare = g.kernelHeight === g.kernelWidth && Math.ceil(g.kernelHeight / 2) === TAPS;
  if (!isSquare || g.stride !== 2 || g.dilation !== 1 || g.groups !== 1 || g.outChannels < PANEL_COLUMNS) return false;
  const problem = foldedProblem(g);
  if (hasFewTiles(problem)) return false;
  const { source } = problem;
  const folding = g.batch * source.height * source.width * source.channels * FOLD_TIME;
  const filters = source.channels * g.outChannels * FILTER_TIME;
  const outputs = Math.ceil(g.outChannels / PANEL_COLUMNS) * PANEL_COLUMNS;
  const direct = g.batch * g.outHeight * g.outWidth * g.kernelHeight * g.kernelWidth * g.inChannels * outputs;
  return winogradTime(problem) + folding + filters < direct;
}

export function stridedFilterFloats(g: Conv2dGeometry): number {
  return winogradFilterFloats(foldedProblem(g));
}

export function packStridedFilters(wasm: WasmContext, g: Conv2dGeometry, w: Address, packed: Address): void {
  const panels = Math.ceil(g.outChannels / PANEL_COLUMNS);
  const { tasks, perTask } = tasksOf(panels, stridedFilterFloats(g) / panels);
  wasm.scratch(tasks * SCRATCH_BYTES, (scratch) => {
    wasm.run('packFoldedFilters', tasks, [w, packed, g.outChannels, g.inChannels, g.kernelHeight, perTask, scratch]);
  });
}

interface Operands {
  readonly x: Address;
  readonly w: Address;
  /** As `packStridedFilters` makes them; 0 = not made. */
  readonly packed: Address;
  /** 0 = none. */
  readonly bias: Address;
  readonly finish: FinishTensors | null;
  readonly y: Address;
}

export function stridedWinograd(wasm: WasmContext, g: Conv2dGeometry, operands: Operands): void {
  const { x, w, packed, bias, finish, y } = operands;
  if (packed === 0) {
    wasm.scratch(stridedFilterFloats(g) * 4, (made) => {
      packStridedFilters(wasm, g, w, made);
      stridedWinograd(wasm, g, { ...operands, packed: made });
    });
    return;
  }
  const problem = foldedProblem(g);
  const { height, width, channels } = problem.source;
  const rows = g.batch * height;
  const { tasks, perTask } = tasksOf(rows, width * channels);
  wasm.scratch(rows * width * channels * 4, (source) => {
    wasm.run('foldPixels', tasks, [x, g.height, g.width, g.inChannels, g.padding, source, height, width, rows, perTask]);
    winograd(wasm, problem, 'plain', { source, w, filters: packed, bias, target: y, finish });
  });
}
