import { Rng } from '../../tensor/rng.js';

/**
 * How often each of `subjects` subjects counts in each of `resamples` draws of as many subjects, with replacement. Whole subjects are
 * drawn because the presentations of one resemble each other: drawing them one by one would promise more than was seen.
 */
export function drawSubjects(subjects: number, resamples: number, seed: number): Int32Array[] {
  const rng = new Rng(seed);
  return Array.from({ length: resamples }, () => {
    const weights = new Int32Array(subjects);
    for (let draw = 0; draw < subjects; draw++) weights[rng.integer(subjects)]!++;
    return weights;
  });
}

/**
 * The central `level` of what the resamples gave, widened where needed to hold what was measured; null where they do not differ, or
 * none gave anything: then they say nothing.
 */
export function percentileInterval(
  resampled: readonly (number | null)[],
  measured: number,
  level: number,
): readonly [low: number, high: number] | null {
  const values = Float64Array.from(resampled.filter((value) => value !== null)).sort();
  if (values.length === 0 || values[0] === values.at(-1)) return null;
  const last = values.length - 1;
  const tail = (1 - level) / 2;
  return [Math.min(measured, values[Math.floor(tail * last)]!), Math.max(measured, values[Math.ceil((1 - tail) * last)]!)];
}
