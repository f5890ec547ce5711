import type { Conv2dGeometry } from '../kernels.js';
import { WasmBackend } from './backend.js';
import { binaryKernels } from './binary.js';

/** How 1-bit convolutions count: by the faster of both kernels, found by timing; or always by the one named, where it can. */
export type BinaryKernelChoice = 'auto' | 'tables' | 'popcount';

export interface TimedChoice {
  /** Output pixels from which on tables are faster than popcounts. */
  readonly tablesFrom: number;
  readonly why: string;
}

/** 3x3, 64 to 64 channels: few pixels, where popcounts should win, and many. About a millisecond for all four convolutions. */
const FEW = geometry(8);
const MANY = geometry(32);
/** Each takes its best time of these: the first ones run before the JavaScript engine has optimised, any may be disturbed. */
const ROUNDS = 10;
/** Where timing says nothing sensible (a machine too busy): between what was found on several machines. */
const USUAL_PIXELS = 400;
const FEWEST_PIXELS = 64;
const MOST_PIXELS = 4096;

/** A build of the kernels, compiled. */
export interface CompiledBuild {
  readonly name: string;
  readonly module: WebAssembly.Module;
  readonly relaxed: boolean;
  readonly shared: boolean;
}

const timed = new Map<string, TimedChoice>();

/** Times both kernels on one thread in a small memory of its own, once in a process for each build. Their results are the same integers. */
export function chooseBinaryKernel(choice: BinaryKernelChoice, build: CompiledBuild): TimedChoice {
  if (choice === 'tables') return { tablesFrom: 0, why: 'for all layers, by the option binaryKernel' };
  if (choice === 'popcount')
    return { tablesFrom: Number.POSITIVE_INFINITY, why: 'popcounts for all layers, by the option binaryKernel' };
  const known = timed.get(build.name);
  if (known) return known;
  const found = timeKernels(build);
  timed.set(build.name, found);
  return found;
}

function timeKernels({ module, relaxed, shared }: CompiledBuild): TimedChoice {
  const backend = new WasmBackend(module, relaxed, shared, 1, 2 ** 24, null);
  const floats = (elements: number) => {
    const address = backend.allocator.allocate(elements * 4, 'timing', [elements]);
    backend.floats(address, elements).forEach((_, i, all) => {
      all[i] = Math.sin(i * i);
    });
    return address;
  };
  const signs = floats((pixelsOf(MANY) * MANY.inChannels) / 32);
  const w = floats(MANY.outChannels * 9 * MANY.inChannels);
  const y = floats(pixelsOf(MANY) * MANY.outChannels);
  const tables = binaryKernels(backend, 0);
  const popcounts = binaryKernels(backend, Number.POSITIVE_INFINITY);
  const runs = [tables, popcounts].flatMap((kernels) => [FEW, MANY].map((g) => () => kernels.binaryConv2d(g, signs, w, 0, y)));
  const best = runs.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < ROUNDS; round++) {
    runs.forEach((run, i) => {
      best[i] = Math.min(best[i]!, milliseconds(run));
    });
  }
  backend.dispose();
  const [tablesFew, tablesMany, popcountsFew, popcountsMany] = best as [number, number, number, number];
  return judge(tablesFew - popcountsFew, tablesMany - popcountsMany, popcountsMany / tablesMany);
}

function milliseconds(body: () => void): number {
  const start = performance.now();
  body();
  return performance.now() - start;
}

/**
 * Both times grow linearly with the pixels: where tables' lead is 0 between (or beyond) the two sizes. `fewMore` and `manyMore` are what tables take
 * more than popcounts.
 */
function judge(fewMore: number, manyMore: number, timesFaster: number): TimedChoice {
  const gained = (fewMore - manyMore) / (pixelsOf(MANY) - pixelsOf(FEW));
  if (!(gained > 0)) {
    return { tablesFrom: USUAL_PIXELS, why: `from ${USUAL_PIXELS} output pixels on (timing them was disturbed)` };
  }
  const equal = pixelsOf(FEW) + fewMore / gained;
  const tablesFrom = Math.round(Math.min(MOST_PIXELS, Math.max(FEWEST_PIXELS, equal)));
  const ratio = `${timesFaster.toFixed(1)} times as fast as popcounts on a 3x3 layer of 64 channels and ${pixelsOf(MANY)} pixels`;
  return { tablesFrom, why: `from ${tablesFrom} output pixels on; timed: ${ratio}` };
}

function pixelsOf({ outHeight, outWidth }: Conv2dGeometry): number {
  return outHeight * outWidth;
}

function geometry(height: number): Conv2dGeometry {
  const sizes = { batch: 1, height, width: 32, inChannels: 64, outHeight: height, outWidth: 32, outChannels: 64 };
  return { ...sizes, kernelHeight: 3, kernelWidth: 3, stride: 1, padding: 1, dilation: 1, groups: 1 };
}
