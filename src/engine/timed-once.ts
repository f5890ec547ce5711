import type { TimingStore, TimingSubject } from './host.js';

/** Whether kernels are timed: unless that was done before on this machine; anew; or not at all, and the usual ones taken. */
export type Autotune = 'on' | 'fresh' | 'off';

export interface Timed<T> {
  readonly timing: T;
  /** Where it comes from, for people. */
  readonly origin: string;
}

/** What is kept. */
interface Kept {
  readonly timing: unknown;
  readonly day: string;
}

/**
 * What `time` finds, or found before on this machine. Only a sound timing is kept, and what was kept is taken for one only if it is sound.
 * @param build file name of the kernels
 */
export async function timedOnce<T>(
  build: string,
  autotune: Exclude<Autotune, 'off'>,
  store: TimingStore | undefined,
  time: () => T,
  isSound: (timing: unknown) => timing is T,
): Promise<Timed<T>> {
  const kept = autotune === 'on' ? await keptTiming({ build }, store, isSound) : null;
  if (kept) return kept;
  const timing = time();
  if (isSound(timing)) await keepTiming({ build }, store, timing);
  return { timing, origin: 'in this process' };
}

/** What was found before on this machine; null where that is nothing sound. */
export async function keptTiming<T>(
  subject: TimingSubject,
  store: TimingStore | undefined,
  isSound: (timing: unknown) => timing is T,
): Promise<Timed<T> | null> {
  const kept = await store?.read(subject);
  if (!isKept(kept) || !isSound(kept.timing)) return null;
  return { timing: kept.timing, origin: `kept in ${store!.place} since ${kept.day}` };
}

/** Keeps what was found today. */
export async function keepTiming(subject: TimingSubject, store: TimingStore | undefined, timing: unknown): Promise<void> {
  await store?.write(subject, { timing, day: new Date().toISOString().slice(0, 10) } satisfies Kept);
}

function isKept(value: unknown): value is Kept {
  return typeof value === 'object' && value !== null && 'timing' in value && 'day' in value && typeof value.day === 'string';
}
