import type { Address, Conv2dGeometry } from '../kernels.js';
import type { BinaryOperands } from './binary.js';
import { type BinaryLayout, type BinaryWork, perLayout } from './binary-layout.js';
import { withOutputs } from './binary-outputs.js';
import type { WasmContext } from './context.js';
import { partition } from './partition.js';

/** Bytes of weights whose popcounts a byte can add up: 31 times 8. */
const MOST_BYTES = 31;
const TABLE_ROWS = 256;
const LANES = 16;
/** A table of more lanes would leave the second-level cache. */
const MOST_SOURCE_LANES = 384;
/** Fewer tasks would leave threads idle; every task has a table of its own, so not many more. */
const ENOUGH_TASKS = 4;
const MOST_TASKS = 16;
/** Output channels that are turned from lanes to pixels at a time. */
const BLOCK_CHANNELS = 32;
/** Vectors that are added for a channel in the time in which its sums are loaded and stored. */
const SUMS_TIME = 3;

/** How output rows of an image fall into strips, and pixels into lanes. */
interface Strips {
  readonly strips: number;
  readonly rows: number;
  /** Lanes from an output row to the next, and vectors of 16 of all output lanes. */
  readonly pitch: number;
  readonly vectors: number;
  /** Lanes of a table. */
  readonly sourceLanes: number;
  /** Where in a strip's plane each lane's bytes lie. */
  readonly laneSources: Int32Array;
  /** Lanes that lie between a tap and the first one. */
  readonly tapLanes: Int32Array;
}

/** Adds rows of tables of the activations: for few pixels and many output channels. */
export function pixelConvolution(wasm: WasmContext, g: Conv2dGeometry, layout: BinaryLayout, operands: BinaryOperands): void {
  if (operands.columns !== 0) {
    convolve(wasm, g, layout, operands, operands.columns);
    return;
  }
  wasm.scratch(columnBytes(layout, g), (columns) => {
    columnWeights(wasm, g, layout, operands.weights, columns);
    convolve(wasm, g, layout, operands, columns);
  });
}

/** Vectors of tables built, and of sums added (turning an output takes about as long as one); null where the layer does not suit. */
export function pixelWork(g: Conv2dGeometry, layout: BinaryLayout): BinaryWork | null {
  const strips = stripsOf(g, layout);
  if (!strips) return null;
  const tables = g.batch * strips.strips * g.groups * layout.tapBytes;
  return {
    setup: (tables * TABLE_ROWS * strips.sourceLanes) / LANES,
    steps: tables * addedVectors(layout, strips.vectors) + layout.pixels * g.outChannels,
  };
}

/** Bytes of the weights in columns. */
export function columnBytes({ taps, tapBytes }: BinaryLayout, g: Conv2dGeometry): number {
  return g.outChannels * taps * tapBytes;
}

/** Rows of w's bits by the bytes of a tap, as this method reads them. */
export function columnWeights(wasm: WasmContext, g: Conv2dGeometry, layout: BinaryLayout, rows: Address, columns: Address): void {
  const { taps, tapBytes, groupOut, rowBytes } = layout;
  const { tasks, size } = partition(g.groups * tapBytes, groupOut * taps);
  wasm.run('columnSignWeights', tasks, [g.groups * tapBytes, size, groupOut, taps, tapBytes, rowBytes, rows, columns]);
}

function convolve(wasm: WasmContext, g: Conv2dGeometry, layout: BinaryLayout, operands: BinaryOperands, columns: Address): void {
  const strips = stripsOf(g, layout)!;
  const { laneSources, tapLanes } = strips;
  const shares = sharesOf(g, layout, strips);
  const sums = g.groups * g.batch * strips.strips * shares.count * layout.groupOut * strips.vectors * LANES * 2;
  wasm.scratch((laneSources.length + tapLanes.length) * 4, (lists) => {
    wasm.writeIntegers(lists, laneSources);
    wasm.writeIntegers(lists + laneSources.length * 4, tapLanes);
    // Turning reads eight lanes at a time.
    wasm.scratch(sums + LANES, (at) => {
      sumTables(wasm, g, layout, { strips, shares, lists, planes: operands.planes, columns, sums: at });
      storeTables(wasm, g, layout, operands, { strips, shares, sums: at });
    });
  });
}

interface Shares {
  readonly count: number;
  readonly bytesOfShare: number;
  readonly bytesAtOnce: number;
}

/** The bytes of a tap are shared out where strips are few. */
function sharesOf(g: Conv2dGeometry, { taps, tapBytes }: BinaryLayout, { strips }: Strips): Shares {
  const bytesAtOnce = Math.floor(MOST_BYTES / taps);
  const wanted = Math.min(Math.ceil(ENOUGH_TASKS / (g.groups * g.batch * strips)), Math.ceil(tapBytes / bytesAtOnce));
  const bytesOfShare = Math.ceil(tapBytes / wanted / bytesAtOnce) * bytesAtOnce;
  return { count: Math.ceil(tapBytes / bytesOfShare), bytesOfShare, bytesAtOnce };
}

interface Sums {
  readonly strips: Strips;
  readonly shares: Shares;
  readonly sums: Address;
}

function sumTables(
  wasm: WasmContext,
  g: Conv2dGeometry,
  layout: BinaryLayout,
  {
    strips: { strips, rows, laneSources, sourceLanes, vectors },
    shares,
    lists,
    planes,
    columns,
    sums,
  }: Sums & { readonly lists: Address; readonly planes: Address; readonly columns: Address },
): void {
  const { taps, tapBytes, groupOut, paddedHeight, lineBytes, planeBytes } = layout;
  const all = g.groups * g.batch * strips;
  const stripsOfTask = Math.ceil(all / MOST_TASKS);
  const tasks = Math.ceil(all / stripsOfTask) * shares.count;
  const workspaceBytes = align((TABLE_ROWS + 1) * sourceLanes + groupOut * vectors * LANES);
  wasm.scratch(tasks * workspaceBytes, (workspace) => {
    wasm.run('sumPixelTables', tasks, [
      ...[all, stripsOfTask, shares.count, tapBytes, shares.bytesOfShare, shares.bytesAtOnce, taps, groupOut],
      ...[strips, rows, g.outHeight, g.batch, g.stride * lineBytes, planes, planeBytes, paddedHeight * lineBytes],
      ...[sourceLanes, lists, lists + laneSources.length * 4, vectors, columns, sums, workspace, workspaceBytes],
    ]);
  });
}

function storeTables(
  wasm: WasmContext,
  g: Conv2dGeometry,
  { groupOut, paddedOut }: BinaryLayout,
  { balances, rowKinds, columnKinds, ...outputs }: BinaryOperands,
  { strips: { strips, rows, pitch, vectors }, shares, sums }: Sums,
): void {
  const blocks = Math.ceil(groupOut / BLOCK_CHANNELS);
  const tasks = g.groups * g.batch * strips * blocks;
  const countBytes = align(Math.ceil(g.outWidth / 8) * 8 * BLOCK_CHANNELS * 2);
  wasm.scratch(tasks * countBytes, (counts) => {
    withOutputs(wasm, outputs, tasks, g.outWidth * BLOCK_CHANNELS, (end) => {
      wasm.run('storePixelTables', tasks, [
        ...[shares.count, blocks, BLOCK_CHANNELS, groupOut, paddedOut, g.outChannels, strips, rows, g.outHeight, g.outWidth],
        ...[g.batch, pitch, vectors * LANES, sums, balances, rowKinds, columnKinds, outputs.y, counts, countBytes, ...end],
      ]);
    });
  });
}

/** Vectors added for one byte of all taps and channels of a group. */
function addedVectors({ taps, groupOut }: BinaryLayout, vectors: number): number {
  return groupOut * (taps * vectors + SUMS_TIME);
}

/** The strips that take the least work; null where none fits. */
const stripsOf = perLayout((g, layout): Strips | null => {
  if (layout.taps > MOST_BYTES) return null;
  let best: { readonly rows: number; readonly work: number } | null = null;
  for (let rows = 1; rows <= g.outHeight; rows++) {
    const { sourceLanes, vectors } = lanesOf(g, rows);
    if (sourceLanes > MOST_SOURCE_LANES) break;
    const work = Math.ceil(g.outHeight / rows) * ((TABLE_ROWS * sourceLanes) / LANES + addedVectors(layout, vectors));
    if (!best || work < best.work) best = { rows, work };
  }
  if (!best) return null;
  const { rows } = best;
  const lanes = lanesOf(g, rows);
  return { strips: Math.ceil(g.outHeight / rows), rows, ...lanes, laneSources: laneSources(g, layout, rows, lanes) };
});

type Lanes = Pick<Strips, 'pitch' | 'vectors' | 'sourceLanes' | 'tapLanes'> & { readonly partRows: number };

/**
 * Rows and columns of pixels fall into parts by their remainders by the stride. Tap (r, c) sees of output (i, j) the row i + floor(r d / stride) of the
 * part (r d) mod stride, d being the dilation; the same of columns.
 */
function lanesOf(g: Conv2dGeometry, rows: number): Lanes {
  const reach = (taps: number) => Math.floor(((taps - 1) * g.dilation) / g.stride);
  const pitch = g.outWidth + reach(g.kernelWidth);
  const partRows = rows + reach(g.kernelHeight);
  const vectors = Math.ceil(((rows - 1) * pitch + g.outWidth) / LANES);
  const tapLanes = Int32Array.from({ length: g.kernelHeight * g.kernelWidth }, (_, tap) => {
    const row = Math.floor(tap / g.kernelWidth) * g.dilation;
    const column = (tap % g.kernelWidth) * g.dilation;
    const part = (row % g.stride) * g.stride + (column % g.stride);
    return (part * partRows + Math.floor(row / g.stride)) * pitch + Math.floor(column / g.stride);
  });
  const sourceLanes = Math.ceil((Math.max(...tapLanes) + vectors * LANES) / LANES) * LANES;
  return { pitch, partRows, vectors, sourceLanes, tapLanes };
}

/** Lanes that no window sees repeat what lies nearest. */
function laneSources(g: Conv2dGeometry, { lineBytes, tapBytes }: BinaryLayout, rows: number, lanes: Lanes): Int32Array {
  const lastRow = (rows - 1) * g.stride + (g.kernelHeight - 1) * g.dilation;
  const lastColumn = (g.outWidth - 1) * g.stride + (g.kernelWidth - 1) * g.dilation;
  return Int32Array.from({ length: lanes.sourceLanes }, (_, lane) => {
    const line = Math.floor(lane / lanes.pitch);
    const part = Math.floor(line / lanes.partRows);
    const row = (line % lanes.partRows) * g.stride + Math.floor(part / g.stride);
    const column = (lane % lanes.pitch) * g.stride + (part % g.stride);
    return Math.min(row, lastRow) * lineBytes + Math.min(column, lastColumn) * tapBytes;
  });
}

function align(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}
