import type { ForwardPart, TrainingPart } from '../forward-kernels.js';
import type { Activation, Address, BroadcastGeometry, BroadcastOperation, ElementKernels } from '../kernels.js';
import { foldRows, repeatChannels, writeColumnSums } from './columns.js';
import type { WasmContext } from './context.js';
import { partition, partitionElements } from './partition.js';
import { sumRows } from './rows.js';

/** Cost of an element beside that of a copy; the kernels are named alike. */
const ACTIVATIONS = { relu: 1, sigmoid: 4, hardTanh: 1 } as const satisfies Record<Activation, number>;

export function elementKernels(wasm: WasmContext): ElementKernels {
  return { ...forwardElementKernels(wasm), ...trainingKernels(wasm) };
}

export function forwardElementKernels(wasm: WasmContext): ForwardPart<ElementKernels> {
  return {
    copy: (n, x, y) => mapElements(wasm, 'copy', n, [x, y]),
    fill: (n, value, y) => mapElements(wasm, 'fill', n, [y], [value]),
    activation: (kind, n, x, y) => mapElements(wasm, kind, n, [x, y], [], ACTIVATIONS[kind]),
    broadcast: (operation, g, a, b, y) => broadcast(wasm, operation, simplify(g), a, b, y),
    copyColumns(rows, count, fromWidth, fromStart, toWidth, toStart, x, y) {
      const { tasks, size } = partition(rows, count);
      wasm.run('copyColumns', tasks, [rows, size, count, fromWidth, toWidth, x + fromStart * 4, y + toStart * 4]);
    },
    shuffleChannels(rows, channels, groups, x, y) {
      const { tasks, size } = partition(rows, channels);
      wasm.run('shuffleChannels', tasks, [rows, size, channels, groups, x, y]);
    },
    pad(g, top, left, x, y) {
      const rows = g.batch * g.outHeight;
      const { tasks, size } = partition(rows, g.outWidth * g.channels);
      wasm.run('pad', tasks, [rows, size, g.height, g.width, g.channels, g.outHeight, g.outWidth, top, left, x, y]);
    },
  };
}

function trainingKernels(wasm: WasmContext): TrainingPart<ElementKernels> {
  return {
    affine: (n, factor, offset, x, y) => mapElements(wasm, 'affine', n, [x, y], [factor, offset]),
    accumulate: (n, factor, x, y) => mapElements(wasm, 'accumulate', n, [x, y], [factor]),
    activationGradient: (kind, n, y, dy, dx) => mapElements(wasm, `${kind}Gradient`, n, [y, dy, dx]),

    sign: (n, x, y) => mapElements(wasm, 'sign', n, [x, y]),
    signGradient(surrogate, n, x, dy, dx) {
      mapElements(wasm, surrogate === 'clip' ? 'signGradientClip' : 'signGradientQuadratic', n, [x, dy, dx]);
    },

    fprelu(rows, channels, x, positive, negative, y) {
      withSlopes(wasm, rows, channels, positive, negative, (above, below) => {
        const { elements, width } = foldRows(rows, channels);
        const { tasks, size } = partitionElements(elements);
        wasm.run('fprelu', tasks, [elements, size, width, x, above, below, y]);
      });
    },

    fpreluGradient(rows, channels, x, positive, negative, dy, dx, dpositive, dnegative) {
      withSlopes(wasm, rows, channels, positive, negative, (above, below) => {
        const kernel = positive === 0 ? 'preluGradient' : 'fpreluGradient';
        const operands = [x, dy, above, below, dx];
        const outs = [positive === 0 ? 0 : dpositive, dnegative];
        writeColumnSums(wasm, { kernel, groups: 1, rows, channels, sums: 2, operands }, 1, outs);
      });
    },

    broadcastReduce: (g, dy, a, db) => broadcastReduce(wasm, simplify(g), dy, a, db),
  };
}

/** Runs a kernel that treats each of n elements alone. `work`: cost of an element beside that of a copy. */
export function mapElements(
  wasm: WasmContext,
  kernel: string,
  n: number,
  addresses: readonly Address[],
  floats: readonly number[] = [],
  work = 1,
): void {
  const { tasks, size } = partitionElements(n, work);
  wasm.run(kernel, tasks, [n, size, ...addresses], floats);
}

/** y[r, c] = a[r, c] op b[r / repeats, c], a and y [n / width, width]; y may be a. */
export function mapColumns(
  wasm: WasmContext,
  kernel: 'addColumns' | 'multiplyColumns' | 'spreadColumns' | 'accumulateColumns',
  sizes: { readonly n: number; readonly width: number; readonly repeats: number },
  a: Address,
  b: Address,
  y: Address,
  factor = 1,
): void {
  const { n, width, repeats } = sizes;
  const { tasks, size } = partitionElements(n);
  const run = (columns: number, rowsOfOne: number, operand: Address) =>
    wasm.run(kernel, tasks, [n, size, columns, rowsOfOne, a, operand, y], [factor]);
  // One row that repeats everywhere folds, when it is short or would leave a part of a vector at each row's end.
  const folds = n <= width * repeats && (width < 16 || (width % 4 !== 0 && width < 1024));
  if (!folds) {
    run(width, repeats, b);
    return;
  }
  const folded = foldRows(n / width, width);
  wasm.scratch(folded.width * 4, (repeated) => {
    repeatChannels(wasm, folded, b, repeated);
    run(folded.width, Math.ceil(n / folded.width), repeated);
  });
}

/** y[r, c] = a[r, c] op b[r % period], a and y [n / width, width]. */
export function mapRows(
  wasm: WasmContext,
  kernel: 'addRows' | 'multiplyRows' | 'spreadRows',
  sizes: { readonly n: number; readonly width: number; readonly period: number },
  a: Address,
  b: Address,
  y: Address,
  factor = 1,
): void {
  const { tasks, size } = partitionElements(sizes.n);
  wasm.run(kernel, tasks, [sizes.n, size, sizes.width, sizes.period, a, b, y], [factor]);
}

/** Repeating over an axis of one element is no repetition. */
function simplify(g: BroadcastGeometry): BroadcastGeometry {
  return {
    ...g,
    overBatch: g.overBatch && g.batch > 1,
    overPixels: g.overPixels && g.pixels > 1,
    overChannels: g.overChannels && g.channels > 1,
  };
}

function broadcast(
  wasm: WasmContext,
  operation: BroadcastOperation,
  g: BroadcastGeometry,
  a: Address,
  b: Address,
  y: Address,
): void {
  const n = g.batch * g.pixels * g.channels;
  const image = g.pixels * g.channels;
  if (!g.overChannels) {
    // Repeated over pixels: a row of channels for each image. Not: an image is the row.
    const width = g.overPixels ? g.channels : image;
    const repeats = (g.overPixels ? g.pixels : 1) * (g.overBatch ? g.batch : 1);
    mapColumns(wasm, operation === 'add' ? 'addColumns' : 'multiplyColumns', { n, width, repeats }, a, b, y);
    return;
  }
  const width = g.overPixels ? image : g.channels;
  const period = (g.overPixels ? 1 : g.pixels) * (g.overBatch ? 1 : g.batch);
  mapRows(wasm, operation === 'add' ? 'addRows' : 'multiplyRows', { n, width, period }, a, b, y);
}

function broadcastReduce(wasm: WasmContext, g: BroadcastGeometry, dy: Address, a: Address, db: Address): void {
  if (g.overChannels) {
    const kernel = a === 0 ? 'rowSums' : 'rowProductSums';
    const outs = (g.overBatch ? 1 : g.batch) * (g.overPixels ? 1 : g.pixels);
    const width = g.channels * (g.overPixels ? g.pixels : 1);
    const groups = (g.batch * g.pixels * g.channels) / (outs * width);
    sumRows(wasm, kernel, { groups, outs, width, divisor: 1 }, dy, a, db);
    return;
  }
  if (!g.overBatch && !g.overPixels) {
    const n = g.batch * g.pixels * g.channels;
    if (a === 0) mapElements(wasm, 'copy', n, [dy, db]);
    else mapColumns(wasm, 'multiplyColumns', { n, width: n, repeats: 1 }, dy, a, db);
    return;
  }
  const kernel = a === 0 ? 'columnSums' : 'columnProductSums';
  const groups = g.overBatch ? 1 : g.batch;
  const rows = (g.overPixels ? g.pixels : 1) * (g.overBatch ? g.batch : 1);
  const channels = g.channels * (g.overPixels ? 1 : g.pixels);
  writeColumnSums(wasm, { kernel, groups, rows, channels, sums: 1, operands: [dy, a] }, 1, [db]);
}

/** The slopes of an FPReLU, once for each repetition of the channels in a folded row. */
function withSlopes(
  wasm: WasmContext,
  rows: number,
  channels: number,
  positive: Address,
  negative: Address,
  use: (above: Address, below: Address) => void,
): void {
  const folded = foldRows(rows, channels);
  wasm.scratch(folded.width * 8, (slopes) => {
    const below = slopes + folded.width * 4;
    repeatChannels(wasm, folded, positive, slopes);
    repeatChannels(wasm, folded, negative, below);
    use(slopes, below);
  });
}
