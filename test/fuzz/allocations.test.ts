import { describe, expect, it } from 'vitest';
import { bytesAskedFor } from './allocations.js';

describe('bytesAskedFor', () => {
  it.each<[string, number, () => unknown]>([
    ['an array by its length', 4000, () => new Float32Array(1000)],
    ['an array of an array', 24, () => new Float64Array([1, 2, 3])],
    ['a copy', 100, () => Uint8Array.from(new Uint8Array(50))],
    ['shared memory', 500, () => new Uint8Array(new SharedArrayBuffer(500))],
    ['what is garbage at once', 3_000_000, () => [1, 2, 3].map(() => new Uint8Array(1_000_000).length)],
    ["Node's buffers", 10_000_000, () => Buffer.alloc(10_000_000)],
  ])('counts %s', async (_, least, make) => {
    const asked = await bytesAskedFor(() => void make());
    expect(asked).toBeGreaterThanOrEqual(least);
    expect(asked).toBeLessThan(least * 1.1 + 200_000);
  });

  it('leaves the constructors as they were, after an error as well', async () => {
    const before = [Uint8Array, SharedArrayBuffer, Buffer.alloc];
    const fails = bytesAskedFor(() => {
      throw new Error('on purpose');
    });
    await expect(fails).rejects.toThrow('on purpose');
    expect([Uint8Array, SharedArrayBuffer, Buffer.alloc]).toEqual(before);
  });
});
