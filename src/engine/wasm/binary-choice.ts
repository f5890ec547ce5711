import type { TimingStore } from '../host.js';
import type { Conv2dGeometry } from '../kernels.js';
import { type Autotune, timedOnce } from '../timed-once.js';
import { WasmBackend } from './backend.js';
import { type BinaryMethod, forwardBinaryKernels } from './binary.js';

/** How 1-bit convolutions count: by the fastest method, found by timing; or always by the one named, where it can. */
export type BinaryKernelChoice = 'auto' | BinaryMethod;

export interface TimedChoice {
  /** Method for a layer of so many output pixels. */
  readonly methodFor: (pixels: number) => BinaryMethod;
  readonly usesTables: boolean;
  readonly why: string;
}

/** The method from so many output pixels on. */
interface Section {
  readonly from: number;
  readonly method: BinaryMethod;
}

const METHODS: readonly BinaryMethod[] = ['nibble-tables', 'byte-tables', 'popcount'];
const NAMES: Readonly<Record<BinaryMethod, string>> = {
  'byte-tables': 'byte tables',
  'nibble-tables': 'nibble tables',
  popcount: 'popcounts',
};

/** 3x3, 64 to 64 channels: few pixels, where what is built for a layer counts, and many. About two milliseconds for all six convolutions. */
const FEW = geometry(8);
const MANY = geometry(32);
/** Each takes its best time of these: the first ones run before the JavaScript engine has optimised, any may be disturbed. */
const ROUNDS = 10;
/** Where timing says nothing sensible (a machine too busy): what was found on several machines. */
const USUAL: readonly Section[] = [
  { from: 1, method: 'popcount' },
  { from: 400, method: 'byte-tables' },
];
const MOST_PIXELS = 4096;

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
      methodFor: () => choice,
      usesTables: choice !== 'popcount',
      why: `${NAMES[choice]} for all layers, by the option binaryKernel`,
    };
  }
  if (autotune === 'off') return choiceOf(USUAL, 'not timed, by the option autotune');
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
  /** Milliseconds for `FEW` and for `MANY`. */
  readonly few: number;
  readonly many: number;
}

function timeMethods({ module, relaxed, shared }: CompiledBuild): readonly Times[] {
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
  const runs = METHODS.map((method) => {
    const kernels = forwardBinaryKernels(backend, () => method);
    return { method, run: (g: Conv2dGeometry) => milliseconds(() => kernels.binaryConv2d(g, signs, w, 0, y)) };
  });
  let times = METHODS.map((method): Times => ({ method, few: Number.POSITIVE_INFINITY, many: Number.POSITIVE_INFINITY }));
  for (let round = 0; round < ROUNDS; round++) {
    times = times.map(({ method, few, many }, i) => ({
      method,
      few: Math.min(few, runs[i]!.run(FEW)),
      many: Math.min(many, runs[i]!.run(MANY)),
    }));
  }
  backend.dispose();
  return times;
}

function milliseconds(body: () => void): number {
  const start = performance.now();
  body();
  return performance.now() - start;
}

/** Whether these are times of all methods, none of them disturbed. */
function areTimes(value: unknown): value is readonly Times[] {
  if (!Array.isArray(value) || value.length !== METHODS.length) return false;
  return METHODS.every((method, i) => {
    const { method: timed, few, many }: Partial<Times> = value[i] ?? {};
    return timed === method && typeof few === 'number' && typeof many === 'number' && few > 0 && many > few;
  });
}

/** Times grow linearly with the pixels: for each number of them the method whose line is lowest. */
function judge(times: readonly Times[], origin: string): TimedChoice {
  if (!areTimes(times)) return choiceOf(USUAL, 'timing them was disturbed');
  const sections: Section[] = [];
  for (let pixels = 1; pixels <= MOST_PIXELS; pixels++) {
    const { method } = times.reduce((best, other) => (timeOf(other, pixels) < timeOf(best, pixels) ? other : best));
    if (sections.at(-1)?.method !== method) sections.push({ from: pixels, method });
  }
  const rates = times.map(({ method, many }) => `${NAMES[method]} ${(MACS / many / 1e6).toFixed(0)}`);
  return choiceOf(
    sections,
    `timed on a 3x3 layer of 64 channels and ${pixelsOf(MANY)} pixels, GMAC/s: ${rates.join(', ')}, ${origin}`,
  );
}

const MACS = pixelsOf(MANY) * MANY.outChannels * 9 * MANY.inChannels;

function timeOf({ few, many }: Times, pixels: number): number {
  return few + ((many - few) * (pixels - pixelsOf(FEW))) / (pixelsOf(MANY) - pixelsOf(FEW));
}

function choiceOf(sections: readonly Section[], reason: string): TimedChoice {
  const list = sections.map(({ from, method }) =>
    from === 1 ? NAMES[method] : `${NAMES[method]} from ${from} output pixels on`,
  );
  return {
    methodFor: (pixels) => sections.findLast(({ from }) => from <= Math.max(1, pixels))!.method,
    usesTables: sections.some(({ method }) => method !== 'popcount'),
    why: `${list.join(', ')}; ${reason}`,
  };
}

function pixelsOf({ outHeight, outWidth }: Conv2dGeometry): number {
  return outHeight * outWidth;
}

function geometry(height: number): Conv2dGeometry {
  const sizes = { batch: 1, height, width: 32, inChannels: 64, outHeight: height, outWidth: 32, outChannels: 64 };
  return { ...sizes, kernelHeight: 3, kernelWidth: 3, stride: 1, padding: 1, dilation: 1, groups: 1 };
}
