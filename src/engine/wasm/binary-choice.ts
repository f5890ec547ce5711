import type { TimingStore } from '../host.js';
import type { Conv2dGeometry } from '../kernels.js';
import { type Autotune, timedOnce } from '../timed-once.js';
import { WasmBackend } from './backend.js';
import { type BinaryMethod, type BinaryWorks, forwardBinaryKernels, worksOf } from './binary.js';
import { type BinaryWork, binaryLayout } from './binary-layout.js';

/** How 1-bit convolutions count: by the fastest method, found by timing; or always by the one named, where it can. */
export type BinaryKernelChoice = 'auto' | BinaryMethod;

export interface TimedChoice {
  /** A method of those that suit a layer. */
  readonly choose: (works: BinaryWorks) => BinaryMethod;
  readonly usesTables: boolean;
  readonly why: string;
}

const NAMES: Readonly<Record<BinaryMethod, string>> = {
  'byte-tables': 'byte tables',
  'nibble-tables': 'nibble tables',
  'pixel-tables': 'pixel tables',
  popcount: 'popcounts',
};
export const binaryMethods = Object.keys(NAMES) as readonly BinaryMethod[];

/** 3x3 convolutions: of few pixels and many channels, of many pixels and few; so the methods' preparations weigh differently. */
const FEW = geometry({ height: 8, width: 16, inChannels: 128, outChannels: 256 });
const MANY = geometry({ height: 32, width: 32, inChannels: 64, outChannels: 64 });
/** Each takes its best time of these: the first ones run before the JavaScript engine has optimised, any may be disturbed. */
const ROUNDS = 10;
/** Nanoseconds for what is made ready and for a step where nothing was timed, or nothing sensible (a machine too busy): as found on one that was not. */
const USUAL: Costs = {
  'byte-tables': { setup: 0.4, steps: 0.37 },
  'nibble-tables': { setup: 0, steps: 0.35 },
  'pixel-tables': { setup: 0.4, steps: 0.3 },
  popcount: { setup: 1, steps: 0.35 },
};

type Costs = Readonly<Record<BinaryMethod, BinaryWork>>;

/** A build of the kernels, compiled. */
export interface CompiledBuild {
  readonly name: string;
  readonly module: WebAssembly.Module;
  readonly relaxed: boolean;
  readonly shared: boolean;
}

const known = new Map<string, Promise<TimedChoice>>();

/**
 * Times all methods on one thread in a small memory of its own, once on a machine for each build: what was found is kept in `store`, and in this process.
 * Their results are the same integers.
 */
export async function chooseBinaryKernel(
  choice: BinaryKernelChoice,
  autotune: Autotune,
  build: CompiledBuild,
  store: TimingStore | undefined,
): Promise<TimedChoice> {
  if (choice !== 'auto') {
    return {
      choose: (works) => (works.has(choice) ? choice : 'popcount'),
      usesTables: choice !== 'popcount',
      why: `${NAMES[choice]} for all layers, by the option binaryKernel`,
    };
  }
  if (autotune === 'off') return choiceOf(USUAL, 'on most machines: not timed, by the option autotune');
  const before = autotune === 'on' ? known.get(build.name) : undefined;
  const found =
    before ??
    timedOnce(build.name, autotune, store, () => timeMethods(build), areTimes).then(({ timing, origin }) =>
      judge(timing, origin),
    );
  known.set(build.name, found);
  try {
    return await found;
  } catch (error) {
    known.delete(build.name);
    throw error;
  }
}

interface Times {
  readonly method: BinaryMethod;
  /** Nanoseconds for `FEW` and for `MANY`. */
  readonly few: number;
  readonly many: number;
}

function timeMethods({ module, relaxed, shared }: CompiledBuild): readonly Times[] {
  const backend = new WasmBackend(module, relaxed, shared, 1, 2 ** 24, null);
  const integers = (count: number) => {
    const address = backend.allocator.allocate(count * 4, 'timing', [count]);
    backend.ints(address, count).forEach((_, i, all) => {
      all[i] = Math.imul(i + 1, 0x9e3779b1);
    });
    return address;
  };
  const signs = integers((pixelsOf(MANY) * MANY.inChannels) / 32);
  const bits = integers((FEW.outChannels * 9 * FEW.inChannels) / 32);
  const y = integers(pixelsOf(MANY) * MANY.outChannels);
  const runs = binaryMethods.map((method) => {
    const kernels = forwardBinaryKernels(backend, () => method);
    const [few, many] = [FEW, MANY].map((g) => {
      const packed = integers(kernels.packedWeightInts(g));
      kernels.packSignBits(g, bits, packed);
      return () => nanoseconds(() => kernels.packedBinaryConv2d(g, signs, packed, null, y));
    });
    return { method, few: few!, many: many! };
  });
  let times = runs.map(({ method }): Times => ({ method, few: Number.POSITIVE_INFINITY, many: Number.POSITIVE_INFINITY }));
  for (let round = 0; round < ROUNDS; round++) {
    times = times.map(({ method, few, many }, i) => ({
      method,
      few: Math.min(few, runs[i]!.few()),
      many: Math.min(many, runs[i]!.many()),
    }));
  }
  backend.dispose();
  return times;
}

function nanoseconds(body: () => void): number {
  const start = performance.now();
  body();
  return (performance.now() - start) * 1e6;
}

/** Whether these are times of all methods. A clock too coarse for them shows nothing. */
function areTimes(value: unknown): value is readonly Times[] {
  if (!Array.isArray(value) || value.length !== binaryMethods.length) return false;
  return binaryMethods.every((method, i) => {
    const { method: timed, few, many }: Partial<Times> = value[i] ?? {};
    return timed === method && typeof few === 'number' && typeof many === 'number' && few > 0 && many > 0;
  });
}

function judge(times: readonly Times[], origin: string): TimedChoice {
  if (!areTimes(times)) return choiceOf(USUAL, 'on most machines: timing them was disturbed');
  const costs = Object.fromEntries(times.map((time) => [time.method, costsOf(time)])) as unknown as Costs;
  const rates = times.map(({ method, few, many }) => `${NAMES[method]} ${rate(FEW, few)} and ${rate(MANY, many)}`);
  const layers = `3x3 layers of ${FEW.outChannels} channels and ${pixelsOf(FEW)} pixels, and of ${MANY.outChannels} and ${pixelsOf(MANY)}`;
  return choiceOf(costs, `timed on ${layers}, GMAC/s: ${rates.join(', ')}, ${origin}`);
}

/** What makes ready and steps take, by two layers: two equations. */
function costsOf({ method, few, many }: Times): BinaryWork {
  const a = worksOf(FEW, binaryLayout(FEW)).get(method)!;
  const b = worksOf(MANY, binaryLayout(MANY)).get(method)!;
  const determinant = a.setup * b.steps - b.setup * a.steps;
  const setup = determinant === 0 ? 0 : (few * b.steps - many * a.steps) / determinant;
  const steps = determinant === 0 ? 0 : (a.setup * many - b.setup * few) / determinant;
  if (setup > 0 && steps > 0) return { setup, steps };
  return { setup: 0, steps: (few + many) / (a.steps + b.steps) };
}

function choiceOf(costs: Costs, reason: string): TimedChoice {
  const choose = (works: BinaryWorks) => {
    let best: { readonly method: BinaryMethod; readonly time: number } | null = null;
    for (const [method, { setup, steps }] of works) {
      const time = setup * costs[method].setup + steps * costs[method].steps;
      if (!best || time < best.time) best = { method, time };
    }
    return best!.method;
  };
  const chosen = [FEW, MANY].map((g) => choose(worksOf(g, binaryLayout(g))));
  return { choose, usesTables: chosen.some((method) => method !== 'popcount'), why: `for each layer the fastest, ${reason}` };
}

function rate(g: Conv2dGeometry, time: number): string {
  return ((pixelsOf(g) * g.outChannels * 9 * g.inChannels) / time).toFixed(0);
}

function pixelsOf({ outHeight, outWidth }: Conv2dGeometry): number {
  return outHeight * outWidth;
}

function geometry(sizes: Pick<Conv2dGeometry, 'height' | 'width' | 'inChannels' | 'outChannels'>): Conv2dGeometry {
  const out = { batch: 1, outHeight: sizes.height, outWidth: sizes.width };
  return { ...sizes, ...out, kernelHeight: 3, kernelWidth: 3, stride: 1, padding: 1, dilation: 1, groups: 1 };
}
