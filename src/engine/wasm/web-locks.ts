/*
 * How a browser tells that a worker ended, for whatever reason (`signs-of-life.ts` does the same for Node): the worker holds a lock, which the browser
 * takes back when it ends. Whoever asks for the lock gets it then. Without Web Locks (a page of plain http) there is no such sign: only errors are
 * heard of.
 */

/** A name that no other lock has. */
export function newLock(): string {
  return `gossamer ${crypto.getRandomValues(new Uint32Array(4)).join(' ')}`;
}

/** Holds a lock for as long as this worker lives. */
export async function holdLock(name: string): Promise<void> {
  await new Promise<void>((resolve) => {
    const held = () => {
      resolve();
      return new Promise(() => {});
    };
    // Refused where the origin has no storage: then there is no sign either.
    if (navigator.locks) navigator.locks.request(name, held).catch(resolve);
    else resolve();
  });
}

/** Calls `ended` when the worker that holds a lock has ended; any number may wait for it. Only once it is held. */
export function whenEnded(name: string, ended: () => void): void {
  navigator.locks?.request(name, { mode: 'shared' }, ended).catch(() => {});
}
