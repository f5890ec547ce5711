import type { Address, Conv2dGeometry } from '../kernels.js';
import type { BinaryOperands } from './binary.js';
import type { BinaryLayout, BinaryWork } from './binary-layout.js';
import { withOutputs } from './binary-outputs.js';
import type { WasmContext } from './context.js';
import { partition } from './partition.js';

/** Pixels that the kernel lines up at once (`assembly/binary-popcount.ts`). */
const BLOCK_PIXELS = 24;
const TILE_PIXELS = 2;
const WORD_BYTES = 8;
/** Of output channels: a task's bits fill whole bytes. */
const PAIRS_OF_BYTE = 4;
/** Fewer tasks would leave threads idle. */
const ENOUGH_TASKS = 16;

/** Counts word by word, pairs of output channels by pairs of pixels. */
export function popcountConvolution(wasm: WasmContext, g: Conv2dGeometry, layout: BinaryLayout, operands: BinaryOperands): void {
  const pairs = pairsOf(layout, g);
  if (operands.pairs !== 0) {
    convolve(wasm, g, layout, operands, operands.pairs, pairs);
    return;
  }
  wasm.scratch(pairedBytes(layout, g), (filters) => {
    pairWeights(wasm, g, layout, operands.weights, filters);
    convolve(wasm, g, layout, operands, filters, pairs);
  });
}

/** Words lined up, and words compared. */
export function popcountWork(g: Conv2dGeometry, layout: BinaryLayout): BinaryWork {
  const words = (layout.pixels * layout.rowBytes) / WORD_BYTES;
  return { setup: g.groups * words, steps: 2 * pairsOf(layout, g) * words };
}

function pairsOf({ groupOut }: BinaryLayout, g: Conv2dGeometry): number {
  return g.groups * Math.ceil(groupOut / 2);
}

/** Bytes of the weights in pairs. */
export function pairedBytes(layout: BinaryLayout, g: Conv2dGeometry): number {
  return pairsOf(layout, g) * 2 * layout.rowBytes;
}

/** Rows of w's bits in pairs, as this method reads them. */
export function pairWeights(wasm: WasmContext, g: Conv2dGeometry, layout: BinaryLayout, rows: Address, filters: Address): void {
  const { groupOut, rowBytes } = layout;
  const pairs = pairsOf(layout, g);
  const { tasks, size } = partition(pairs, 2 * rowBytes);
  wasm.run('pairSignWeights', tasks, [pairs, size, groupOut, rowBytes, rows, filters]);
}

function convolve(
  wasm: WasmContext,
  g: Conv2dGeometry,
  layout: BinaryLayout,
  { planes, runOffsets, balances, rowKinds, columnKinds, ...outputs }: BinaryOperands,
  filters: Address,
  pairs: number,
): void {
  const { groupOut, paddedOut, rowBytes, pixels, paddedHeight, lineBytes, planeBytes, tapBytes, runBytes } = layout;
  const workOfPair = (2 * rowBytes) / WORD_BYTES;
  const cut = partition(pixels, workOfPair * pairs, pixels > BLOCK_PIXELS ? BLOCK_PIXELS : TILE_PIXELS);
  // Few pixels (the last maps of a network) would leave threads idle: then the output channels are shared out as well.
  const wantedPairs = Math.ceil((pairs * cut.tasks) / ENOUGH_TASKS);
  const fewestPairs = Math.max(wantedPairs, partition(pairs, workOfPair * Math.min(cut.size, pixels)).size);
  const pairsOfTask = Math.min(pairs, Math.ceil(fewestPairs / PAIRS_OF_BYTE) * PAIRS_OF_BYTE);
  const parts = Math.ceil(pairs / pairsOfTask);
  const tasks = cut.tasks * parts;
  const workspace = Math.ceil(((BLOCK_PIXELS + 1) * rowBytes + BLOCK_PIXELS * 4) / 64) * 64;
  wasm.scratch(tasks * workspace, (columns) => {
    withOutputs(wasm, outputs, tasks, Math.min(BLOCK_PIXELS, cut.size) * pairsOfTask * 2, (end) => {
      wasm.run('popcountConvolution', tasks, [
        ...[g.groups, groupOut, paddedOut, rowBytes, cut.size, pairsOfTask, parts, pixels],
        ...[filters, outputs.y, columns, workspace],
        ...[g.outHeight, g.outWidth, g.stride, paddedHeight, lineBytes, tapBytes, planes, planeBytes],
        ...[runOffsets, layout.runOffsets.length, runBytes, balances, rowKinds, columnKinds, ...end],
      ]);
    });
  });
}
