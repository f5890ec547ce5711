import { describe, expect, it } from 'vitest';
import { createStopwatch } from '../../../src/search/cost/stopwatch.js';

/**
 * A machine on which a body computes for `computes` and waits for `waits` milliseconds; asking for the time takes a microsecond.
 * @param step of the clock of what was computed
 */
function machine(step: number) {
  let [passed, computed] = [500, 0];
  const work = (computes: number, waits = 0) => {
    computed += computes;
    passed += computes + waits;
  };
  const passing = () => {
    work(0.001);
    return passed;
  };
  const computing = () => {
    work(0.001);
    return Math.floor(computed / step) * step;
  };
  return { work, stopwatch: createStopwatch(passing, computing) };
}

describe('a stopwatch', () => {
  it('leaves out of long runs what they wait for', () => {
    const { work, stopwatch } = machine(0.001);
    expect(stopwatch(() => work(20, 30))).toBeCloseTo(20, 1);
    expect(stopwatch(() => work(20))).toBeCloseTo(20, 1);
  });

  it('takes short runs as they pass', () => {
    const { work, stopwatch } = machine(0.001);
    expect(stopwatch(() => work(0.1, 0.3))).toBeCloseTo(0.4, 2);
  });

  it('takes all as they pass where computing is told in large steps, or not at all', () => {
    for (const step of [15.6, 1e9]) {
      const { work, stopwatch } = machine(step);
      expect(stopwatch(() => work(20, 30))).toBeCloseTo(50, 1);
    }
  });

  it('counts no more than passes, where other threads compute too', () => {
    const { work, stopwatch } = machine(0.001);
    expect(stopwatch(() => work(20, -8))).toBeCloseTo(12, 1);
  });

  it('runs what it times once', () => {
    let runs = 0;
    expect(createStopwatch()(() => runs++)).toBeGreaterThanOrEqual(0);
    expect(runs).toBe(1);
  });
});
