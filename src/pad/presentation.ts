/*
 * What is shown to a camera once is a presentation (ISO/IEC 30107): a bona fide one, or an attack of some species. A data set is a
 * list of them, and of the protocols that say who learns from which and who is judged by which.
 */

export const labels = ['attack', 'bona-fide'] as const;
export type Label = (typeof labels)[number];

export const splits = ['train', 'dev', 'test'] as const;
export type Split = (typeof splits)[number];

/** A rectangle in pixels of the picture; parts of a pixel count, and it may reach beyond the picture. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Where the pixels of a presentation are. */
export interface Media {
  readonly kind: 'video' | 'frames' | 'picture' | 'missing';
  /** A file; for `frames` a folder of pictures; for `missing` where it should be. */
  readonly path: string;
}

/** The box of each frame that has one, by the frame's number (from 0). */
export interface FrameBoxes {
  get(frame: number): Box | undefined;
}

export interface Presentation {
  /** Unique in its set, the same on every machine: the path below the root with `/`, without the extension (a manifest's as it stands there). */
  readonly id: string;
  readonly media: Media;
  readonly label: Label;
  /** What kind of attack; null for a bona fide presentation. */
  readonly species: string | null;
  /** Who is shown; null where the set does not say. */
  readonly subject: string | null;
  readonly session: string | null;
  readonly device: string | null;
  /** By protocol; a presentation has no part in a protocol that is not there. */
  readonly splits: Readonly<Record<string, Split>>;
  /** Further columns of a manifest, by name. */
  readonly attributes: Readonly<Record<string, string>>;
  /** The boxes that come with the set; null where none do. @throws DataError when their file is not what it should be */
  readonly boxes: (() => Promise<FrameBoxes>) | null;
  /** Depth maps that come with the set: a picture, or a folder with one for each frame. */
  readonly depth: string | null;
}

export interface Protocol {
  readonly name: string;
  readonly description: string;
  /** Splits of which only the frames numbered below it are used. */
  readonly frameLimit?: { readonly splits: readonly Split[]; readonly frames: number };
}

/** Something that a person should know of. An `error` ends the work before anything is written. */
export interface Doubt {
  readonly severity: 'error' | 'warning';
  /** Stable: for programs. */
  readonly reason: string;
  /** Presentation, file or subject. */
  readonly about: string;
  readonly message: string;
}

export interface Dataset {
  readonly protocols: readonly Protocol[];
  /** In the order of their ids. */
  readonly presentations: readonly Presentation[];
  /** What reading the names and lists brought up. */
  readonly doubts: readonly Doubt[];
}
