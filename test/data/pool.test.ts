import { afterEach, describe, expect, it } from 'vitest';
import { WorkerPool } from '../../src/data/pool.js';
import { createRing, type RingSpec, slotsOf } from '../../src/data/ring.js';
import { packError, unpackError } from '../../src/data/transfer.js';
import { ConfigError, DataError, LifetimeError } from '../../src/errors.js';
import { expectDataError, madeSource } from './helpers.js';

let pool: WorkerPool;

afterEach(() => pool?.close());

function poolOf(workers: number, ring: RingSpec): WorkerPool {
  pool = new WorkerPool(workers, { source: madeSource(10).spec, transforms: [], seed: 1, ring });
  return pool;
}

describe('WorkerPool', () => {
  it('does again what a killed worker was doing', async () => {
    const ring = createRing(3, 4, [8, 8, 3]);
    const [slot] = slotsOf(ring);
    slot!.records.set([1, 2, 3, 4]);
    const { fill, threads } = { fill: poolOf(1, ring), threads: () => pool.threads };
    // The thread is only being started: it is killed before it can answer.
    const filled = [0, 1, 2].map((slot) => fill.fill({ slot, count: 4, epoch: 0 }));
    await threads()[0]!.terminate();
    await Promise.all(filled);
    expect(slot!.images[0]).toBeCloseTo(31 / 255, 6);
  });

  it('gives a DataError when the replacement dies too, for everything that waits', async () => {
    // A worker without a ring cannot start.
    poolOf(2, null as unknown as RingSpec);
    const waiting = [0, 1, 2, 3, 4, 5].map((slot) => pool.fill({ slot, count: 1, epoch: 0 }));
    await Promise.all(waiting.map((work) => expectDataError(work, { file: 'made', record: null, reason: 'worker-died' })));
  });

  it('does again what a worker was doing that fell over a message', async () => {
    const ring = createRing(2, 4, [8, 8, 3]);
    const [slot] = slotsOf(ring);
    slot!.records.set([1, 2, 3, 4]);
    poolOf(1, ring);
    await pool.fill({ slot: 1, count: 4, epoch: 0 });
    pool.threads[0]!.postMessage(null);
    await pool.fill({ slot: 0, count: 4, epoch: 0 });
    expect(slot!.images[0]).toBeCloseTo(31 / 255, 6);
  });

  it('fails, and does not wait for ever, where no thread can be started', async () => {
    // A function cannot be given to a thread: `new Worker` throws, as it does when the system has no thread to give.
    const source = { ...madeSource(10).spec, odd: () => {} };
    pool = new WorkerPool(1, { source, transforms: [], seed: 1, ring: createRing(3, 4, [8, 8, 3]) });
    for (const slot of [0, 1, 2, 0]) {
      const error = await expectDataError(pool.fill({ slot, count: 4, epoch: 0 }), { file: 'made', reason: 'worker-died' });
      expect(error.message).toMatch(/no thread can be started.*workers: 0/);
    }
  });

  it('refuses what waits, and what comes later, when it is closed', async () => {
    poolOf(1, createRing(2, 4, [8, 8, 3]));
    const waiting = [0, 1].map((slot) => pool.fill({ slot, count: 4, epoch: 0 }));
    const settled = Promise.allSettled(waiting);
    await pool.close();
    for (const result of await settled) expect(result).toMatchObject({ status: 'rejected', reason: { code: 'LIFETIME' } });
    await expect(pool.fill({ slot: 0, count: 1, epoch: 0 })).rejects.toThrow(LifetimeError);
  });
});

describe('errors from a worker', () => {
  it('keep class, text and fields', () => {
    const original = new DataError('a.png', 7, 'undecodable', 'it is bad.', { cause: new Error('why') });
    const arrived = unpackError(structuredClone(packError(original)));
    expect(arrived).toBeInstanceOf(DataError);
    expect(arrived).toBeInstanceOf(Error);
    expect(arrived).toMatchObject({ file: 'a.png', record: 7, reason: 'undecodable', code: 'DATA', name: 'DataError' });
    expect(arrived.message).toBe(original.message);
    expect(arrived.stack).toBe(original.stack);
    expect(unpackError(packError(new ConfigError('a.b', 'wrong')))).toBeInstanceOf(ConfigError);
  });

  it('survive what cannot be cloned', () => {
    const odd = Object.assign(new TypeError('odd'), { handle: () => {} });
    expect(unpackError(structuredClone(packError(odd)))).toMatchObject({ message: 'odd', name: 'TypeError' });
    expect(unpackError(packError('text')).message).toBe('text');
  });
});
