import type { ForwardPart, TrainingPart } from '../forward-kernels.js';
import type { Address, BinaryKernels, Conv2dGeometry, FinishTensors } from '../kernels.js';
import { type BorderTables, borderBytes, borderTablesAt, makeBorderTables } from './binary-borders.js';
import { type BinaryLayout, type BinaryWork, binaryLayout, perLayout } from './binary-layout.js';
import { nibbleBytes, nibbleConvolution, nibbleWork, spreadWeights } from './binary-nibbles.js';
import type { BinaryOutputs } from './binary-outputs.js';
import { columnBytes, columnWeights, pixelConvolution, pixelWork } from './binary-pixels.js';
import { pairedBytes, pairWeights, popcountConvolution, popcountWork } from './binary-popcount.js';
import { tableConvolution, tableWork } from './binary-tables.js';
import type { WasmContext } from './context.js';
import { partition } from './partition.js';

/** What the kernels that multiply get: everything packed, padded and looked up beforehand. */
export interface BinaryOperands extends BorderTables, BinaryOutputs {
  /** Padded planes of x's bits. */
  readonly planes: Address;
  /** Rows of w's bits. */
  readonly weights: Address;
  /** The same in the order of the methods that have one (`pairedBytes`, `nibbleBytes`, `columnBytes`), made beforehand; 0 = not made. */
  readonly pairs: Address;
  readonly nibbles: Address;
  readonly columns: Address;
}

/** Codes of `sign-packing.ts`. */
const KEPT = { clip: 1, quadratic: 2 } as const;

/**
 * How differing signs are counted: by tables of the weights for a byte of activations, by tables for a nibble, by tables of the activations for a
 * byte of weights, or word by word.
 */
export type BinaryMethod = 'byte-tables' | 'nibble-tables' | 'pixel-tables' | 'popcount';

/** The work that each method which suits a layer has with it. */
export type BinaryWorks = ReadonlyMap<BinaryMethod, BinaryWork>;

const CONVOLUTIONS = {
  'byte-tables': tableConvolution,
  'nibble-tables': nibbleConvolution,
  'pixel-tables': pixelConvolution,
  popcount: popcountConvolution,
};

/** @param choose a method of those that suit a layer (`binary-choice.ts`) */
export function binaryKernels(wasm: WasmContext, choose: (works: BinaryWorks) => BinaryMethod): BinaryKernels {
  return { ...forwardBinaryKernels(wasm, choose), ...trainingKernels(wasm) };
}

/** @param choose as of `binaryKernels` */
export function forwardBinaryKernels(
  wasm: WasmContext,
  choose: (works: BinaryWorks) => BinaryMethod,
): ForwardPart<BinaryKernels> {
  return {
    packSigns(rows, channels, x, signs, surrogate, kept) {
      const { tasks, size } = partition(rows, channels);
      wasm.run('packSigns', tasks, [rows, size, channels, surrogate ? KEPT[surrogate] : 0, x, signs, kept]);
    },
    binaryConv2d(g, signs, w, scale, y) {
      const layout = binaryLayout(g);
      wasm.scratch(rowsBytes(layout, g), (rows) => {
        packRows(wasm, g, layout, w, rows);
        wasm.scratch(borderBytes(g, layout), (borders) => {
          makeBorderTables(wasm, g, layout, popcountsAt(rows, g, layout), borders);
          const outputs = { y, finish: scaleAlone(scale), thresholds: 0 };
          convolve(wasm, g, layout, { signs, weights: rows, ...NOT_MADE, borders, ...outputs }, choose);
        });
      });
    },
    packedWeightInts: (g) => packedPlaces(g, binaryLayout(g)).end / 4,
    packSignBits(g, bits, packed) {
      const layout = binaryLayout(g);
      const { borders, pairs, nibbles, columns } = packedPlaces(g, layout);
      packRows(wasm, g, layout, bits, packed, 'packSignBits');
      makeBorderTables(wasm, g, layout, popcountsAt(packed, g, layout), packed + borders);
      pairWeights(wasm, g, layout, packed, packed + pairs);
      if (nibbles > 0) spreadWeights(wasm, g, layout, packed, packed + nibbles);
      if (columns > 0) columnWeights(wasm, g, layout, packed, packed + columns);
    },
    packedBinaryConv2d(g, signs, packed, finish, y) {
      const layout = binaryLayout(g);
      const operands = { signs, ...packedWeights(g, layout, packed), y, finish, thresholds: 0 };
      convolve(wasm, g, layout, operands, choose);
    },
    binarySumFloats: (g, groups) => (fillsBytes(g, groups) ? 0 : g.batch * g.outHeight * g.outWidth * g.outChannels),
    packedBinarySigns(g, signs, packed, thresholds, groups, y, sums) {
      const layout = binaryLayout(g);
      const operands = { signs, ...packedWeights(g, layout, packed), finish: null };
      if (fillsBytes(g, groups)) {
        convolve(wasm, g, layout, { ...operands, y, thresholds }, choose);
        return;
      }
      convolve(wasm, g, layout, { ...operands, y: sums, thresholds: 0 }, choose);
      const { tasks, size } = partition(layout.pixels, g.outChannels);
      wasm.run('packAtLeast', tasks, [layout.pixels, size, groups, g.outChannels / groups, sums, thresholds, y]);
    },
  };
}

function trainingKernels(wasm: WasmContext): TrainingPart<BinaryKernels> {
  return {
    unpackSigns(rows, channels, signs, x) {
      const { tasks, size } = partition(rows, channels);
      wasm.run('unpackSigns', tasks, [rows, size, channels, signs, x]);
    },
    multiplyByKept(surrogate, rows, channels, kept, dx) {
      const { tasks, size } = partition(rows, channels);
      wasm.run('multiplyByKept', tasks, [rows, size, channels, KEPT[surrogate], kept, dx]);
    },
  };
}

function scaleAlone(scale: Address): FinishTensors | null {
  return scale === 0 ? null : { scale, bias: 0, shortcut: 0, activation: 'none', positive: 0, negative: 0 };
}

/** Bytes of the rows of w's bits and, behind them, their popcounts. */
function rowsBytes({ taps, rowBytes, paddedOut }: BinaryLayout, g: Conv2dGeometry): number {
  return g.outChannels * rowBytes + taps * g.groups * paddedOut * 4;
}

function popcountsAt(rows: Address, g: Conv2dGeometry, { rowBytes }: BinaryLayout): Address {
  return rows + g.outChannels * rowBytes;
}

const NOT_MADE = { pairs: 0, nibbles: 0, columns: 0 };

/** Where in packed weights, behind the rows, the tables of the borders and each method's order lie; 0 where tables are not for this layer. */
const packedPlaces = perLayout((g, layout): typeof NOT_MADE & { readonly borders: number; readonly end: number } => {
  const borders = align(rowsBytes(layout, g));
  const pairs = align(borders + borderBytes(g, layout));
  const nibbles = align(pairs + pairedBytes(layout, g));
  if (!allowsTables(layout)) return { ...NOT_MADE, borders, pairs, end: nibbles };
  const columns = align(nibbles + nibbleBytes(layout, g));
  return { borders, pairs, nibbles, columns, end: align(columns + columnBytes(layout, g)) };
});

function packedWeights(g: Conv2dGeometry, layout: BinaryLayout, packed: Address) {
  const { borders, pairs, nibbles, columns } = packedPlaces(g, layout);
  const at = (place: number) => (place > 0 ? packed + place : 0);
  return { weights: packed, borders: at(borders), pairs: at(pairs), nibbles: at(nibbles), columns: at(columns) };
}

/**
 * Whether the channels of every block that a kernel makes fill whole bytes of what `groups` groups read: rows of bits that end at a byte are one long
 * row, and blocks begin with a group or a multiple of 8 channels behind it.
 */
function fillsBytes({ outChannels, groups: own }: Conv2dGeometry, groups: number): boolean {
  return (outChannels / own) % 8 === 0 && (outChannels / groups) % 8 === 0;
}

function align(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}

/** Rows and popcounts of weights, floats or bits, which the kernels take alike but for what a tap's length is counted in. */
function packRows(
  wasm: WasmContext,
  g: Conv2dGeometry,
  layout: BinaryLayout,
  weights: Address,
  rows: Address,
  kernel: 'packSignWeights' | 'packSignBits' = 'packSignWeights',
): void {
  const { taps, groupIn, groupOut, paddedOut, rowBytes, tapBytes } = layout;
  const { tasks, size } = partition(g.outChannels, taps * groupIn);
  const sizes = [taps, kernel === 'packSignBits' ? tapBytes : groupIn, rowBytes, groupOut, paddedOut];
  wasm.run(kernel, tasks, [g.outChannels, size, ...sizes, weights, rows, popcountsAt(rows, g, layout)]);
}

type PackedOperands = Omit<BinaryOperands, 'planes' | keyof BorderTables> & {
  readonly signs: Address;
  readonly borders: Address;
};

function convolve(
  wasm: WasmContext,
  g: Conv2dGeometry,
  layout: BinaryLayout,
  { signs, borders, ...operands }: PackedOperands,
  choose: (works: BinaryWorks) => BinaryMethod,
): void {
  const tables = borderTablesAt(g, layout, borders);
  withPlanes(wasm, g, layout, signs, (planes) => {
    CONVOLUTIONS[choose(worksOf(g, layout))](wasm, g, layout, { planes, ...operands, ...tables });
  });
}

/** Below this many output channels of a group most of a table's lanes would be empty. */
const FEWEST_TABLE_CHANNELS = 12;

/** The methods that suit a layer: words always do. */
export const worksOf = perLayout((g, layout): BinaryWorks => {
  const works = new Map<BinaryMethod, BinaryWork>([['popcount', popcountWork(g, layout)]]);
  if (!allowsTables(layout)) return works;
  works.set('byte-tables', tableWork(g, layout)).set('nibble-tables', nibbleWork(g, layout));
  const pixels = pixelWork(g, layout);
  return pixels ? works.set('pixel-tables', pixels) : works;
});

function allowsTables({ groupOut, fitsSixteenBits }: BinaryLayout): boolean {
  return groupOut >= FEWEST_TABLE_CHANNELS && fitsSixteenBits;
}

function withPlanes(
  wasm: WasmContext,
  g: Conv2dGeometry,
  layout: BinaryLayout,
  signs: Address,
  use: (planes: Address) => void,
): void {
  if (g.padding === 0 && g.groups === 1) {
    use(signs);
    return;
  }
  const lines = g.groups * g.batch * layout.paddedHeight;
  wasm.scratch(g.groups * layout.planeBytes, (planes) => {
    const { tasks, size } = partition(lines, layout.lineBytes);
    const sizes = [g.batch, g.height, g.width, g.padding, g.groups, layout.tapBytes];
    wasm.run('padSigns', tasks, [lines, size, ...sizes, signs, planes]);
    use(planes);
  });
}
