import fc from 'fast-check';
import type { Presentation } from '../../../src/metrics/attack-detection/index.js';

/** Presentations from scores of each class; NaN for no answer. */
export function presentations(bonafide: readonly number[], attacks: Readonly<Record<string, readonly number[]>>): Presentation[] {
  const of = (species: string | null, scores: readonly number[]) => scores.map((score) => ({ species, score, subject: null }));
  return [...of(null, bonafide), ...Object.entries(attacks).flatMap(([species, scores]) => of(species, scores))];
}

/** The set that the tests work out by hand: 4 + 6 answers, a tie between the classes at 0.6, a failure of each class. */
export const byHand = presentations([0.9, 0.8, 0.6, 0.4, Number.NaN], {
  print: [0.7, 0.3, 0.2, 0.1],
  replay: [0.6, 0.5, Number.NaN],
});

/** Few different scores, so that ties are common; infinities and failures to acquire among them. */
const score = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -6, max: 6 }).map((value) => value / 4) },
  { weight: 1, arbitrary: fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN) },
);

const finiteScore = fc.integer({ min: -6, max: 6 }).map((value) => value / 4);

const presentationOf = (scores: fc.Arbitrary<number>): fc.Arbitrary<Presentation> =>
  fc.record({
    species: fc.constantFrom(null, null, 'mask', 'print', 'replay'),
    score: scores,
    subject: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  });

export const anySet = fc.array(presentationOf(score), { maxLength: 40 });

/** At least one bona fide presentation and one attack, all answered by finite scores. */
export const fullSet = fc
  .tuple(fc.array(presentationOf(finiteScore), { maxLength: 40 }), finiteScore, finiteScore)
  .map(([others, live, attack]): Presentation[] => [
    { species: null, score: live, subject: 'a' },
    { species: 'print', score: attack, subject: 'b' },
    ...others,
  ]);
