import type { Address } from '../kernels.js';
import type { WasmContext } from './context.js';
import { partition } from './partition.js';

/** Sums along rows: of x, x * y, x², (x - y)² and |x|. */
export type RowSum = 'rowSums' | 'rowProductSums' | 'rowSquareSums' | 'rowDifferenceSquareSums' | 'rowAbsoluteSums';

/** Longer rows are cut, so that one row is shared out too. */
const BLOCK_COLUMNS = 16384;

/** out[r] = sum over g of row g * outs + r of [groups * outs, width] / divisor. */
export function sumRows(
  wasm: WasmContext,
  kernel: RowSum,
  sizes: { readonly groups: number; readonly outs: number; readonly width: number; readonly divisor: number },
  x: Address,
  y: Address,
  out: Address,
): void {
  const { groups, outs, width, divisor } = sizes;
  const blocks = Math.ceil(width / BLOCK_COLUMNS);
  const units = groups * outs * blocks;
  wasm.scratch(units * 8, (partials) => {
    const cut = partition(units, Math.min(width, BLOCK_COLUMNS));
    wasm.run(kernel, cut.tasks, [units, cut.size, blocks, BLOCK_COLUMNS, width, partials, x, y]);
    finishRowSums(wasm, { groups, outs, blocks, divisor }, partials, out);
  });
}

/** out[r] = sum over g and b of partials[g, r, b] / divisor. */
export function finishRowSums(
  wasm: WasmContext,
  sizes: { readonly groups: number; readonly outs: number; readonly blocks: number; readonly divisor: number },
  partials: Address,
  out: Address,
): void {
  const { groups, outs, blocks, divisor } = sizes;
  const { tasks, size } = partition(outs, groups * blocks);
  wasm.run('finishRowSums', tasks, [outs, size, groups, blocks, divisor, partials, out]);
}
