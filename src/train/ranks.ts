import { createHash } from 'node:crypto';
import type { Part } from '../data/part.js';
import { RanksError } from '../errors.js';

/**
 * The processes that train one network together, as each of them sees the others. All do the same in the same order, each with its part of
 * every batch: a call here returns when all of them have made it, with as many values.
 */
export interface Ranks {
  /** This process, from 0 on. Rank 0 alone writes the run's folder. */
  readonly rank: number;
  readonly size: number;
  /** Replaces values, in place, by their sums over all ranks: by the same bits in all of them. */
  sum(values: Float32Array | Float64Array): void;
  /** Overwrites values, in place, by those of rank 0. */
  broadcast(values: Float32Array | Float64Array | Uint8Array): void;
}

/** A process that trains by itself. */
export const alone: Ranks = { rank: 0, size: 1, sum() {}, broadcast() {} };

/** This rank's part of what all ranks share. */
export function partOf({ rank, size }: Ranks): Part {
  return { index: rank, count: size };
}

/** The sums of numbers over all ranks. */
export function sumNumbers(ranks: Ranks, ...numbers: readonly number[]): number[] {
  const values = Float64Array.from(numbers);
  ranks.sum(values);
  return [...values];
}

/** What rank 0 says; what the others give is not read. */
export function broadcastText(ranks: Ranks, text: string): string {
  const bytes = new TextEncoder().encode(text);
  const length = Float64Array.of(bytes.length);
  ranks.broadcast(length);
  const shared = ranks.rank === 0 ? bytes : new Uint8Array(length[0]!);
  ranks.broadcast(shared);
  return new TextDecoder().decode(shared);
}

/** What must be the same in all ranks, as one SHA-256. */
export function digestOf(parts: Iterable<string | Float32Array | Int32Array>): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) {
    hash.update(typeof part === 'string' ? part : new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  }
  return hash.digest();
}

/**
 * @param digest of what should be the same everywhere
 * @throws RanksError in every rank, naming those that differ from rank 0
 */
export function expectAlike(ranks: Ranks, digest: Uint8Array, describe: (others: string) => string): void {
  if (ranks.size === 1) return;
  const first = Uint8Array.from(digest);
  ranks.broadcast(first);
  const differs = new Float64Array(ranks.size);
  differs[ranks.rank] = digest.every((byte, i) => byte === first[i]) ? 0 : 1;
  ranks.sum(differs);
  const others = [...differs.keys()].filter((rank) => differs[rank] !== 0);
  if (others.length > 0) throw new RanksError(others, describe(`rank${others.length > 1 ? 's' : ''} ${others.join(', ')}`));
}
