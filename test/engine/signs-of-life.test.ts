import { Worker } from 'node:worker_threads';
import { afterAll, expect, test } from 'vitest';
import { createEngineOn } from '../../src/engine/create.js';
import { createEngine } from '../../src/engine/index.js';
import { createNodeHost } from '../../src/engine/node-host.js';
import { allKernels } from '../../src/engine/wasm/index.js';
import { createSigns, hasLost } from '../../src/engine/wasm/signs-of-life.js';
import { EngineError } from '../../src/errors.js';
import * as ops from '../../src/ops/index.js';
import { Tensor } from '../../src/tensor/tensor.js';

const workers: Worker[] = [];
afterAll(() => Promise.all(workers.map((worker) => worker.terminate())));

const moduleAt = (path: string) => JSON.stringify(new URL(`../../dist/engine/wasm/${path}`, import.meta.url));

/** A thread that shows life and then does `work`. */
function threadThat(work: string, data: object): Worker {
  const script = `import { workerData } from 'node:worker_threads';
    import { showLife } from ${moduleAt('signs-of-life.js')};
    import * as protocol from ${moduleAt('protocol.js')};
    showLife(workerData.signs, 0);
    ${work}`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`), { workerData: data });
  workers.push(worker);
  return worker;
}

/** Waits as a caller of kernels does: the event loop stands still. */
function waitUntil(isTrue: () => boolean): void {
  const word = new Int32Array(new SharedArrayBuffer(4));
  while (!isTrue()) Atomics.wait(word, 0, 0, 1);
}

test('a thread that is terminated in the middle of its work is seen to be gone, before any event tells', async () => {
  const signs = createSigns(1);
  expect(hasLost(signs)).toBe(false);
  const worker = threadThat('for (;;);', { signs });
  waitUntil(() => Atomics.load(signs, 0) >= 0);
  expect(hasLost(signs)).toBe(false);
  let isTold = false;
  worker.on('exit', () => {
    isTold = true;
  });
  const ended = worker.terminate();
  waitUntil(() => hasLost(signs));
  expect(isTold).toBe(false);
  await ended;
});

test('a kernel ends in an error when a thread took a task of it and ended', async () => {
  const signs = createSigns(1);
  const threads = {
    start(_count: number, _module: WebAssembly.Module, memory: WebAssembly.Memory) {
      const work = `const { Control, CONTROL_WORDS } = protocol;
        const control = new Int32Array(workerData.memory.buffer, 0, CONTROL_WORDS);
        Atomics.store(control, Control.ready, 1);
        // One task of the command is taken, by the same steps as ever, and never done.
        for (;;) {
          const next = Atomics.load(control, Control.next);
          if ((next & protocol.MAX_TASKS) >= Atomics.load(control, Control.taskCount)) continue;
          if (Atomics.compareExchange(control, Control.next, next, next + 1) === next) break;
        }
        process.exit(0);`;
      threadThat(work, { signs, memory });
      const control = new Int32Array(memory.buffer);
      waitUntil(() => Atomics.load(control, 8) === 1);
    },
    hasLost: () => hasLost(signs),
    stop: () => {},
  };
  const engine = await createEngineOn({ ...createNodeHost(), threads }, { threads: 2 }, allKernels);
  const count = 1 << 20;
  const address = engine.allocate(count, 'float32', 'x', [count]);
  // Until the thread has come to take a task.
  const run = () => {
    for (let i = 0; i < 10_000; i++) engine.kernels.fill(count, 1, address);
  };
  expect(run).toThrow(EngineError);
  expect(run).toThrow(/compute thread ended before its task was done.*make a new one/);
  engine.dispose();
});

test('a thread that ends between two kernels is told by the next call', async () => {
  // The event of a new thread comes with the next turn of the event loop.
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  await turn();
  const made: Worker[] = [];
  const collect = (worker: Worker) => void made.push(worker);
  process.on('worker', collect);
  const engine = await createEngine({ threads: 2 });
  await turn();
  process.off('worker', collect);
  const x = Tensor.full(engine, [3], 1);
  expect(made).toHaveLength(1);
  await made[0]!.terminate();
  expect(() => ops.relu(x)).toThrow(/a compute thread \(it ended with exit code \d\)/);
  engine.dispose();
});
