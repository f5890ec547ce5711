import { Rng } from '#dist/tensor/rng.js';
import { bytesAskedFor } from './allocations.js';
import { mutate } from './mutations.js';
import { pick } from './pick.js';
import { type Reader, usualBytes } from './reader.js';
import type { Watchdog } from './watchdog.js';

/** What a reader did with one file: read it, refused it for a reason, or broke its promise. */
export type Outcome =
  | { readonly kind: 'read' }
  | { readonly kind: 'refused'; readonly by: string }
  | { readonly kind: 'failed'; readonly why: string };

export interface Failure {
  readonly reader: string;
  readonly seed: number;
  /** Number of the file in the run. */
  readonly number: number;
  /** The sample, and what was done to it. */
  readonly how: string;
  readonly why: string;
  readonly bytes: Uint8Array;
}

/** Counts of a reader's outcomes by name: `read`, `FormatError`. */
export type Tally = Map<string, number>;

/** Mutated file `number` of a run: the same seed gives the same file. */
export function hostileFile(reader: Reader, seed: number, number: number): { readonly bytes: Uint8Array; readonly how: string } {
  const name = [...reader.name].reduce((hash, letter) => (Math.imul(hash, 31) + letter.charCodeAt(0)) | 0, 0);
  const rng = Rng.for(seed, name, number);
  return mutate(reader, pick(rng, reader.samples), rng);
}

/** Reads one file and judges what comes of it. */
export async function judge(reader: Reader, bytes: Uint8Array): Promise<Outcome> {
  const original = new Uint8Array(bytes);
  let thrown: unknown = null;
  const asked = await bytesAskedFor(async () => {
    try {
      await reader.read(bytes);
    } catch (error) {
      thrown = error;
    }
  });
  const limit = (reader.mayAllocate ?? usualBytes)(bytes.length);
  if (asked > limit)
    return { kind: 'failed', why: `asked for ${asked} bytes of memory for a file of ${bytes.length}; the limit is ${limit}` };
  if (Buffer.compare(original, bytes) !== 0) return { kind: 'failed', why: 'wrote into the bytes that it was given' };
  if (thrown === null) return { kind: 'read' };
  if (thrown instanceof reader.refusesWith) return { kind: 'refused', by: thrown.name };
  return { kind: 'failed', why: thrown instanceof Error ? String(thrown.stack) : `threw ${String(thrown)}` };
}

/** `files` mutated files of a reader, from number `first` on; failures go to `report`. */
export async function fuzz(
  reader: Reader,
  { seed, first, files }: { readonly seed: number; readonly first: number; readonly files: number },
  watchdog: Watchdog,
  report: (failure: Failure) => void,
): Promise<Tally> {
  const tally: Tally = new Map();
  for (let number = first; number < first + files; number++) {
    watchdog.begin(`Reader ${reader.name}, seed ${seed}, file ${number}: ${replay(reader.name, seed, number)}`);
    const { bytes, how } = hostileFile(reader, seed, number);
    const outcome = await judge(reader, bytes);
    const name = outcome.kind === 'refused' ? outcome.by : outcome.kind;
    tally.set(name, (tally.get(name) ?? 0) + 1);
    if (outcome.kind === 'failed') report({ reader: reader.name, seed, number, how, why: outcome.why, bytes });
  }
  return tally;
}

/** The command that makes the file once more and reads it. */
export function replay(reader: string, seed: number, number: number): string {
  return `npm run fuzz -- --reader ${reader} --seed ${seed} --first ${number} --files 1`;
}
