import type { Address, BinaryKernels, Conv2dGeometry } from '../kernels.js';
import type { WasmContext } from './context.js';
import { partition } from './partition.js';

/** Output pixels and channels of the kernel's tile, and pixels that it lines up at once (`assembly/binary.ts`). */
const TILE_PIXELS = 3;
const TILE_CHANNELS = 2;
const BLOCK_PIXELS = 24;
const WORD_BITS = 64;
/** Fewer tasks would leave threads idle. */
const ENOUGH_TASKS = 16;

/** How 1-bit weights lie: for each pair of output channels their popcounts by tap, then their words. */
interface PairLayout {
  readonly taps: number;
  /** 64-bit words of a tap. */
  readonly tapWords: number;
  /** Of a group. */
  readonly pairs: number;
  readonly popcountBytes: number;
  readonly pairBytes: number;
}

export function binaryKernels(wasm: WasmContext): BinaryKernels {
  return {
    binaryConv2d(g, x, w, scale, y) {
      const layout = pairLayout(g);
      const bitBytes = g.batch * g.height * g.width * g.groups * layout.tapWords * 8;
      wasm.scratch(g.groups * layout.pairs * layout.pairBytes, (filters) => {
        packWeights(wasm, g, layout, w, filters);
        wasm.scratch(bitBytes, (bits) => {
          const rows = g.batch * g.height * g.width * g.groups;
          const channels = g.inChannels / g.groups;
          const { tasks, size } = partition(rows, channels);
          wasm.run('packSigns', tasks, [rows, size, channels, x, bits]);
          convolve(wasm, g, layout, bits, filters, scale, y);
        });
      });
    },
  };
}

function pairLayout(g: Conv2dGeometry): PairLayout {
  const taps = g.kernelHeight * g.kernelWidth;
  const tapWords = Math.ceil(g.inChannels / g.groups / WORD_BITS);
  const popcountBytes = taps * TILE_CHANNELS * 4;
  return {
    taps,
    tapWords,
    pairs: Math.ceil(g.outChannels / g.groups / TILE_CHANNELS),
    popcountBytes,
    pairBytes: popcountBytes + taps * tapWords * TILE_CHANNELS * 8,
  };
}

function packWeights(wasm: WasmContext, g: Conv2dGeometry, layout: PairLayout, w: Address, filters: Address): void {
  const { taps, popcountBytes, pairBytes } = layout;
  const channels = g.inChannels / g.groups;
  const units = g.groups * layout.pairs;
  const { tasks, size } = partition(units, TILE_CHANNELS * taps * channels);
  wasm.run('packSignWeights', tasks, [
    units,
    size,
    g.outChannels / g.groups,
    taps,
    channels,
    popcountBytes,
    pairBytes,
    w,
    filters,
  ]);
}

function convolve(
  wasm: WasmContext,
  g: Conv2dGeometry,
  layout: PairLayout,
  bits: Address,
  filters: Address,
  scale: Address,
  y: Address,
): void {
  const { taps, tapWords, pairs, popcountBytes, pairBytes } = layout;
  const pixels = g.batch * g.outHeight * g.outWidth;
  const workOfPair = taps * tapWords * TILE_CHANNELS;
  const allPairs = g.groups * pairs;
  const cut = partition(pixels, workOfPair * allPairs, pixels > BLOCK_PIXELS ? BLOCK_PIXELS : TILE_PIXELS);
  // Few pixels (the last maps of a network) would leave threads idle: then the output channels are shared out as well.
  const wantedPairs = Math.ceil((allPairs * cut.tasks) / ENOUGH_TASKS);
  const pairsOfTask = Math.min(
    allPairs,
    Math.max(wantedPairs, partition(allPairs, workOfPair * Math.min(cut.size, pixels)).size),
  );
  const parts = Math.ceil(allPairs / pairsOfTask);
  const tasks = cut.tasks * parts;
  const workspace = Math.ceil((BLOCK_PIXELS * (taps * tapWords * 8 + (taps + 2) * 4)) / 64) * 64;
  wasm.scratch(tasks * workspace, (columns) => {
    const sizes = [g.batch, g.height, g.width, g.inChannels, g.outHeight, g.outWidth, g.outChannels, g.groups];
    const window = [g.kernelHeight, g.kernelWidth, g.stride, g.padding, g.dilation];
    const cuts = [cut.size, pairsOfTask, parts];
    wasm.run('binaryConvolution', tasks, [
      ...sizes,
      ...window,
      ...cuts,
      bits,
      filters,
      scale,
      popcountBytes,
      pairBytes,
      columns,
      workspace,
      y,
    ]);
  });
}
