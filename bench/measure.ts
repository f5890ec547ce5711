/** One round of a subject: seconds of a call (the mean of as many as fill the round), or why it cannot be measured here. */
export type Round = RoundTime | { readonly absent: string };

export interface RoundTime {
  readonly seconds: number;
  /** Largest resident size of the process so far, where it is a process of its own. */
  readonly peakBytes?: number;
  /** Largest size of the engine's memory so far, where the process is ours. */
  readonly engineBytes?: number;
}

/** Something that is timed in rounds, among others. */
export interface Subject {
  /** Rounds that it takes part in, at most: for what takes minutes a call. */
  readonly rounds?: number;
  round(seconds: number): Promise<Round>;
}

/** All rounds of a subject. */
export interface Measured {
  readonly rounds: readonly RoundTime[];
  /** Why there are no rounds; null when there are. */
  readonly absent: string | null;
}

export interface Effort {
  readonly rounds: number;
  /** Of a round, at least. */
  readonly seconds: number;
}

/**
 * Times subjects in turn, round by round and there and back, so that a machine that slows down or speeds up does so for all of them;
 * ratios are then taken within each round.
 */
export async function alternate<Key extends string>(
  subjects: Readonly<Record<Key, Subject>>,
  { rounds, seconds }: Effort,
): Promise<Record<Key, Measured>> {
  const entries = Object.entries<Subject>(subjects);
  const times = new Map(entries.map(([key]) => [key, [] as RoundTime[]]));
  const absent = new Map<string, string>();
  for (let round = 0; round < rounds; round++) {
    for (const [key, subject] of round % 2 === 0 ? entries : entries.toReversed()) {
      if (absent.has(key) || round >= (subject.rounds ?? rounds)) continue;
      const answer = await subject.round(seconds);
      if ('absent' in answer) absent.set(key, answer.absent);
      else times.get(key)!.push(answer);
    }
  }
  return Object.fromEntries(
    entries.map(([key]) => [key, { rounds: times.get(key)!, absent: absent.get(key) ?? null }]),
  ) as unknown as Record<Key, Measured>;
}

/** A subject of this process. What goes before its first round warms it up. */
export function local(body: () => unknown): Subject {
  let calls: number | null = null;
  return {
    async round(seconds) {
      calls ??= await callsFor(body, seconds);
      return { seconds: (await timeCalls(body, calls)) / calls };
    },
  };
}

/** Runs `body` until its code is warm and tells how many calls fill `seconds`. */
async function callsFor(body: () => unknown, seconds: number): Promise<number> {
  await body();
  let calls = 0;
  let spent = 0;
  while (spent < seconds) {
    spent += await timeCalls(body, 1);
    calls++;
  }
  return Math.max(1, Math.round((calls * seconds) / spent));
}

async function timeCalls(body: () => unknown, calls: number): Promise<number> {
  const start = performance.now();
  for (let call = 0; call < calls; call++) await body();
  return (performance.now() - start) / 1000;
}

/** As if each call had been `factor` times as long: to compare what did less work a call. */
export function scaled({ rounds, absent }: Measured, factor: number): Measured {
  return { rounds: rounds.map((round) => ({ ...round, seconds: round.seconds * factor })), absent };
}

/** The one of shortest median, or any where none was measured. */
export function fastest(subjects: readonly Measured[]): Measured {
  const time = ({ rounds }: Measured) => (rounds.length > 0 ? medianSeconds(rounds) : Number.POSITIVE_INFINITY);
  return subjects.reduce((best, subject) => (time(subject) < time(best) ? subject : best));
}

function medianSeconds(rounds: readonly RoundTime[]): number {
  return median(rounds.map(({ seconds }) => seconds));
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
