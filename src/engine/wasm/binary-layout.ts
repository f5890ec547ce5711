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

/** So many layouts are remembered: of all layers of some networks, with whatever was derived from them. */
const MOST_LAYOUTS = 256;
const layouts = new Map<string, BinaryLayout>();

/** The same object for the same sizes, as long as it is remembered. */
export function binaryLayout(g: Conv2dGeometry): BinaryLayout {
  const key = [
    ...[g.batch, g.height, g.width, g.inChannels, g.outHeight, g.outWidth, g.outChannels],
    ...[g.kernelHeight, g.kernelWidth, g.stride, g.padding, g.dilation, g.groups],
  ].join();
  const known = layouts.get(key);
  if (known) return known;
  const layout = layoutOf(g);
  if (layouts.size === MOST_LAYOUTS) layouts.clear();
  layouts.set(key, layout);
  return layout;
}

/** A function of a layer that is computed once for each layout. */
export function perLayout<T>(make: (g: Conv2dGeometry, layout: BinaryLayout) => T): typeof make {
  const known = new WeakMap<BinaryLayout, { readonly value: T }>();
  return (g, layout) => {
    let found = known.get(layout);
    if (!found) {
      found = { value: make(g, layout) };
      known.set(layout, found);
    }
    return found.value;
  };
}

function layoutOf(g: Conv2dGeometry): BinaryLayout {
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
