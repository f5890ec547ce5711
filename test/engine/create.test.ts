import { afterEach, describe, expect, it, vi } from 'vitest';
import { createEngineOn, type EngineOptions } from '../../src/engine/create.js';
import { createEngine } from '../../src/engine/index.js';
import { createNodeHost } from '../../src/engine/node-host.js';
import { createReferenceEngine } from '../../src/engine/reference/index.js';
import { allKernels } from '../../src/engine/wasm/index.js';
import { ConfigError, EngineError, LifetimeError, UnsupportedError } from '../../src/errors.js';
import * as ops from '../../src/ops/index.js';
import { Tensor } from '../../src/tensor/tensor.js';

describe('options', () => {
  it.each<[string, EngineOptions]>([
    ['threads', { threads: 0 }],
    ['threads', { threads: 1.5 }],
    ['threads', { threads: Number.NaN }],
    ['threads', { threads: 65 }],
    ['memoryLimit', { memoryLimit: 0 }],
    ['memoryLimit', { memoryLimit: Number.NaN }],
    ['relaxedSimd', { relaxedSimd: 'yes' as 'on' }],
    ['binaryKernel', { binaryKernel: 'fast' as 'auto' }],
    ['autotune', { autotune: 'yes' as 'on' }],
  ])('%s of %o is refused', async (key, options) => {
    const error = await createEngine(options).catch((refusal: unknown) => refusal);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ key });
  });

  it('a machine with more processors than the engine has use for starts all the same', async () => {
    const host = createNodeHost();
    const started: number[] = [];
    const threads = { start: (count: number) => void started.push(count), hasLost: () => false, stop: () => {} };
    const engine = await createEngineOn({ ...host, processors: 96, threads }, {}, allKernels);
    expect(started).toEqual([63]);
    expect(engine.facts()).toMatchObject({ threads: 64, processors: 96 });
    engine.dispose();
  });
});

describe('a host without room for one more memory', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('is told, with what to do', async () => {
    const full = class {
      constructor() {
        throw new RangeError('WebAssembly.Memory(): could not allocate memory');
      }
    };
    vi.stubGlobal(
      'WebAssembly',
      new Proxy(WebAssembly, { get: (real, name) => (name === 'Memory' ? full : Reflect.get(real, name)) }),
    );
    for (const autotune of ['off', 'on'] as const) {
      const refusal = expect(createEngine({ threads: 1, autotune })).rejects;
      await refusal.toThrow(UnsupportedError);
      await refusal.toThrow(/could not allocate memory\)\. Dispose of engines and models/);
    }
    // And that is forgotten when there is room again.
    vi.unstubAllGlobals();
    (await createEngine({ threads: 1 })).dispose();
  });
});

describe('the kernel of 1-bit convolutions', () => {
  it.each([
    ['byte-tables', true, /^byte tables for all layers, by the option binaryKernel$/],
    ['nibble-tables', true, /^nibble tables for all layers, by the option binaryKernel$/],
    ['pixel-tables', true, /^pixel tables for all layers, by the option binaryKernel$/],
    ['popcount', false, /^popcounts for all layers, by the option binaryKernel$/],
    ['auto', true, /^for each layer the fastest, timed on|timing them was disturbed/],
  ] as const)('%s is told among the facts', async (binaryKernel, on, why) => {
    const engine = await createEngine({ threads: 1, binaryKernel });
    expect(engine.facts().features).toContainEqual({ name: 'binary-tables', on, why: expect.stringMatching(why) });
    engine.dispose();
  });

  it('changes no bit of a result, scale included', async () => {
    const results = [];
    for (const binaryKernel of ['byte-tables', 'nibble-tables', 'pixel-tables', 'popcount', 'auto'] as const) {
      const engine = await createEngine({ threads: 2, binaryKernel });
      const wave = (...shape: number[]) => {
        const size = shape.reduce((product, length) => product * length, 1);
        return Tensor.from(
          engine,
          Float32Array.from({ length: size }, (_, i) => Math.sin(i * i)),
          shape,
        );
      };
      const y = ops.binaryConv2d(wave(3, 17, 19, 40), wave(70, 3, 3, 40), { padding: 1, scale: true });
      results.push(Array.from(y.toArray()));
      engine.dispose();
    }
    for (const result of results) expect(result).toEqual(results[0]);
  });
});

describe.each([
  ['wasm, one thread', () => createEngine({ threads: 1 })],
  ['wasm, two threads', () => createEngine({ threads: 2 })],
  ['reference', () => createReferenceEngine()],
] as const)('after its end (%s)', (_, create) => {
  it('an engine says so, whatever is asked of it', async () => {
    const engine = await create();
    const x = Tensor.full(engine, [3], 1);
    engine.dispose();
    engine.dispose();
    expect(() => ops.relu(x)).toThrow(LifetimeError);
    expect(() => x.toArray()).toThrow(/engine was disposed of/);
    expect(() => Tensor.full(engine, [3], 1)).toThrow(/engine was disposed of/);
    expect(() => engine.kernels.fill(3, 0, 64)).toThrow(LifetimeError);
    x.dispose();
  });
});

describe('a failure', () => {
  it.each([1, 2])('in a kernel is told, at once and ever after (%i threads)', async (threads) => {
    const engine = await createEngine({ threads, memoryLimit: 2 ** 24 });
    const x = Tensor.full(engine, [3], 1);
    // Far outside of the memory, in so many tasks that all threads get some: what a defect would do.
    expect(() => engine.kernels.fill(2 ** 20, 1, 2 ** 30)).toThrow(EngineError);
    expect(() => engine.kernels.fill(2 ** 20, 1, 2 ** 30)).toThrow(/the kernel fill.*make a new one/);
    expect(() => ops.relu(x)).toThrow(EngineError);
    // Nor may what the workers throw end the process.
    await new Promise((resolve) => setTimeout(resolve, 100));
    engine.dispose();
  });

  it('of a thread is told by the next call', async () => {
    let fail: (cause: unknown) => void = () => {};
    const threads = {
      start: (_count: number, _module: unknown, _memory: unknown, onFailure: (cause: unknown) => void) => {
        fail = onFailure;
      },
      hasLost: () => false,
      stop: () => {},
    };
    const engine = await createEngineOn({ ...createNodeHost(), threads }, { threads: 2 }, allKernels);
    const x = Tensor.full(engine, [3], 1);
    fail(new Error('no such file'));
    expect(() => ops.relu(x)).toThrow(/a compute thread \(no such file\)/);
    engine.dispose();
  });
});
