import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TimingStore, TimingSubject } from '../../../src/engine/host.js';
import { Plan } from '../../../src/runtime/plan.js';
import { countedCosts } from '../../../src/search/cost/counted.js';
import { type MeasuringOptions, measuredCosts } from '../../../src/search/cost/measured.js';
import type { CostTable } from '../../../src/search/cost/table.js';
import { parseSpace } from '../../../src/search/space.js';
import { classifying, mapping } from './spaces.js';

/*
 * The networks really run, but on a stopwatch by which each step of a packed model takes a millisecond, and now and then much more.
 */

let now = 0;
let runs = 0;

function stopwatch(body: () => void): number {
  const start = now;
  body();
  return now - start;
}

beforeEach(() => {
  runs = 0;
  const { run } = Plan.prototype;
  vi.spyOn(Plan.prototype, 'run').mockImplementation(function (this: Plan, batch, images) {
    const disturbance = runs++ % 7 === 0 ? 50 : 0;
    let steps = 0;
    const answer = run.call(this, batch, images, (_, step) => {
      step();
      steps++;
    });
    now += steps + disturbance;
    return answer;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

const made: string[] = [];
afterAll(() => {
  for (const folder of made) fs.rmSync(folder, { recursive: true });
});

/** Keeps in memory what a folder keeps. */
function memoryStore(): TimingStore & { readonly kept: Map<string, unknown> } {
  const kept = new Map<string, unknown>();
  const keyOf = ({ build, network }: TimingSubject) => `${build} ${network}`;
  return {
    kept,
    place: 'memory',
    read: async (subject) => kept.get(keyOf(subject)) ?? null,
    write: async (subject, timing) => {
      kept.set(keyOf(subject), timing);
    },
  };
}

const measure = (options: MeasuringOptions, space = classifying) =>
  measuredCosts(space, [8, 8, 3], space === mapping ? { mapSize: 4 } : { classes: 5 }, { stopwatch, ...options });

const timesAt = ({ levels }: CostTable, level: number) =>
  Object.fromEntries(Object.entries(levels[level]!.operations).map(([name, { milliseconds }]) => [name, milliseconds]));

/**
 * What each is frozen to: a convolution or two; for 1 bit a norm, signs and a convolution; for dynamic a norm, the mean and two layers of the selectors, each
 * with a reshape, the convolution, a shuffle and a norm.
 */
const stepsOf = {
  ...{ none: 0, skip: 0, conv: 1, cdc: 1, 'cdc_2_1.6': 2, 'conv_2_0.5': 2 },
  ...{ binary: 3, 'binary@0.7': 3, dynamic: 9 },
};

describe('measured costs', () => {
  it('are the least time of each operation frozen, without what surrounds it', async () => {
    const table = await measure({ store: memoryStore() });
    for (const level of [0, 1, 2]) expect(timesAt(table, level)).toEqual(stepsOf);
    // Two convolutions, a pool, a pool, a convolution to the width of the third level, the mean and the classifier.
    expect(table.frame.milliseconds).toBe(7);
  });

  it('count as without measuring', async () => {
    const { frame, levels } = await measure({ store: memoryStore() }, mapping);
    const counted = countedCosts(mapping, [8, 8, 3], { mapSize: 4 });
    expect({ ...frame, milliseconds: null }).toEqual(counted.frame);
    for (const [level, { operations }] of counted.levels.entries()) {
      for (const [name, cost] of Object.entries(operations)) {
        expect({ ...levels[level]!.operations[name], milliseconds: null }).toEqual(cost);
      }
    }
  });

  it('are kept: a second search runs nothing', async () => {
    const store = memoryStore();
    const first = await measure({ store });
    runs = 0;
    const told: (readonly [number, number])[] = [];
    const again = await measure({ store, onProgress: (known, of) => told.push([known, of]) });
    expect(again).toEqual(first);
    expect(runs).toBe(0);
    expect(told).toEqual([[22, 22]]);
  });

  it('are kept for each operation, whatever it is called, and for each theta that it has', async () => {
    const store = memoryStore();
    const space = { ...classifying, operations: ['skip', 'cdc', 'cdc@0.7'] };
    const table = await measure({ store }, space);
    expect(timesAt(table, 0)).toEqual({ skip: 0, cdc: 1, 'cdc@0.7': 1 });
    expect(store.kept.size).toBe(4);
    await measure({ store }, { ...space, theta: 0.2 });
    // cdc at three levels, and the frame.
    expect(store.kept.size).toBe(8);
  });

  it('of another space measure only what is new', async () => {
    const store = memoryStore();
    await measure({ store }, { ...classifying, operations: ['skip', 'conv'] });
    const told: (readonly [number, number])[] = [];
    const table = await measure(
      { store, onProgress: (known, of) => told.push([known, of]) },
      { ...classifying, operations: ['binary', 'conv'] },
    );
    expect(told).toEqual([
      [4, 7],
      [5, 7],
      [6, 7],
      [7, 7],
    ]);
    expect(timesAt(table, 2)).toEqual({ binary: 3, conv: 1 });
  });

  it('are measured anew, and kept, when that is asked for', async () => {
    const store = memoryStore();
    const space = { ...classifying, operations: ['skip', 'conv'] };
    await measure({ store }, space);
    for (const key of store.kept.keys()) store.kept.set(key, { timing: 77, day: '2001-02-03' });
    expect((await measure({ store }, space)).frame.milliseconds).toBe(77);
    const fresh = await measure({ store, autotune: 'fresh' }, space);
    expect([fresh.frame.milliseconds, timesAt(fresh, 1)]).toEqual([7, { skip: 0, conv: 1 }]);
    expect(await measure({ store }, space)).toEqual(fresh);
  });

  it('of less than the stopwatch shows are 0, and are not kept', async () => {
    const store = memoryStore();
    const table = await measure({ store, stopwatch: () => 0 }, { ...classifying, operations: ['skip', 'conv'] });
    expect([table.frame.milliseconds, timesAt(table, 0)]).toEqual([0, { skip: 0, conv: 0 }]);
    expect(store.kept.size).toBe(0);
  });

  it('end when they are told to, and what was measured until then is kept', async () => {
    const store = memoryStore();
    const space = { ...classifying, operations: ['skip', 'conv'] };
    const abort = new AbortController();
    const reason = new Error('enough');
    const onProgress = (known: number) => {
      if (known === 2) abort.abort(reason);
    };
    await expect(measure({ store, signal: abort.signal, onProgress }, space)).rejects.toBe(reason);
    expect(store.kept.size).toBe(2);
    await measure({ store }, space);
    expect(store.kept.size).toBe(4);
  });
});

describe('the files of measured costs', () => {
  const space = parseSpace({ ...classifying, operations: ['skip', 'conv'] });
  let cache: string;

  beforeEach(() => {
    cache = fs.mkdtempSync(path.join(os.tmpdir(), 'gossamer-cache-'));
    made.push(cache);
    vi.stubEnv('XDG_CACHE_HOME', cache);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  const files = () =>
    fs
      .readdirSync(path.join(cache, 'gossamer'))
      .filter((name) => name.startsWith('network-'))
      .map((name) => path.join(cache, 'gossamer', name));
  type Kept = { key: { network: string; [field: string]: unknown }; timing: { timing: unknown; day: unknown } };
  const readKept = (file: string) => JSON.parse(fs.readFileSync(file, 'utf8')) as Kept;

  it('lie beside the timings of kernels, one for each part', async () => {
    await measure({}, space);
    expect(files()).toHaveLength(4);
    for (const file of files()) {
      expect(path.basename(file)).toMatch(/^network-[0-9a-f]{16}\.json$/);
      expect(readKept(file).key).toMatchObject({ node: process.versions.node, kernels: expect.stringMatching(/^[0-9a-f]{64}$/) });
    }
    expect(files().map((file) => JSON.parse(readKept(file).key.network))).toContainEqual({
      ...{ operation: 'conv', expand: null, theta: 0 },
      shape: [4, 4, 8],
    });
    runs = 0;
    await measure({}, space);
    expect(runs).toBe(0);
  });

  it.each<[string, (kept: Kept) => unknown]>([
    ['nothing', () => undefined],
    ['null', () => null],
    ['of another version', ({ key, timing }) => ({ key: { ...key, gossamer: '0.0.1' }, timing })],
    ['of another machine', ({ key, timing }) => ({ key: { ...key, processor: 'abacus' }, timing })],
    ['of another part', ({ key, timing }) => ({ key: { ...key, network: '{}' }, timing })],
    ['of no day', ({ key, timing: { timing } }) => ({ key, timing: { timing } })],
    ['no number', ({ key, timing }) => ({ key, timing: { ...timing, timing: '1' } })],
    ['no time', ({ key, timing }) => ({ key, timing: { ...timing, timing: -1 } })],
  ])('are not believed where what they hold is %s', async (_what, damage) => {
    const table = await measure({}, space);
    const damaged = files()[0]!;
    const { key, timing } = readKept(damaged);
    fs.writeFileSync(damaged, JSON.stringify(damage(readKept(damaged))) ?? '');
    runs = 0;
    expect(await measure({}, space)).toEqual(table);
    expect(runs).toBeGreaterThan(0);
    expect(readKept(damaged)).toEqual({ key, timing: { ...timing, day: expect.any(String) } });
  });
});
