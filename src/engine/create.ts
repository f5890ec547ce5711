import { ConfigError, UnsupportedError } from '../errors.js';
import type { Engine, FeatureFact } from './engine.js';
import type { EngineHost } from './host.js';
import { hasRelaxedSimd, hasSharedMemory, hasSimd } from './probe.js';
import type { Autotune } from './timed-once.js';
import { WasmBackend } from './wasm/backend.js';
import { type BinaryKernelChoice, binaryMethods, chooseBinaryKernel } from './wasm/binary-choice.js';
import type { KernelSet } from './wasm/kernel-set.js';
import { agreesWithPlainBuild } from './wasm/self-test.js';

export interface EngineOptions {
  /** Threads that compute, the calling one included: 1 to 64, all processors (64 at most) unless given. Results do not depend on it. */
  readonly threads?: number;
  /**
   * `auto`: use relaxed SIMD where the host offers it; `on`: also turn on the flag that hides it in Node 20 (for the whole process),
   * after a self-test of the kernels; `off`. Fused multiply-adds round once instead of twice, so last bits differ between the builds.
   */
  readonly relaxedSimd?: 'auto' | 'on' | 'off';
  /**
   * `auto`: 3x3 convolutions of stride 1 by Winograd's algorithm where that is faster; `direct`: all sums as the definition has them, nearer to
   * the exact result by a factor of four to eight and half as fast (docs/numerics.md).
   */
  readonly convolution?: 'auto' | 'direct';
  /**
   * How 1-bit convolutions count differing signs: by `byte-tables` of the weights, `pixel-tables` of the activations or `nibble-tables` (layers of
   * 12 and more output channels), by `popcount`, or by whichever is fastest for the layer (`auto`, see `autotune`). The results are the same integers.
   */
  readonly binaryKernel?: BinaryKernelChoice;
  /**
   * `on`: kernels are timed once on a machine, and what was found is kept in the user's cache folder (browsers: in memory); `fresh`: timed anew, and
   * kept; `off`: nothing is timed, read or written, and the kernels are used that are fastest on most machines.
   */
  readonly autotune?: Autotune;
  /** Bytes that tensors may take, at most (and unless given) nearly 4 GiB: what 32-bit WebAssembly can address. */
  readonly memoryLimit?: number;
}

/** Tasks of a kernel are 64 at most: more threads would find nothing to do. */
const MOST_THREADS = 64;

const relaxedSimdChoices: readonly unknown[] = ['auto', 'on', 'off'];
const convolutionChoices: readonly unknown[] = ['auto', 'direct'];
const autotuneChoices: readonly unknown[] = ['on', 'fresh', 'off'];
const binaryKernelChoices: readonly unknown[] = ['auto', ...binaryMethods];

/** All of the 32-bit address space but the first and last few pages. */
const MOST_MEMORY = 2 ** 32 - 32 * 65536;

/**
 * A WebAssembly engine: probes the host, loads the best build of the kernels and starts the threads. `createEngine` is the one of Node, with all kernels.
 * @throws UnsupportedError without WebAssembly SIMD, or where the host has no room for one more engine
 * @throws ConfigError for impossible options
 */
export async function createEngineOn<K>(host: EngineHost, options: EngineOptions, set: KernelSet<K>): Promise<Engine<K>> {
  const { threads: wantedThreads = Math.min(host.processors, MOST_THREADS), relaxedSimd = 'auto' } = options;
  const { convolution = 'auto', binaryKernel = 'auto', autotune = 'on' } = options;
  const memoryLimit = Math.min(options.memoryLimit ?? MOST_MEMORY, MOST_MEMORY);
  if (!Number.isInteger(wantedThreads) || wantedThreads < 1 || wantedThreads > MOST_THREADS) {
    throw new ConfigError('threads', `got ${wantedThreads}, needs a whole number from 1 to ${MOST_THREADS}`);
  }
  if (!relaxedSimdChoices.includes(relaxedSimd)) {
    throw new ConfigError('relaxedSimd', `got ${relaxedSimd}, needs one of ${relaxedSimdChoices.join(', ')}`);
  }
  if (!convolutionChoices.includes(convolution)) {
    throw new ConfigError('convolution', `got ${convolution}, needs one of ${convolutionChoices.join(', ')}`);
  }
  if (!binaryKernelChoices.includes(binaryKernel)) {
    throw new ConfigError('binaryKernel', `got ${binaryKernel}, needs one of ${binaryKernelChoices.join(', ')}`);
  }
  if (!autotuneChoices.includes(autotune)) {
    throw new ConfigError('autotune', `got ${autotune}, needs one of ${autotuneChoices.join(', ')}`);
  }
  if (!(memoryLimit >= 2 ** 20)) throw new ConfigError('memoryLimit', `got ${memoryLimit} bytes, needs at least 1 MiB`);
  if (!hasSimd())
    throw new UnsupportedError(
      'this engine',
      `${host.name} has no WebAssembly SIMD, which all kernels use. Node 20 or a browser of 2021 or newer has it.`,
    );

  const relaxed = await probeRelaxedSimd(host, relaxedSimd, set.build);
  const shared = sharedMemoryFact(wantedThreads);
  const threads = shared.on ? wantedThreads : 1;
  const build = `${set.build}${relaxed.on ? '-relaxed' : ''}${shared.on ? '-threads' : ''}.wasm`;
  const module = await host.loadKernels(build);
  const compiled = { name: build, module, relaxed: relaxed.on, shared: shared.on };
  const binary = await chooseBinaryKernel(binaryKernel, autotune, compiled, host.timings);
  const backend = new WasmBackend(module, relaxed.on, shared.on, threads, memoryLimit, host.threads);
  const features: FeatureFact[] = [
    { name: 'simd', on: true, why: `${host.name} has WebAssembly SIMD` },
    relaxed,
    shared,
    threadsFact(threads, wantedThreads, host.processors, shared),
    winogradFact(convolution),
    { name: 'binary-tables', on: binary.usesTables, why: binary.why },
  ];
  const kernels = set.make(backend, { winograd: convolution === 'auto', chooseBinaryMethod: binary.choose });
  return engineOf(backend, kernels, host, build, features);
}

function engineOf<K>(backend: WasmBackend, kernels: K, host: EngineHost, build: string, features: FeatureFact[]): Engine<K> {
  return {
    kernels,
    shapesOnly: false,
    allocate(elements, _dtype, what, shape) {
      backend.checkUsable();
      return backend.allocator.allocate(elements * 4, what, shape);
    },
    free: (address) => backend.allocator.free(address),
    floats(address, elements) {
      backend.checkUsable();
      return backend.floats(address, elements);
    },
    ints(address, elements) {
      backend.checkUsable();
      return backend.ints(address, elements);
    },
    facts: () => ({
      backend: 'wasm',
      build,
      threads: backend.threads,
      processors: host.processors,
      features,
      memory: backend.allocator.facts(),
      host: host.name,
    }),
    memory: () => backend.allocator.facts(),
    dispose: () => backend.dispose(),
  };
}

async function probeRelaxedSimd(host: EngineHost, wanted: 'auto' | 'on' | 'off', build: string): Promise<FeatureFact> {
  const name = 'relaxed-simd';
  if (wanted === 'off') return { name, on: false, why: 'turned off by the option relaxedSimd' };
  if (hasRelaxedSimd()) return { name, on: true, why: `${host.name} has it` };
  if (wanted === 'auto') {
    return {
      name,
      on: false,
      why: `${host.name} has it not, or behind a flag only (the option relaxedSimd: 'on' sets that and tests it)`,
    };
  }
  host.allowRelaxedSimd();
  if (!hasRelaxedSimd()) return { name, on: false, why: `${host.name} has it not, not even behind a flag` };
  const agrees = agreesWithPlainBuild(await host.loadKernels(`${build}.wasm`), await host.loadKernels(`${build}-relaxed.wasm`));
  return agrees
    ? { name, on: true, why: 'turned on by a flag of the JavaScript engine; its kernels passed the self-test' }
    : { name, on: false, why: 'turned on by a flag of the JavaScript engine, but its kernels failed the self-test' };
}

function sharedMemoryFact(threads: number): FeatureFact {
  const name = 'shared-memory';
  if (threads === 1) return { name, on: false, why: 'one thread needs none' };
  return hasSharedMemory()
    ? { name, on: true, why: 'threads work on one memory' }
    : {
        name,
        on: false,
        why: 'the host gives none (a web page must be cross-origin isolated: COOP same-origin and COEP require-corp)',
      };
}

function threadsFact(threads: number, wanted: number, processors: number, shared: FeatureFact): FeatureFact {
  const name = 'threads';
  if (threads > 1) return { name, on: true, why: `${threads} threads, the calling one included, on ${processors} processors` };
  if (wanted > 1) return { name, on: false, why: `no shared memory: ${shared.why}` };
  return { name, on: false, why: processors === 1 ? 'this machine has one processor' : 'one thread was asked for' };
}

function winogradFact(convolution: 'auto' | 'direct'): FeatureFact {
  const name = 'winograd';
  return convolution === 'auto'
    ? { name, on: true, why: '3x3 convolutions of stride 1 by F(4x4, 3x3), where that is faster' }
    : { name, on: false, why: "turned off by the option convolution: 'direct'" };
}
