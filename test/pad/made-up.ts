import type { DetectorScore } from '../../src/pad/scores/index.js';
import { Rng } from '../../src/tensor/rng.js';

/** Mean scores of what the made-up detector sees. */
const levels = { live: 0.68, print: 0.22, replay: 0.3, mask: 0.4 };

/**
 * Scores of a detector that does not exist, for people who do not: three devices, three attack species, habits of each person, a failure to
 * acquire now and then.
 */
export function madeUpScores(people: readonly [first: number, last: number], seed: number): DetectorScore[] {
  const rng = new Rng(seed);
  const scores: DetectorScore[] = [];
  for (let person = people[0]; person <= people[1]; person++) {
    const habit = 0.06 * rng.normal();
    for (const device of ['a', 'b', 'c']) {
      for (const [kind, level] of Object.entries(levels)) {
        for (let sample = 1; sample <= 2; sample++) {
          const score = level + habit + 0.09 * rng.normal();
          scores.push({
            claimedId: `person-${person}`,
            testLabel: `person-${person}/${device}-${kind}-${sample}`,
            attackType: kind === 'live' ? null : kind,
            sampleN: '0',
            score: rng.uniform() < 0.01 ? Number.NaN : Number(score.toFixed(4)),
            extra: { device, file: `${kind}.png` },
          });
        }
      }
    }
  }
  return scores;
}
