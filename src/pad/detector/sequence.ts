import type { Assessment, NotScored } from './detector.js';

/** What is said of several images of one presentation. */
export type SequenceAssessment = (
  | { readonly decision: 'live' | 'attack'; readonly score: number; readonly threshold: number }
  | { readonly decision: 'uncalibrated'; readonly score: number; readonly threshold: null }
  /** Too few images have a score; the decision is what most of the others lack. */
  | { readonly decision: NotScored['decision']; readonly score: null; readonly threshold: number | null }
) & {
  /** Images with a score; their mean is the score of the sequence. */
  readonly scored: number;
  /** Of each image, in order. */
  readonly frames: readonly Assessment[];
};

/** Of reasons that are as frequent, the first. */
const reasons: readonly NotScored['decision'][] = ['no-face', 'face-outside', 'face-too-small'];

/** @param needed images that must have a score, at least one */
export function decideSequence(frames: readonly Assessment[], threshold: number | null, needed: number): SequenceAssessment {
  const scores = frames.flatMap(({ score }) => score ?? []);
  const scored = scores.length;
  if (scored < needed) {
    const count = (reason: NotScored['decision']) => frames.filter(({ decision }) => decision === reason).length;
    const [decision] = [...reasons].sort((a, b) => count(b) - count(a)) as [NotScored['decision']];
    return { decision, score: null, threshold, scored, frames };
  }
  const score = scores.reduce((sum, one) => sum + one, 0) / scored;
  if (threshold === null) return { decision: 'uncalibrated', score, threshold, scored, frames };
  return { decision: score >= threshold ? 'live' : 'attack', score, threshold, scored, frames };
}
