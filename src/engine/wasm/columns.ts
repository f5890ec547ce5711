import type { Address } from '../kernels.js';
import type { WasmContext } from './context.js';
import { partition } from './partition.js';

/**
 * [rows, channels] read as wider rows: `factor` rows side by side make a row of `width` = factor * channels elements, a
 * multiple of four and at least sixteen. So the kernels fill their vectors whatever the number of channels: what belongs
 * to a channel (a scale, a mean) is repeated `factor` times, and sums of columns are added up over the repetitions. The
 * last row may be cut short.
 */
export interface FoldedRows {
  readonly elements: number;
  readonly channels: number;
  readonly factor: number;
  readonly width: number;
}

export function foldRows(rows: number, channels: number): FoldedRows {
  let factor = 1;
  while ((factor * channels) % 4 !== 0 || factor * channels < 16) factor *= 2;
  return { elements: rows * channels, channels, factor, width: factor * channels };
}

/** Writes what belongs to the channels once for each repetition; without a source, ones. */
export function repeatChannels(wasm: WasmContext, folded: FoldedRows, source: Address, target: Address): void {
  wasm.run('repeatChannels', 1, [folded.channels, folded.factor, source, target]);
}

/** Sums down the columns of `groups` matrices [rows, channels]. */
export interface ColumnSums {
  /** The kernel that adds up terms, made by `sumColumns` of `assembly/columns.ts`. */
  readonly kernel: string;
  readonly groups: number;
  readonly rows: number;
  readonly channels: number;
  /** Sums that the kernel makes for a column: 1 or 2. */
  readonly sums: number;
  /** The kernel's own addresses; those that belong to channels are repeated as `layout.factor` says. */
  readonly operands: readonly Address[];
}

/** Where the partial sums (doubles) lie: [groups, blocks, sums, stride]. */
export interface PartialColumns {
  readonly partials: Address;
  readonly blocks: number;
  readonly stride: number;
  readonly sums: number;
  readonly channels: number;
  readonly factor: number;
}

/** Rows of a block at least, so that partial sums stay few beside the elements; columns of one at most, so that wide rows are shared out. */
const BLOCK_ROWS = 64;
const BLOCK_COLUMNS = 256;
const MOST_BLOCKS = 64;

/** Makes the partial sums and hands them to `finish`, which adds them up in order. */
export function sumColumns(wasm: WasmContext, sum: ColumnSums, finish: (partial: PartialColumns) => void): void {
  // Rows of several groups do not fold: a folded row must not reach into the next group.
  const { elements, factor, width } =
    sum.groups === 1 ? foldRows(sum.rows, sum.channels) : { elements: sum.rows * sum.channels, factor: 1, width: sum.channels };
  const rows = Math.ceil(elements / width);
  const fullRows = Math.floor(elements / width);
  const rowsPerBlock = Math.max(BLOCK_ROWS, Math.ceil(rows / MOST_BLOCKS));
  const blocks = Math.ceil(rows / rowsPerBlock);
  const columnBlocks = Math.ceil(width / BLOCK_COLUMNS);
  // A cache line more than the sums need: at a power of two, all blocks of a column would fall on the same few places of the cache.
  const stride = Math.ceil(width / 8) * 8 + 8;
  const units = partition(sum.groups * blocks * columnBlocks, Math.min(rows, rowsPerBlock) * Math.min(width, BLOCK_COLUMNS));
  wasm.scratch(sum.groups * blocks * sum.sums * stride * 8, (partials) => {
    const unitCount = sum.groups * blocks * columnBlocks;
    const layout = [unitCount, units.size, blocks, columnBlocks, rowsPerBlock, BLOCK_COLUMNS];
    const sizes = [rows, fullRows, elements - fullRows * width, width, stride, partials];
    wasm.run(sum.kernel, units.tasks, [...layout, ...sizes, ...sum.operands]);
    finish({ partials, blocks, stride, sums: sum.sums, channels: sum.channels, factor });
  });
}

/** The arguments by which a finishing kernel finds the partial sums. */
export function partialArguments(partial: PartialColumns): number[] {
  return [partial.partials, partial.blocks, partial.stride, partial.sums, partial.channels, partial.factor];
}

/** outs[s][group, channel] = sum s of the column / divisor, for each sum that the kernel makes. */
export function writeColumnSums(wasm: WasmContext, sum: ColumnSums, divisor: number, outs: readonly Address[]): void {
  sumColumns(wasm, sum, (partial) => {
    const outputs = sum.groups * sum.channels;
    const { tasks, size } = partition(outputs, partial.blocks * partial.factor);
    outs.forEach((out, index) => {
      if (out === 0) return;
      wasm.run('finishColumnSums', tasks, [...partialArguments(partial), outputs, size, index, divisor, out]);
    });
  });
}
