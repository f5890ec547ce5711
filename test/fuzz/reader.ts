import type { GossamerError } from '#dist/errors.js';
import type { Rng } from '#dist/tensor/rng.js';
import type { HeaderForm } from './json-edits.js';

/** A valid file from which hostile ones are made. */
export interface Sample {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Where its parts meet: places to cut it, to put something in, to swap. */
  readonly seams?: readonly number[];
}

/** One reader of files, as the fuzzer sees it: an entry in the list of `readers/index.ts` is all that a new one needs. */
export interface Reader {
  readonly name: string;
  readonly samples: readonly Sample[];
  /** The only class of errors that it may throw. */
  readonly refusesWith: abstract new (
    ...args: never[]
  ) => GossamerError;
  /**
   * Reads the bytes, and throws what the reader throws. What was read must agree with itself and with the file: `Inconsistent` says
   * where it does not.
   */
  read(bytes: Uint8Array): void | Promise<void>;
  /** Most bytes of buffers that reading a file of this size may ask for; {@link usualBytes} when left out. */
  mayAllocate?(fileBytes: number): number;
  /** Where the file has a header of JSON, which is then edited as JSON too. */
  readonly header?: HeaderForm;
  /** What means something to the reader, put in anywhere. */
  readonly tokens?: readonly Uint8Array[];
  /** A lie that only this kind of file can tell; null where the bytes are no such file any more. */
  lie?(bytes: Uint8Array, rng: Rng): Uint8Array | null;
  /** Makes the checksums of a changed file right again, so that they do not stand in front of everything else. */
  seal?(bytes: Uint8Array): Uint8Array;
}

/** The file itself, and what comes of it: up to 8 bytes for one, twice, and buffers of a stream. */
export const usualBytes = (fileBytes: number) => 4 * 2 ** 20 + 16 * fileBytes;

/** A reader took a file and made something of it that the file does not hold. */
class Inconsistent extends Error {
  override readonly name = 'Inconsistent';
}

export function agree(isTrue: boolean, what: string): void {
  if (!isTrue) throw new Inconsistent(what);
}
