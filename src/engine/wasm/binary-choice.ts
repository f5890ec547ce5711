import type { TimingStore } from '../host.js';
import type { Conv2dGeometry } from '../kernels.js';
import { WasmBackend } from './backend.js';
import { type BinaryMethod, binaryKernels } from './binary.js';

/** How 1-bit convolutions count: by the fastest method, found by timing; or always by the one named, where it can. */
export type BinaryKernelChoice = 'auto' | BinaryMethod;

/** Whether methods are timed: unless that was done before on this machine; anew; or not at all, and the usual ones taken. */
export type Autotune = 'on' | 'fresh' | 'off';

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

/** What timing told, as it is kept. */
interface Timing {
  readonly sections: readonly Section[];
  /** GMAC/s on `MANY`. */
  readonly rates: Readonly<Record<BinaryMethod, number>>;
  /** Day of the timing. */
  readonly day: string;
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
  const found = before ?? timedChoice(autotune, build, store);
  known.set(build.name, found);
  return found;
}

async function timedChoice(autotune: Autotune, build: CompiledBuild, store: TimingStore | undefined): Promise<TimedChoice> {
  const kept = autotune === 'on' && store ? await store.read(build.name) : null;
  if (isTiming(kept)) return choiceOf(kept.sections, `${describe(kept)}, kept in ${store!.place} since ${kept.day}`);
  const timing = judge(timeMethods(build));
  if (!timing) return choiceOf(USUAL, 'timing them was disturbed');
  await store?.write(build.name, timing);
  return choiceOf(timing.sections, `${describe(timing)}, in this process`);
}

function describe({ rates }: Timing): string {
  const list = METHODS.map((method) => `${NAMES[method]} ${rates[method].toFixed(0)}`);
  return `timed on a 3x3 layer of 64 channels and ${pixelsOf(MANY)} pixels, GMAC/s: ${list.join(', ')}`;
}

function isTiming(value: unknown): value is Timing {
  if (typeof value !== 'object' || value === null) return false;
  const { sections, rates, day } = value as Partial<Record<keyof Timing, unknown>>;
  if (!Array.isArray(sections) || typeof rates !== 'object' || rates === null || typeof day !== 'string') return false;
  const isSection = (section: Partial<Section> | null, i: number) =>
    METHODS.includes(section?.method as BinaryMethod) &&
    Number.isInteger(section?.from) &&
    (i === 0 ? section!.from === 1 : section!.from! > sections[i - 1].from);
  return (
    sections.length > 0 &&
    sections.every(isSection) &&
    METHODS.every((method) => typeof (rates as Record<string, unknown>)[method] === 'number')
  );
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
    const kernels = binaryKernels(backend, () => method);
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

/** Times grow linearly with the pixels: for each number of them the method whose line is lowest. Null when they do not. */
function judge(times: readonly Times[]): Timing | null {
  if (!times.every(({ few, many }) => many > few)) return null;
  const sections: Section[] = [];
  for (let pixels = 1; pixels <= MOST_PIXELS; pixels++) {
    const { method } = times.reduce((best, other) => (timeOf(other, pixels) < timeOf(best, pixels) ? other : best));
    if (sections.at(-1)?.method !== method) sections.push({ from: pixels, method });
  }
  const rates = Object.fromEntries(times.map(({ method, many }) => [method, MACS / many / 1e6])) as Timing['rates'];
  return { sections, rates, day: new Date().toISOString().slice(0, 10) };
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
