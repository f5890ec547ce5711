import { setImmediate } from 'node:timers/promises';
import { Rng } from '../../tensor/rng.js';
import type { Stopwatch } from './stopwatch.js';

/** Rounds are taken until all of them together took `BUDGET` milliseconds, but at least `FEWEST` and at most `MOST`. */
const BUDGET = 2000;
const FEWEST = 10;
const MOST = 1000;

/**
 * The least time of each body, in milliseconds: what it takes where nothing disturbs it. Each runs once a round, so that whatever slows the machine for a while
 * hits all alike, and in another order every round, so that none always finds the caches as the same neighbour leaves them.
 * @throws the signal's reason once it is aborted
 */
export async function leastTimes(
  bodies: readonly (() => void)[],
  stopwatch: Stopwatch,
  signal: AbortSignal | null,
): Promise<readonly number[]> {
  const times = bodies.map(() => Number.POSITIVE_INFINITY);
  const order = bodies.map((_, i) => i);
  const rng = new Rng(0);
  let spent = 0;
  for (let round = 0; round < MOST && (round < FEWEST || spent < BUDGET); round++) {
    for (const i of rng.shuffle(order)) {
      const time = stopwatch(bodies[i]!);
      spent += time;
      times[i] = Math.min(times[i]!, time);
    }
    await setImmediate();
    signal?.throwIfAborted();
  }
  return times;
}
