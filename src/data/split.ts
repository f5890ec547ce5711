import { ConfigError } from '../errors.js';
import { Rng } from '../tensor/rng.js';

export interface Split {
  /** Record numbers, ascending. */
  train: Int32Array;
  validation: Int32Array;
}

/**
 * Holds out `fraction` of the records, the same share of every class, chosen by `seed` alone. Shares that are not whole are
 * rounded so that the total is right (largest remainders first).
 * @throws ConfigError when the fraction is not in [0, 1)
 */
export function splitIndices(labels: ArrayLike<number>, fraction: number, seed: number): Split {
  if (!(fraction >= 0 && fraction < 1)) throw new ConfigError('fraction', `must be at least 0 and less than 1, got ${fraction}.`);
  const byClass = new Map<number, number[]>();
  for (let record = 0; record < labels.length; record++) {
    const members = byClass.get(labels[record]!) ?? [];
    members.push(record);
    byClass.set(labels[record]!, members);
  }
  const shares = [...byClass.keys()]
    .sort((a, b) => a - b)
    .map((label) => {
      const members = byClass.get(label)!;
      const exact = members.length * fraction;
      return { label, members, taken: Math.floor(exact), remainder: exact - Math.floor(exact) };
    });
  const missing = Math.round(labels.length * fraction) - shares.reduce((sum, share) => sum + share.taken, 0);
  const neediest = [...shares].sort((a, b) => b.remainder - a.remainder || a.label - b.label);
  for (const share of neediest.slice(0, missing)) share.taken++;
  const train: number[] = [];
  const validation: number[] = [];
  for (const { label, members, taken } of shares) {
    Rng.for(seed, label).shuffle(members);
    for (const [i, record] of members.entries()) (i < taken ? validation : train).push(record);
  }
  return { train: Int32Array.from(train).sort(), validation: Int32Array.from(validation).sort() };
}

/**
 * Holds out `fraction` of the groups, chosen by `seed` alone, and with each all records that name it: what is alike stays on one side.
 * @param keys the group of each record
 * @throws ConfigError as `splitIndices`
 */
export function splitGroups(keys: readonly string[], fraction: number, seed: number): Split {
  const groups = [...new Set(keys)].sort();
  const { validation } = splitIndices(
    groups.map(() => 0),
    fraction,
    seed,
  );
  const heldOut = new Set([...validation].map((group) => groups[group]));
  const side = (isHeldOut: boolean) =>
    Int32Array.from(keys.flatMap((key, record) => (heldOut.has(key) === isHeldOut ? [record] : [])));
  return { train: side(false), validation: side(true) };
}
