import type { Conv2dGeometry } from '../kernels.js';
import { signRowBytes } from '../packed-signs.js';

/** Bits of an output's window at most where differences are counted in 16 bits. */
const MOST_16_BITS = 2 ** 16 - 1;
/** Output channels of a group come in vectors of 16. */
const LANES = 16;

/** How the bits of a 1-bit convolution lie (`src/kernels/assembly/binary.ts`). */
export interface BinaryLayout {
  readonly taps: number;
  readonly groupIn: number;
  readonly groupOut: number;
  /** `groupOut` filled up to whole vectors. */
  readonly paddedOut: number;
  /** Of a tap's channels, in whole bytes. */
  readonly tapBytes: number;
  /** Of a window, in whole 64-bit words. */
  readonly rowBytes: number;
  readonly pixels: number;
  /** Of the padded planes, one for each group. */
  readonly paddedHeight: number;
  readonly lineBytes: number;
  readonly planeBytes: number;
  /** Bytes of a window that lie together in a plane, and where each of them begins. */
  readonly runBytes: number;
  readonly runOffsets: readonly number[];
  readonly fitsSixteenBits: boolean;
}

/** What a method does for a layer: what it makes ready, and the steps of its inner loop, each in a unit of its own. */
export interface BinaryWork {
  readonly setup: number;
  readonly steps: number;
}

export function binaryLayout(g: Conv2dGeometry): BinaryLayout {
  const taps = g.kernelHeight * g.kernelWidth;
  const groupIn = g.inChannels / g.groups;
  const groupOut = g.outChannels / g.groups;
  const tapBytes = signRowBytes(groupIn);
  const paddedHeight = g.height + 2 * g.padding;
  const lineBytes = (g.width + 2 * g.padding) * tapBytes;
  // Dilation parts the taps of a row.
  const runsOfRow = g.dilation === 1 ? 1 : g.kernelWidth;
  return {
    taps,
    groupIn,
    groupOut,
    paddedOut: Math.ceil(groupOut / LANES) * LANES,
    tapBytes,
    rowBytes: Math.ceil((taps * tapBytes) / 8) * 8,
    pixels: g.batch * g.outHeight * g.outWidth,
    paddedHeight,
    lineBytes,
    planeBytes: g.batch * paddedHeight * lineBytes,
    runBytes: (g.kernelWidth / runsOfRow) * tapBytes,
    runOffsets: Array.from({ length: g.kernelHeight * runsOfRow }, (_, run) => {
      const row = Math.floor(run / runsOfRow);
      return g.dilation * (row * lineBytes + (run % runsOfRow) * tapBytes);
    }),
    fitsSixteenBits: taps * groupIn <= MOST_16_BITS,
  };
}

/** Output rows (or columns) by which of their taps lie inside the image. */
export interface BorderClasses {
  /** Class of each output row. */
  readonly of: readonly number[];
  /** First tap inside and the one after the last, for each class. */
  readonly bounds: readonly (readonly [first: number, end: number])[];
}

export function borderClasses(
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
