import { describe, expect, it } from 'vitest';
import { leastTimes } from '../../../src/search/cost/least-times.js';

/** Bodies that take what `timeOf` says, on a stopwatch of their own, and the order in which they ran. */
function bodiesOf(count: number, timeOf: (body: number, run: number) => number) {
  let now = 0;
  const ran: number[] = [];
  const bodies = Array.from({ length: count }, (_, body) => () => {
    now += timeOf(body, ran.filter((other) => other === body).length);
    ran.push(body);
  });
  const stopwatch = (body: () => void) => {
    const start = now;
    body();
    return now - start;
  };
  return { bodies, ran, stopwatch };
}

const roundsOf = (ran: readonly number[], count: number) =>
  Array.from({ length: ran.length / count }, (_, round) => ran.slice(round * count, (round + 1) * count));

describe('leastTimes', () => {
  it('is the least of each, whatever disturbed the others', async () => {
    const { bodies, stopwatch } = bodiesOf(3, (body, run) =>
      run === 2 + body ? body + 1 : body + 1 + ((7 * run + 3 * body) % 5) + 0.5,
    );
    expect(await leastTimes(bodies, stopwatch, null)).toEqual([1, 2, 3]);
  });

  it('runs each once a round, in changing order', async () => {
    const { bodies, ran, stopwatch } = bodiesOf(4, () => 1);
    await leastTimes(bodies, stopwatch, null);
    const rounds = roundsOf(ran, 4);
    for (const round of rounds) expect([...round].sort()).toEqual([0, 1, 2, 3]);
    for (const body of [0, 1, 2, 3]) expect(rounds.some((round) => round[0] === body)).toBe(true);
  });

  it('takes many rounds of what is quick, and few of what is slow', async () => {
    const [quick, slow] = [bodiesOf(2, () => 0.01), bodiesOf(2, () => 5000)];
    for (const { bodies, stopwatch } of [quick, slow]) await leastTimes(bodies, stopwatch, null);
    expect([quick, slow].map(({ ran }) => ran.length / 2)).toEqual([1000, 10]);
  });

  it('ends after a round when it is told to', async () => {
    const { bodies, ran, stopwatch } = bodiesOf(2, () => 1);
    const reason = new Error('enough');
    await expect(leastTimes(bodies, stopwatch, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(ran).toHaveLength(2);
  });
});
