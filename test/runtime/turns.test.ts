import { describe, expect, it } from 'vitest';
import { Turns } from '../../src/runtime/turns.js';

describe('Turns', () => {
  it('does one thing after another, none of them at once, and lets others in between', async () => {
    const turns = new Turns();
    const done: string[] = [];
    const results = [0, 1, 2].map((i) => turns.take(() => done.push(`work ${i}`)));
    expect(done).toEqual([]);
    setImmediate(() => done.push('other'));
    await Promise.all(results);
    expect(done[0]).toBe('work 0');
    expect(done.indexOf('other')).toBeGreaterThan(0);
    expect(done.indexOf('other')).toBeLessThan(done.indexOf('work 2'));
    expect(done.filter((name) => name !== 'other')).toEqual(['work 0', 'work 1', 'work 2']);
  });

  it('goes on after a failure, and after it had nothing to do', async () => {
    const turns = new Turns();
    const failing = turns.take(() => {
      throw new RangeError('no');
    });
    const after = turns.take(() => 7);
    await expect(failing).rejects.toThrow(RangeError);
    expect(await after).toBe(7);
    expect(await turns.take(() => 8)).toBe(8);
  });
});
