import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ConfigError } from '../errors.js';
import { type Lock, takeLock } from '../train/lock.js';

/*
 * One worker at a time is at a task. On one machine a lock tells whether its owner lives. Across machines nothing does, so that an owner shows life: it writes
 * a new number into a file every few seconds. Who waits and has seen the same number for long enough moves the folder away, and goes on
 * from a copy. An owner that was only slow, and wakes up, ends in the folder that was moved; its result is the same as the other's.
 */

export interface Claim {
  release(): void;
}

export interface ClaimTiming {
  /** Milliseconds between two looks of who waits. */
  readonly look: number;
  /** Between two signs of life. */
  readonly beat: number;
  /** Without a sign of life until it counts as dead: longer than the longest step of a training. */
  readonly patience: number;
}

const usual: ClaimTiming = { look: 500, beat: 5000, patience: 180_000 };

interface Sighting {
  readonly beat: string | null;
  /** When it was first seen, by the clock of who looks. */
  readonly since: number;
}

const LOCK = 'task.lock';
const BEAT = 'beat';

/** Waits until no other worker is at the task in `folder`; `done` when meanwhile one has finished it. */
export async function claimWork(
  folder: string,
  isDone: () => Promise<boolean>,
  signal: AbortSignal,
  timing = usual,
): Promise<Claim | 'done' | 'aborted'> {
  let seen: Sighting | null = null;
  while (!signal.aborted) {
    fs.mkdirSync(folder, { recursive: true });
    try {
      return beating(takeLock(folder, LOCK), folder, timing.beat);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
    }
    if (await isDone()) return 'done';
    const beat = beatOf(folder);
    if (!seen || seen.beat !== beat) seen = { beat, since: performance.now() };
    if (performance.now() - seen.since > timing.patience) {
      takeOver(folder);
      seen = null;
    }
    await pause(timing.look);
  }
  return 'aborted';
}

function beating(lock: Lock, folder: string, milliseconds: number): Claim {
  let count = 0;
  const run = randomBytes(4).toString('hex');
  const show = () => {
    try {
      fs.writeFileSync(path.join(folder, BEAT), `${run} ${count++}`);
    } catch {
      // The folder was moved away, or its disk is full: whoever waits takes over.
    }
  };
  show();
  const timer = setInterval(show, milliseconds).unref();
  return {
    release() {
      clearInterval(timer);
      fs.rmSync(path.join(folder, BEAT), { force: true });
      lock.release();
    },
  };
}

function beatOf(folder: string): string | null {
  try {
    return fs.readFileSync(path.join(folder, BEAT), 'utf8');
  } catch {
    return null;
  }
}

/** Of several that wait one moves the folder; the copy has no locks, which name a worker that is gone. */
function takeOver(folder: string): void {
  const left = `${folder}.left-${randomBytes(4).toString('hex')}`;
  try {
    fs.renameSync(folder, left);
  } catch {
    return;
  }
  const isKept = (file: string) => !/^(task\.lock|lock|beat)(\.|$)/.test(path.basename(file));
  fs.cpSync(left, folder, { recursive: true, filter: isKept });
  fs.rmSync(left, { recursive: true, force: true });
}
