import { bonafideClass, type Ranking } from './ranking.js';
import { acceptedAt } from './rates.js';

/** Something that was counted: events among trials, and whose they were. */
export interface Proportion {
  readonly events: number;
  readonly trials: number;
  /** For each subject; empty when subjects are not known. */
  readonly bySubject: readonly { readonly events: number; readonly trials: number }[];
}

/** The rates that are plain shares, at one threshold; all others are made of these. */
export interface Proportions {
  /** Of each species, its attacks that were taken for bona fide. */
  readonly apcer: readonly Proportion[];
  readonly apcerPooled: Proportion;
  readonly bpcer: Proportion;
  readonly fta: Proportion;
}

export function proportionsAt(ranking: Ranking, threshold: number): Proportions {
  const { species, subjects, classes, owners, answered } = ranking;
  const accepted = acceptedAt(ranking, threshold).reduce((sum, count) => sum + count, 0);
  const count = (isTrial: (kind: number, at: number) => boolean, isEvent: (at: number) => boolean): Proportion => {
    const bySubject = (subjects ?? []).map(() => ({ events: 0, trials: 0 }));
    const all = { events: 0, trials: 0 };
    for (let at = 0; at < classes.length; at++) {
      if (!isTrial(classes[at]!, at)) continue;
      for (const counts of subjects ? [all, bySubject[owners[at]!]!] : [all]) {
        counts.trials++;
        if (isEvent(at)) counts.events++;
      }
    }
    return { ...all, bySubject };
  };
  // Ordered from the highest score, what is accepted comes first.
  const isAccepted = (at: number) => at < accepted;
  return {
    apcer: species.map((_, s) => count((kind, at) => kind === s + 1 && at < answered, isAccepted)),
    apcerPooled: count((kind, at) => kind !== bonafideClass && at < answered, isAccepted),
    bpcer: count(
      (kind, at) => kind === bonafideClass && at < answered,
      (at) => !isAccepted(at),
    ),
    fta: count(
      () => true,
      (at) => at >= answered,
    ),
  };
}
