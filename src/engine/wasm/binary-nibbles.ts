import type { Address, Conv2dGeometry } from '../kernels.js';
import type { BinaryOperands } from './binary.js';
import { type BinaryLayout, type BinaryWork, perLayout } from './binary-layout.js';
import { withOutputs } from './binary-outputs.js';
import type { WasmContext } from './context.js';
import { partition } from './partition.js';

/** Nibbles whose popcounts a byte can add up: 63 times 4. */
const MOST_NIBBLES = 63;
/** Pixels of a tile at most. */
const TILE_PIXELS = 4;
/** Pixels that the kernel finishes together (`assembly/binary-nibbles.ts`). */
const PIXELS_AT_ONCE = 16;
/** The 16-bit sums of a tile of 2 x 64 or 4 x 32 outputs, and what is noted of its pixels. */
const WORKSPACE_BYTES = 256 + 64;

/** More would run on the calling thread alone. */
const MOST_TASKS = 2048;

/** Int32 words of the table [16 activation nibbles][16 weight nibbles] of bytes: popcounts of a ^ w. */
const POPCOUNTS = new Int32Array(Uint8Array.from({ length: 256 }, (_, i) => popcount((i >> 4) ^ (i & 15))).buffer);

/** Counts by shuffles, four bits at a time. */
export function nibbleConvolution(wasm: WasmContext, g: Conv2dGeometry, layout: BinaryLayout, operands: BinaryOperands): void {
  const planeBytes = g.groups * layout.planeBytes;
  const convolveWith = (weights: Address) => {
    wasm.scratch(planeBytes * 2, (planes) => {
      const { tasks, size } = partition(planeBytes, 1, 16);
      wasm.run('spreadSigns', tasks, [planeBytes, size, operands.planes, planes]);
      convolve(wasm, g, layout, { ...operands, planes, weights });
    });
  };
  if (operands.nibbles !== 0) {
    convolveWith(operands.nibbles);
    return;
  }
  wasm.scratch(nibbleBytes(layout, g), (weights) => {
    spreadWeights(wasm, g, layout, operands.weights, weights);
    convolveWith(weights);
  });
}

/** Bytes of the weights with a nibble in each. */
export function nibbleBytes(layout: BinaryLayout, g: Conv2dGeometry): number {
  const { lanes, blocks } = blocksOf(layout, g);
  return blocks * layout.taps * layout.tapBytes * 2 * lanes;
}

/** Rows of w's bits with a nibble in each byte, as this method reads them. */
export function spreadWeights(wasm: WasmContext, g: Conv2dGeometry, layout: BinaryLayout, rows: Address, weights: Address): void {
  const { lanes, blocks } = blocksOf(layout, g);
  const bytes = layout.taps * layout.tapBytes;
  const { tasks, size } = partition(blocks, bytes * lanes);
  wasm.run('spreadSignWeights', tasks, [blocks, size, layout.groupOut, lanes, layout.rowBytes, bytes, rows, weights]);
}

/** Shuffles, there is nothing to make ready. */
export function nibbleWork(g: Conv2dGeometry, layout: BinaryLayout): BinaryWork {
  const { lanes, blocks } = blocksOf(layout, g);
  return { setup: 0, steps: (layout.pixels * layout.taps * layout.tapBytes * 2 * blocks * lanes) / 16 };
}

interface Blocks {
  /** Output channels of a block, filled up. */
  readonly lanes: number;
  readonly blocks: number;
  readonly blocksOfGroup: number;
}

function blocksOf({ groupOut }: BinaryLayout, g: Conv2dGeometry): Blocks {
  const lanes = lanesOf(groupOut);
  const blocksOfGroup = Math.ceil(groupOut / lanes);
  return { lanes, blocks: g.groups * blocksOfGroup, blocksOfGroup };
}

function convolve(
  wasm: WasmContext,
  g: Conv2dGeometry,
  layout: BinaryLayout,
  { planes, weights, balances, rowKinds, columnKinds, ...outputs }: BinaryOperands,
): void {
  const { lanes, blocks, blocksOfGroup } = blocksOf(layout, g);
  const { groupOut, paddedOut, pixels, paddedHeight } = layout;
  const pieces = piecesOf(g, layout);
  const nibbles = layout.taps * layout.tapBytes * 2;
  const fewest = Math.ceil((pixels * blocks) / (MOST_TASKS * TILE_PIXELS)) * TILE_PIXELS;
  const cut = partition(pixels, (nibbles * lanes) / 32, fewest);
  const tasks = cut.tasks * blocks;
  wasm.scratch((pieces.length + POPCOUNTS.length) * 4, (lists) => {
    const popcounts = lists + pieces.length * 4;
    wasm.writeIntegers(lists, pieces);
    wasm.writeIntegers(popcounts, POPCOUNTS);
    wasm.scratch(tasks * WORKSPACE_BYTES, (workspace) => {
      withOutputs(wasm, outputs, tasks, Math.min(PIXELS_AT_ONCE, cut.size) * lanes, (end) => {
        wasm.run('nibbleConvolution', tasks, [
          ...[pixels, cut.size, blocks, blocksOfGroup, groupOut, paddedOut, g.outChannels],
          ...[g.outHeight, g.outWidth, g.stride, paddedHeight, layout.lineBytes * 2, layout.tapBytes * 2],
          ...[planes, layout.planeBytes * 2, lists, pieces.length / 2, nibbles, lanes, weights],
          ...[balances, rowKinds, columnKinds, outputs.y, popcounts, workspace, WORKSPACE_BYTES, ...end],
        ]);
      });
    });
  });
}

/** 16, 32 or 64: what fills up the fewest channels, and the most of those. */
function lanesOf(groupOut: number): number {
  if (groupOut <= 16) return 16;
  return Math.ceil(groupOut / 32) % 2 === 0 ? 64 : 32;
}

/** Offset and length of what is added up in one go, in nibbles of the planes: whole runs of the window or pieces of them. */
const piecesOf = perLayout((_, { runBytes, runOffsets }): Int32Array => {
  const run = runBytes * 2;
  const longest = Math.ceil(run / Math.ceil(run / MOST_NIBBLES));
  const pieces = runOffsets.flatMap((offset) => {
    const ofRun = [];
    for (let behind = 0; behind < run; behind += longest) ofRun.push(offset * 2 + behind, Math.min(longest, run - behind));
    return ofRun;
  });
  return Int32Array.from(pieces);
});

function popcount(nibble: number): number {
  return (nibble & 1) + ((nibble >> 1) & 1) + ((nibble >> 2) & 1) + (nibble >> 3);
}
