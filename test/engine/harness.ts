import fs from 'node:fs';
import v8 from 'node:v8';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect } from 'vitest';
import type { Address } from '../../src/engine/kernels.js';
import { ReferenceMemory } from '../../src/engine/reference/memory.js';
import { type ThreadHost, WasmBackend } from '../../src/engine/wasm/backend.js';
import type { WasmContext } from '../../src/engine/wasm/context.js';
import { Control } from '../../src/engine/wasm/protocol.js';
import { createSigns } from '../../src/engine/wasm/signs-of-life.js';
import type { Rng } from '../../src/tensor/rng.js';

/**
 * Holds fast kernels against the reference: the same call on the same values runs on the reference and on every build and
 * thread count of the wasm backend. Results are compared with the reference by a bound, between thread counts by their bits.
 *
 *     const backends = useBackends();
 *     test('copy', () => {
 *       expectKernel(backends, {
 *         reference: elementKernels, fast: wasmElementKernels,
 *         tensors: { x: normal(rng, 7), y: blank(7) },
 *         results: ['y'],
 *         call: (kernels, { x, y }) => kernels.copy(7, x, y),
 *       });
 *     });
 */
export interface KernelCase<K, Name extends string> {
  readonly reference: (memory: ReferenceMemory) => K;
  readonly fast: (wasm: WasmContext) => K;
  /** Every tensor of the call with its values before it; outputs are `blank` or `blankIntegers`. */
  readonly tensors: Readonly<Record<Name, Float32Array | Int32Array>>;
  /** The tensors that the call writes. All others must keep their bits. */
  readonly results: readonly NoInfer<Name>[];
  /** Tensors whose content is each backend's own affair. */
  readonly scratch?: readonly NoInfer<Name>[];
  readonly call: (kernels: K, at: Readonly<Record<NoInfer<Name>, Address>>) => void;
  readonly bound?: Bound;
}

/** |a - b| <= absolute + relative * max(|b|, root mean square of b) */
export interface Bound {
  readonly absolute: number;
  readonly relative: number;
}

const DEFAULT_BOUND: Bound = { absolute: 1e-6, relative: 1e-4 };
export const EXACT: Bound = { absolute: 0, relative: 0 };

export interface TestBackend {
  readonly name: string;
  readonly relaxed: boolean;
  readonly wasm: WasmBackend;
}

const THREAD_COUNTS = [1, 2, 3];
const MEMORY_LIMIT = 2 ** 30;
/** Bytes behind every tensor that no kernel may touch. */
const GUARD = 64;
const GUARD_WORD = 0x7fc0dead;

/** One backend for each build and thread count that this host can run, from before the file's first test to after its last. */
export function useBackends(threadCounts: readonly number[] = THREAD_COUNTS): readonly TestBackend[] {
  const backends: TestBackend[] = [];
  beforeAll(async () => {
    backends.push(...(await startBackends(threadCounts)));
  });
  afterAll(() => {
    for (const { wasm } of backends) wasm.dispose();
  });
  return backends;
}

/** The caller disposes of the backends. */
async function startBackends(threadCounts: readonly number[] = THREAD_COUNTS): Promise<TestBackend[]> {
  const backends: TestBackend[] = [];
  for (const relaxed of [false, true]) {
    for (const threads of threadCounts) {
      const module = compile(relaxed, threads > 1);
      if (!module) continue;
      const wasm = new WasmBackend(module, relaxed, threads > 1, threads, MEMORY_LIMIT, threads > 1 ? workerHost() : null);
      await workersReady(wasm);
      backends.push({ name: `${relaxed ? 'relaxed' : 'plain'}, ${threads} thread${threads > 1 ? 's' : ''}`, relaxed, wasm });
    }
  }
  return backends;
}

/** Values without a pattern, about standard normal. */
export function normal(rng: Rng, elements: number): Float32Array {
  return Float32Array.from({ length: elements }, () => rng.normal());
}

/** An output: NaN everywhere, so that an element left unwritten shows. */
export function blank(elements: number): Float32Array {
  return new Float32Array(elements).fill(Number.NaN);
}

export function blankIntegers(elements: number): Int32Array {
  return new Int32Array(elements).fill(-0x7eadbeef);
}

export function expectKernel<K, Name extends string>(backends: readonly TestBackend[], kernelCase: KernelCase<K, Name>): void {
  const expected = runReference(kernelCase);
  const firstOfBuild = new Map<boolean, Record<Name, Float32Array | Int32Array>>();
  for (const { name, relaxed, wasm } of backends) {
    const found = runFast(wasm, kernelCase, name);
    const first = firstOfBuild.get(relaxed);
    if (!first) firstOfBuild.set(relaxed, found);
    for (const result of kernelCase.results) {
      if (first) expectSameBits(found[result], first[result], `${result} (${name})`);
      else expectClose(found[result], expected[result], kernelCase.bound ?? DEFAULT_BOUND, `${result} (${name})`);
    }
  }
}

function expectClose(found: ArrayLike<number>, expected: ArrayLike<number>, bound: Bound, what: string): void {
  expect(found.length, what).toBe(expected.length);
  let squares = 0;
  for (let i = 0; i < expected.length; i++) if (Number.isFinite(expected[i])) squares += expected[i]! * expected[i]!;
  const rms = Math.sqrt(squares / Math.max(1, expected.length));
  for (let i = 0; i < expected.length; i++) {
    const a = found[i]!;
    const b = expected[i]!;
    if (Object.is(a, b) || a === b) continue;
    const allowed = bound.absolute + bound.relative * Math.max(Math.abs(b), rms);
    if (!(Math.abs(a - b) <= allowed) || !Number.isFinite(b))
      expect.fail(`${what}[${i}] is ${a}, the reference has ${b}: more than ${allowed} apart`);
  }
}

function expectSameBits(found: Float32Array | Int32Array, expected: Float32Array | Int32Array, what: string): void {
  const a = new Int32Array(found.buffer, found.byteOffset, found.length);
  const b = new Int32Array(expected.buffer, expected.byteOffset, expected.length);
  expect(a.length, what).toBe(b.length);
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) expect.fail(`${what}[${i}] is ${found[i]}, on one thread ${expected[i]}`);
  }
}

function runReference<K, Name extends string>({ reference, tensors, results, call }: KernelCase<K, Name>) {
  const memory = new ReferenceMemory();
  const at = mapValues(tensors, (values) =>
    memory.add(values instanceof Int32Array ? values.slice() : Float64Array.from(values)),
  );
  call(reference(memory), at);
  const found = {} as Record<Name, Float64Array | Int32Array>;
  for (const name of results) found[name] = tensors[name] instanceof Int32Array ? memory.ints(at[name]) : memory.floats(at[name]);
  return found;
}

function runFast<K, Name extends string>(wasm: WasmBackend, kernelCase: KernelCase<K, Name>, backend: string) {
  const { fast, tensors, results, scratch = [], call } = kernelCase;
  const at = mapValues(tensors, (values, name) => {
    const address = wasm.allocator.allocate(values.byteLength + GUARD, name, [values.length]);
    wasm.ints(address, values.length).set(new Int32Array(values.buffer, values.byteOffset, values.length));
    wasm.ints(address + values.byteLength, GUARD / 4).fill(GUARD_WORD);
    return address;
  });
  const before = wasm.allocator.facts().bytesInUse;
  call(fast(wasm), at);
  expect(wasm.allocator.facts().bytesInUse, `bytes in use after the call (${backend})`).toBe(before);
  const found = mapValues(tensors, (values, name) => {
    const guard = wasm.ints(at[name] + values.byteLength, GUARD / 4);
    if (!guard.every((word) => word === GUARD_WORD)) expect.fail(`bytes behind ${name} were written (${backend})`);
    const after = values instanceof Int32Array ? wasm.ints(at[name], values.length) : wasm.floats(at[name], values.length);
    if (!results.includes(name) && !scratch.includes(name)) expectSameBits(after, values, `input ${name} (${backend})`);
    return after.slice();
  });
  for (const address of Object.values<Address>(at)) wasm.allocator.free(address);
  return found;
}

function compile(relaxed: boolean, shared: boolean): WebAssembly.Module | null {
  const name = `gossamer${relaxed ? '-relaxed' : ''}${shared ? '-threads' : ''}.wasm`;
  const bytes = fs.readFileSync(new URL(`../../dist/kernels/${name}`, import.meta.url));
  if (!WebAssembly.validate(bytes)) {
    // Node 20 has relaxed SIMD behind a flag.
    v8.setFlagsFromString('--experimental-wasm-relaxed-simd');
    if (!WebAssembly.validate(bytes)) return null;
  }
  return new WebAssembly.Module(bytes);
}

function workerHost(): ThreadHost {
  const workers: Worker[] = [];
  return {
    start(count, module, memory) {
      for (let i = 0; i < count; i++) {
        const worker = new Worker(new URL('../../dist/engine/wasm/worker.js', import.meta.url), {
          workerData: { module, memory, signs: createSigns(1), thread: 0 },
        });
        worker.unref();
        workers.push(worker);
      }
    },
    hasLost: () => false,
    stop() {
      for (const worker of workers) void worker.terminate();
    },
  };
}

/** Without this a short test would be over before its threads took part. */
async function workersReady(wasm: WasmBackend): Promise<void> {
  const control = new Int32Array(wasm.memory!.buffer, 0, 16);
  while (Atomics.load(control, Control.ready) < wasm.threads - 1) await new Promise((resolve) => setTimeout(resolve, 5));
}

function mapValues<Name extends string, From, To>(record: Readonly<Record<Name, From>>, map: (value: From, name: Name) => To) {
  const mapped = {} as Record<Name, To>;
  for (const name of Object.keys(record) as Name[]) mapped[name] = map(record[name], name);
  return mapped;
}
