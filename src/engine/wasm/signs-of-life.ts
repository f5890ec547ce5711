import fs from 'node:fs';
import { fileURLToPath } from 'node:url';

/*
 * How a thread that waits with `Atomics.wait` learns that another one ended. The `exit` event of a worker cannot reach it: its event
 * loop stands still. But Node closes what a worker opened by `fs.open` when the worker ends, for whatever reason (`trackUnmanagedFds`),
 * so that a file descriptor is a sign of life that can be looked at without the event loop. Neither time nor progress decides: a thread of
 * a process that was stopped, or slept with its machine, keeps its descriptors.
 */

/** For each thread a file descriptor, and the low bits of its file's number: a descriptor that was closed may be given again. */
const WORDS = 2;

export function createSigns(threads: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(threads * WORDS * Int32Array.BYTES_PER_ELEMENT)).fill(-1);
}

/** Called once by the thread itself. Where its own program cannot be opened (it was packed into another file) there is no sign. */
export function showLife(signs: Int32Array, thread: number): void {
  try {
    const file = fs.openSync(fileURLToPath(import.meta.url), 'r');
    signs[thread * WORDS + 1] = fileNumber(file);
    Atomics.store(signs, thread * WORDS, file);
  } catch {
    // It then counts as alive.
  }
}

/** Whether a thread that showed life has ended. */
export function hasLost(signs: Int32Array): boolean {
  for (let at = 0; at < signs.length; at += WORDS) {
    const file = Atomics.load(signs, at);
    if (file >= 0 && !isOpen(file, signs[at + 1]!)) return true;
  }
  return false;
}

function isOpen(file: number, number: number): boolean {
  try {
    return fileNumber(file) === number;
  } catch {
    return false;
  }
}

function fileNumber(file: number): number {
  return Number(BigInt.asIntN(32, fs.fstatSync(file, { bigint: true }).ino));
}
