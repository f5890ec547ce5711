import { Rng } from '../../tensor/rng.js';

/** Share of the training subjects that become the dev split of a set that has none. */
export const devShare = 0.2;

/**
 * Who of the training subjects is held out for dev, chosen by `seed` alone: a fifth of them, at least one where there are two. The
 * published sets without a dev split say nothing of it, so results depend on this choice, and on its seed.
 */
export function heldOut(subjects: Iterable<string>, seed: number): ReadonlySet<string> {
  const sorted = [...new Set(subjects)].sort();
  const count = sorted.length < 2 ? 0 : Math.max(1, Math.round(devShare * sorted.length));
  return new Set(Rng.for(seed, 0).shuffle(sorted).slice(0, count));
}

/** What the descriptions of protocols say of it. */
export const devNote = 'dev: a fifth of the training subjects, by --seed (the set has no dev split)';
