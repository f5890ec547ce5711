import type { Address, Conv2dGeometry } from '../kernels.js';
import { type BinaryLayout, perLayout } from './binary-layout.js';
import type { WasmContext } from './context.js';
import { partition } from './partition.js';

/** What a 1-bit convolution has to know of its layer besides the weights, in memory. */
export interface BorderTables {
  /** Int32: where the runs of a window begin (`BinaryLayout.runOffsets`). */
  readonly runOffsets: Address;
  /** Int32: offset into `balances` of each output row's and column's class. */
  readonly rowKinds: Address;
  readonly columnKinds: Address;
  /** Int32 [row classes][column classes][groups][paddedOut]: what an output has besides -2 popcount. */
  readonly balances: Address;
}

/** The lists of a layer, one after another, and where each begins. */
interface BorderLists {
  readonly lists: Int32Array;
  readonly starts: readonly number[];
  readonly columnClasses: number;
  readonly kinds: number;
}

const CACHE_LINE = 16;

const bordersOf = perLayout((g, { runOffsets, paddedOut }): BorderLists => {
  const rows = borderClasses(g.height, g.outHeight, g.kernelHeight, g);
  const columns = borderClasses(g.width, g.outWidth, g.kernelWidth, g);
  const columnClasses = columns.bounds.length;
  const kindBytes = g.groups * paddedOut * 4;
  const lists = [
    runOffsets,
    rows.of.map((kind) => kind * columnClasses * kindBytes),
    columns.of.map((kind) => kind * kindBytes),
    rows.bounds.flat(),
    columns.bounds.flat(),
  ];
  const starts = lists.map((_, i) => lists.slice(0, i).reduce((sum, list) => sum + list.length, 0));
  const all = new Int32Array(Math.ceil(lists.flat().length / CACHE_LINE) * CACHE_LINE);
  all.set(lists.flat());
  return { lists: all, starts, columnClasses, kinds: rows.bounds.length * columnClasses };
});

export const borderBytes = perLayout((g, layout): number => {
  const { lists, kinds } = bordersOf(g, layout);
  return lists.length * 4 + kinds * g.groups * layout.paddedOut * 4;
});

/** Where what `makeBorderTables` wrote at an address lies. */
export function borderTablesAt(g: Conv2dGeometry, layout: BinaryLayout, at: Address): BorderTables {
  const { lists, starts } = bordersOf(g, layout);
  const [offsets, rowKinds, columnKinds] = starts as [number, number, number];
  return {
    runOffsets: at + offsets * 4,
    rowKinds: at + rowKinds * 4,
    columnKinds: at + columnKinds * 4,
    balances: at + lists.length * 4,
  };
}

/** Needs the popcounts of the weights' taps. It does not depend on the batch. */
export function makeBorderTables(
  wasm: WasmContext,
  g: Conv2dGeometry,
  layout: BinaryLayout,
  popcounts: Address,
  at: Address,
): void {
  const { lists, starts, columnClasses, kinds } = bordersOf(g, layout);
  wasm.writeIntegers(at, lists);
  const channels = g.groups * layout.paddedOut;
  const { tasks, size } = partition(kinds, channels * layout.taps);
  const sizes = [columnClasses, g.kernelHeight, g.kernelWidth, layout.groupIn, channels];
  const [rowBounds, columnBounds] = [at + starts[3]! * 4, at + starts[4]! * 4];
  wasm.run('balanceBorders', tasks, [kinds, size, ...sizes, rowBounds, columnBounds, popcounts, at + lists.length * 4]);
}

/** Output rows (or columns) by which of their taps lie inside the image. */
interface BorderClasses {
  /** Class of each output row. */
  readonly of: readonly number[];
  /** First tap inside and the one after the last, for each class. */
  readonly bounds: readonly (readonly [first: number, end: number])[];
}

function borderClasses(
  length: number,
  outLength: number,
  taps: number,
  { stride, padding, dilation }: Conv2dGeometry,
): BorderClasses {
  const bounds: [number, number][] = [];
  const known = new Map<number, number>();
  const clamp = (tap: number) => Math.min(taps, Math.max(0, tap));
  const of = Array.from({ length: outLength }, (_, place) => {
    const start = place * stride - padding;
    const first = clamp(Math.ceil(-start / dilation));
    const end = Math.max(first, clamp(Math.ceil((length - start) / dilation)));
    const key = first * (taps + 1) + end;
    const found = known.get(key) ?? bounds.push([first, end]) - 1;
    known.set(key, found);
    return found;
  });
  return { of, bounds };
}
