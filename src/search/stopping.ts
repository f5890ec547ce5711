/*
 * Early stopping, after the median rule of Vizier (Golovin et al., 2017, section 3.2.2): a network that is behind most of those before it when they
 * were of its age hardly ever comes out first.
 */

/** So many networks before it must have reached an age before one of that age is given up: of fewer, the first would decide alone. */
export const fewestCompared = 4;

/**
 * Whether a network is given up after the last of its epochs so far: its score is below the quantile `stopBelow` of the scores that the networks before it had at that age.
 * @param scores of the network, one an epoch
 * @param earlier the same of the networks before it; those that were given up younger do not count
 * @param stopBelow in [0, 1]; null: never
 */
export function isBehind(scores: readonly number[], earlier: readonly (readonly number[])[], stopBelow: number | null): boolean {
  const score = scores.at(-1);
  if (stopBelow === null || score === undefined) return false;
  const others = earlier.flatMap((those) => those[scores.length - 1] ?? []);
  return others.length >= fewestCompared && score < quantile(others, stopBelow);
}

/** Between two values on the straight line that joins them. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
  return low + (high - low) * (place - Math.floor(place));
}
