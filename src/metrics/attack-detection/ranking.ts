/*
 * Presentations to an attack detector, put in order once: everything that is counted about them is counted along this order.
 */

/** One presentation: somebody, or something, was shown to the sensor, and a detector scored it. */
export interface Presentation {
  /** The attack instrument species; null for a bona fide presentation. */
  readonly species: string | null;
  /** Higher is more bona fide. Infinite scores stand at the ends; NaN is no answer: a failure to acquire. */
  readonly score: number;
  /** Who was presented, or imitated: presentations of one subject are not independent. Null when that is not known. */
  readonly subject: string | null;
}

export interface Ranking {
  /** Names of the attack species, sorted. */
  readonly species: readonly string[];
  /** Names of the subjects, sorted; null unless every presentation has one. */
  readonly subjects: readonly string[] | null;
  /** From the highest to the lowest; those that are NaN stand behind all others. */
  readonly scores: Float64Array;
  /** What each presentation is: 0 for bona fide, 1 + s for species s. */
  readonly classes: Int32Array;
  /** Whose each presentation is: a position in `subjects`; all 0 without subjects. */
  readonly owners: Int32Array;
  /** The first so many scores are not NaN. */
  readonly answered: number;
}

export const bonafideClass = 0;

export function rank(presentations: readonly Presentation[]): Ranking {
  const species = sortedNames(presentations.flatMap((presentation) => presentation.species ?? []));
  const knowsSubjects = presentations.length > 0 && presentations.every(({ subject }) => subject !== null);
  const subjects = knowsSubjects ? sortedNames(presentations.map(({ subject }) => subject!)) : null;
  const classOf = new Map(species.map((name, i) => [name, i + 1]));
  const ownerOf = new Map(subjects?.map((name, i) => [name, i]));
  // Ties in an order of their own, so that the order of the lines in a file never shows in a result.
  const entries = presentations.map(({ species, score, subject }) => ({
    score,
    kind: species === null ? bonafideClass : classOf.get(species)!,
    owner: subjects ? ownerOf.get(subject!)! : 0,
  }));
  entries.sort((a, b) => descending(a.score, b.score) || a.kind - b.kind || a.owner - b.owner);
  return {
    species,
    subjects,
    scores: Float64Array.from(entries, ({ score }) => score),
    classes: Int32Array.from(entries, ({ kind }) => kind),
    owners: Int32Array.from(entries, ({ owner }) => owner),
    answered: entries.reduce((count, { score }) => count + (Number.isNaN(score) ? 0 : 1), 0),
  };
}

/** Presentations of each class: how many there are, and how many of these were answered. */
export function countClasses({ species, classes, answered }: Ranking): { presented: number[]; answered: number[] } {
  const counts = {
    presented: new Array<number>(species.length + 1).fill(0),
    answered: new Array<number>(species.length + 1).fill(0),
  };
  classes.forEach((kind, i) => {
    counts.presented[kind]!++;
    if (i < answered) counts.answered[kind]!++;
  });
  return counts;
}

function sortedNames(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}

function descending(a: number, b: number): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  if (Number.isNaN(b)) return -1;
  return a === b ? 0 : a > b ? -1 : 1;
}
