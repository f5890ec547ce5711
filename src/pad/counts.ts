import { type Presentation, type Protocol, type Split, splits } from './presentation.js';

export interface SplitCount {
  readonly protocol: string;
  readonly split: Split;
  readonly presentations: number;
  readonly bonaFide: number;
  readonly attacks: number;
  /** Attack presentations of each species, by name. */
  readonly species: Readonly<Record<string, number>>;
  /** Known ones. */
  readonly subjects: number;
  /** Frames that were looked at, and those of them that have no crop. */
  readonly frames: number;
  readonly failures: number;
}

export interface SubjectCount {
  readonly subject: string;
  readonly bonaFide: number;
  readonly attacks: number;
}

/** What the counting needs of a frame; `presentation` is a place in the list. */
interface CountedFrame {
  readonly presentation: number;
  readonly frame: number;
}

/** For every protocol its splits, those without presentations left out. */
export function countSplits(
  protocols: readonly Protocol[],
  presentations: readonly Pick<Presentation, 'label' | 'species' | 'subject' | 'splits'>[],
  frames: readonly CountedFrame[],
): SplitCount[] {
  const framesOf = new Map<number, CountedFrame[]>();
  for (const frame of frames) {
    const own = framesOf.get(frame.presentation) ?? [];
    framesOf.set(frame.presentation, own);
    own.push(frame);
  }
  return protocols.flatMap((protocol) =>
    splits.flatMap((split): SplitCount[] => {
      const places = [...presentations.keys()].filter((place) => presentations[place]!.splits[protocol.name] === split);
      if (places.length === 0) return [];
      const own = places.map((place) => presentations[place]!);
      const attacks = own.filter(({ label }) => label === 'attack');
      const seen = places.flatMap((place) => framesOf.get(place) ?? []).filter(({ frame }) => isUsed(protocol, split, frame));
      return [
        {
          protocol: protocol.name,
          split,
          presentations: own.length,
          bonaFide: own.length - attacks.length,
          attacks: attacks.length,
          species: tally(attacks.map(({ species }) => species!)),
          subjects: new Set(own.map(({ subject }) => subject).filter((subject) => subject !== null)).size,
          frames: seen.length,
          failures: seen.filter((frame) => 'failure' in frame).length,
        },
      ];
    }),
  );
}

/** Whether a protocol takes that frame of the presentations of a split. */
export function isUsed({ frameLimit }: Pick<Protocol, 'frameLimit'>, split: Split, frame: number): boolean {
  return !frameLimit?.splits.includes(split) || frame < frameLimit.frames;
}

/** In the order of their names; presentations of nobody known are left out. */
export function countSubjects(presentations: readonly Pick<Presentation, 'label' | 'subject'>[]): SubjectCount[] {
  const counts = new Map<string, { bonaFide: number; attacks: number }>();
  for (const { label, subject } of presentations) {
    if (subject === null) continue;
    const count = counts.get(subject) ?? { bonaFide: 0, attacks: 0 };
    count[label === 'attack' ? 'attacks' : 'bonaFide']++;
    counts.set(subject, count);
  }
  return [...counts].map(([subject, count]) => ({ subject, ...count })).sort((a, b) => (a.subject < b.subject ? -1 : 1));
}

function tally(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of [...names].sort()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
