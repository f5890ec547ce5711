import type { Address, Conv2dGeometry, FinishTensors } from '../kernels.js';
import type { WasmContext } from './context.js';
import { tasksOf } from './convolution-cuts.js';
import { finishIntegers } from './inference.js';
import {
  BLOCK_BYTES,
  BLOCK_CHANNELS,
  FREQUENCIES,
  PANEL_BLOCK_BYTES,
  PANEL_COLUMNS,
  PRODUCT_TIME,
  PRODUCTS_BYTES,
  QUAD,
  QUADS_AT_ONCE,
  SCRATCH_BYTES,
  TRANSFORM_TIME,
  whole,
} from './winograd-sizes.js';

/** Sizes of the kernels (`src/kernels/assembly/winograd.ts`). */
const POINTS = 6;
const TILE_PIXELS = 16;
/** Channels and outputs of a block of the weight gradient, and the bytes behind a frequency's tiles. */
const OUTER_CHANNELS = 8;
const OUTER_OUTPUTS = 4;
const GAP_BYTES = 64;
const PANEL_SCRATCH_BYTES = SCRATCH_BYTES + BLOCK_CHANNELS * 9 * PANEL_COLUMNS * 4;

/** A unit's transformed tiles should stay in a second-level cache. */
const UNIT_BYTES = 192 * 1024;
/** Tiles are few if they fit this when they are transformed, and take less than the transformed filters do. */
const FEW_TILES_BYTES = 6 * 1024 * 1024;
/** But all filters are read again for every unit. */
const FEWEST_QUADS = 4;
/** Tiles over which a weight gradient is summed at least before the sums go back to memory. */
const FEWEST_TILES = 32;
/** Tiles that are worth partial sums of their own. */
const CHUNK_TILES = 64;
/** Partial sums cost memory: fewer tasks than elsewhere. */
const MOST_CHUNKS = 8;
/** All partial sums of a weight gradient together, unless two are larger. */
const PARTIAL_BYTES = 16 * 1024 * 1024;
/** Every task has a workspace of its own, which is cold at its first unit: so few tasks, of several units. */
const MOST_TASKS = 16;

/** What transforming a filter's element takes, as `PRODUCT_TIME`. */
const FILTER_TIME = 200;
/** The same of a weight gradient, which is transformed back and summed over the tasks. */
const GRADIENT_FILTER_TIME = 1200;

interface Side {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** A convolution as the kernel sees it: for an input gradient source and target change places. */
export interface Problem {
  readonly batch: number;
  readonly source: Side;
  readonly target: Side;
  readonly padding: number;
  readonly groups: number;
  /** Of the kernel, down as across; but for 3, only `winograd` with transformed filters and many tiles knows it. */
  readonly taps: 3 | 4;
}

export function forwardProblem(g: Conv2dGeometry): Problem {
  return {
    batch: g.batch,
    source: { height: g.height, width: g.width, channels: g.inChannels },
    target: { height: g.outHeight, width: g.outWidth, channels: g.outChannels },
    padding: g.padding,
    groups: g.groups,
    taps: 3,
  };
}

/** dx is the convolution of dy with the flipped kernel: what the padding kept in, it leaves out. */
export function inputGradientProblem(g: Conv2dGeometry): Problem {
  const { source, target, padding, ...rest } = forwardProblem(g);
  return { ...rest, source: target, target: source, padding: g.kernelHeight - 1 - padding };
}

/** Tiles of 4x4 target pixels, or 3x3 where there are more taps. */
function tilesOf({ batch, target, taps }: Problem) {
  const side = POINTS + 1 - taps;
  const rows = Math.ceil(target.height / side);
  const columns = Math.ceil(target.width / side);
  return { side, rows, columns, count: batch * rows * columns };
}

/** Whether the algorithm fits, and is expected to be faster than the direct one: by the shape alone, so that results do not depend on the machine. */
export function paysWinograd(g: Conv2dGeometry, problem: Problem): boolean {
  return isFaster(g, problem, FILTER_TIME);
}

function isFaster(g: Conv2dGeometry, problem: Problem, filterTime: number): boolean {
  const { batch, source, target, padding, groups } = problem;
  if (g.kernelHeight !== 3 || g.kernelWidth !== 3 || g.stride !== 1 || g.dilation !== 1 || padding < 0) return false;
  const depth = source.channels / groups;
  const columns = target.channels / groups;
  if (depth < QUAD || columns < QUAD) return false;
  const direct = batch * target.height * target.width * 9 * groups * depth * whole(columns, PANEL_COLUMNS);
  return winogradTime(problem) + groups * depth * columns * filterTime < direct;
}

/** What tiles take, in products of the direct convolution. */
export function winogradTime(problem: Problem): number {
  const { source, target, groups } = problem;
  const depth = source.channels / groups;
  const columns = target.channels / groups;
  const { count } = tilesOf(problem);
  const products = FREQUENCIES * whole(count, QUAD) * groups * depth * whole(columns, PANEL_COLUMNS) * PRODUCT_TIME;
  return products + count * TILE_PIXELS * groups * (whole(depth, QUAD) + whole(columns, QUAD)) * TRANSFORM_TIME;
}

/** How the kernel uses the filters: forward as they are, for the input gradient flipped. */
export type FilterForm = 'plain' | 'flipped';

interface Operands {
  readonly source: Address;
  readonly w: Address;
  /** Transformed filters, made beforehand (`transformFilters`); 0 = not made. */
  readonly filters: Address;
  /** 0 = none. */
  readonly bias: Address;
  readonly target: Address;
  readonly finish: FinishTensors | null;
}

/** target = source convolved with w, plus bias, finished. */
export function winograd(wasm: WasmContext, problem: Problem, form: FilterForm, operands: Operands): void {
  if (hasFewTiles(problem)) convolvePanels(wasm, problem, form, operands);
  else convolveTiles(wasm, problem, form, operands);
}

export function hasFewTiles(problem: Problem): boolean {
  const quads = quadsOf(problem);
  const outputs = problem.target.channels / problem.groups;
  return quads * QUAD <= outputs && problem.groups * quads * quadBytesOf(problem) <= FEW_TILES_BYTES;
}

/** For few tiles: they are transformed beforehand, filters where they are used. */
function convolvePanels(wasm: WasmContext, problem: Problem, form: FilterForm, operands: Operands): void {
  const { source, w, bias, target, finish } = operands;
  const { source: from, target: to, padding, groups } = problem;
  const { rows, columns, count } = tilesOf(problem);
  const quads = quadsOf(problem);
  const all = groups * quads;
  wasm.scratch(all * quadBytesOf(problem), (tiles) => {
    const { tasks, perTask } = tasksOf(all, quadBytesOf(problem) / 4);
    wasm.scratch(tasks * SCRATCH_BYTES, (scratch) => {
      wasm.run('transformWinogradTiles', tasks, [
        ...[source, from.height, from.width, from.channels, padding],
        ...[tiles, perTask, scratch, 0, groups, rows, columns, count],
      ]);
    });
    const shares = sharesOf(problem, MOST_TASKS);
    const workspaceBytes = align((quads * PRODUCTS_BYTES) / QUADS_AT_ONCE + PANEL_SCRATCH_BYTES + PANEL_BLOCK_BYTES);
    wasm.scratch(shares * workspaceBytes, (workspace) => {
      wasm.run('convolveWinogradPanels', shares, [
        ...[source, from.height, from.width, from.channels, padding],
        ...[target, to.height, to.width, to.channels, groups, rows, columns, count],
        ...[tiles, form === 'flipped' ? 1 : 0, shares, w, bias, workspace, workspaceBytes, ...finishIntegers(finish)],
      ]);
    });
  });
}

/** For many tiles: filters are transformed beforehand, tiles in units that the cache holds. */
function convolveTiles(wasm: WasmContext, problem: Problem, form: FilterForm, operands: Operands): void {
  if (operands.filters !== 0) {
    multiplyTiles(wasm, problem, operands);
    return;
  }
  wasm.scratch(filterSizes(problem).bytes, (filters) => {
    transformFilters(wasm, problem, form, operands.w, filters);
    multiplyTiles(wasm, problem, { ...operands, filters });
  });
}

/** Float32 elements of transformed filters; 0 where they are transformed as they are used. */
export function winogradFilterFloats(problem: Problem): number {
  return hasFewTiles(problem) ? 0 : filterSizes(problem).bytes / 4;
}

function filterSizes({ source, target, groups }: Problem) {
  const depth = source.channels / groups;
  const outputs = target.channels / groups;
  const panels = groups * Math.ceil(outputs / PANEL_COLUMNS);
  const panelBytes = Math.ceil(depth / BLOCK_CHANNELS) * PANEL_BLOCK_BYTES;
  return { depth, outputs, panels, panelBytes, bytes: panels * panelBytes };
}

export function transformFilters(wasm: WasmContext, problem: Problem, form: FilterForm, w: Address, filters: Address): void {
  const { depth, outputs, panels, panelBytes } = filterSizes(problem);
  const { tasks, perTask } = tasksOf(panels, panelBytes / 4);
  wasm.scratch(tasks * PANEL_SCRATCH_BYTES, (scratch) => {
    const flips = form === 'flipped' ? 1 : 0;
    wasm.run('packWinogradFilters', tasks, [w, filters, problem.groups, outputs, depth, perTask, scratch, flips]);
  });
}

function multiplyTiles(wasm: WasmContext, problem: Problem, { source, filters, bias, target, finish }: Operands): void {
  const { source: from, target: to, padding, groups } = problem;
  const { side, rows, columns, count } = tilesOf(problem);
  const cut = cutTiles(problem);
  wasm.scratch(cut.tasks * cut.workspaceBytes, (workspace) => {
    wasm.run('convolveWinograd', cut.tasks, [
      ...[source, from.height, from.width, from.channels, padding],
      ...[target, to.height, to.width, to.channels, groups, rows, columns, count],
      ...[
        cut.unitTiles,
        cut.unitsPerTask,
        cut.shares,
        filters,
        bias,
        workspace,
        cut.workspaceBytes,
        ...finishIntegers(finish),
        side,
      ],
    ]);
  });
}

function quadsOf(problem: Problem): number {
  return Math.ceil(tilesOf(problem).count / QUAD);
}

/** Bytes of four transformed tiles of a group. */
function quadBytesOf({ source, groups }: Problem): number {
  return Math.ceil(source.channels / groups / BLOCK_CHANNELS) * BLOCK_BYTES;
}

/** Units of tiles, as many as the cache holds transformed; where there are few tiles the panels are shared out too. */
function cutTiles(problem: Problem) {
  const quadBytes = quadBytesOf(problem);
  const fitting = Math.max(FEWEST_QUADS, Math.floor(UNIT_BYTES / quadBytes));
  const quads = quadsOf(problem);
  const unitQuads = Math.min(fitting, Math.max(QUADS_AT_ONCE, Math.ceil(quads / MOST_TASKS)));
  const units = Math.ceil(quads / unitQuads);
  const unitsPerTask = Math.ceil(units / MOST_TASKS);
  const unitTasks = Math.ceil(units / unitsPerTask);
  const shares = sharesOf(problem, Math.floor(MOST_TASKS / unitTasks));
  return {
    tasks: unitTasks * shares,
    unitTiles: unitQuads * QUAD,
    unitsPerTask,
    shares,
    workspaceBytes: align(unitQuads * quadBytes + PRODUCTS_BYTES + SCRATCH_BYTES),
  };
}

/** Into how many parts the panels of a group fall, at most `wanted` and none of them empty. */
function sharesOf({ target, groups }: Problem, wanted: number): number {
  const panels = Math.ceil(target.channels / groups / PANEL_COLUMNS);
  const perShare = Math.ceil(panels / Math.max(1, Math.min(panels, wanted)));
  return Math.ceil(panels / perShare);
}

/** Whether a weight gradient fits the algorithm and is expected to be faster by it. */
export function paysWinogradGradient(g: Conv2dGeometry): boolean {
  const problem = forwardProblem(g);
  return tilesOf(problem).count >= 2 * CHUNK_TILES && isFaster(g, problem, GRADIENT_FILTER_TIME);
}

export function winogradWeightGradient(wasm: WasmContext, g: Conv2dGeometry, x: Address, dy: Address, dw: Address): void {
  const problem = forwardProblem(g);
  const { source, target, padding, groups } = problem;
  const { rows, columns, count } = tilesOf(problem);
  const cut = cutGradient(problem);
  wasm.scratch(cut.chunks * cut.partialBytes, (partials) => {
    wasm.scratch(cut.chunks * cut.workspaceBytes, (workspace) => {
      wasm.run('multiplyWinogradGradient', cut.chunks, [
        ...[x, source.height, source.width, source.channels, padding],
        ...[dy, target.height, target.width, target.channels, groups, rows, columns, count],
        ...[cut.unitTiles, cut.unitsPerTask, partials, workspace, cut.workspaceBytes],
      ]);
    });
    const outputs = target.channels / groups;
    const channels = source.channels / groups;
    const blocks = groups * Math.ceil(outputs / OUTER_OUTPUTS);
    const { tasks, perTask } = tasksOf(blocks, (cut.chunks * cut.partialBytes) / 4 / blocks);
    wasm.scratch(tasks * SCRATCH_BYTES, (scratch) => {
      wasm.run('finishWinogradGradient', tasks, [partials, dw, cut.chunks, groups, outputs, channels, perTask, scratch]);
    });
  });
}

/** Chunks of units, each with partial sums of its own. */
function cutGradient(problem: Problem) {
  const { source, target, groups } = problem;
  const { count } = tilesOf(problem);
  const channelBlocks = Math.ceil(source.channels / groups / OUTER_CHANNELS);
  const outputBlocks = Math.ceil(target.channels / groups / OUTER_OUTPUTS);
  const partialBytes = FREQUENCIES * groups * channelBlocks * outputBlocks * OUTER_CHANNELS * OUTER_OUTPUTS * 4;
  const tileBytes = FREQUENCIES * (channelBlocks * OUTER_CHANNELS + outputBlocks * OUTER_OUTPUTS) * 4;
  const fitting = Math.max(FEWEST_TILES, Math.floor(UNIT_BYTES / tileBytes));
  const mostChunks = Math.max(
    2,
    Math.min(MOST_CHUNKS, Math.floor(PARTIAL_BYTES / partialBytes), Math.floor(count / CHUNK_TILES)),
  );
  const unitTiles = Math.min(fitting, Math.ceil(count / mostChunks));
  const units = Math.ceil(count / unitTiles);
  const unitsPerTask = Math.ceil(units / mostChunks);
  const gaps = FREQUENCIES * (channelBlocks + outputBlocks) * GAP_BYTES;
  return {
    chunks: Math.ceil(units / unitsPerTask),
    unitTiles,
    unitsPerTask,
    partialBytes,
    workspaceBytes: align(unitTiles * tileBytes + gaps + SCRATCH_BYTES),
  };
}

function align(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}
