import type { Dataset, Doubt } from '../presentation.js';

export interface ReaderOptions {
  /** Decides who is held out for a dev split where the set has none. */
  readonly seed: number;
}

/** Reads the layout of one data set: names and lists, no pixels. */
export interface DatasetReader {
  /** As on the command line. */
  readonly name: string;
  readonly title: string;
  /** Whether boxes come with it. */
  readonly hasBoxes: boolean;
  /** Where what is read here is described. */
  readonly reference: string;
  /** @throws DataError with the root or a list in it and reason `not-found`, `unrecognised` (nothing of the layout is there), and others */
  read(root: string, options: ReaderOptions): Promise<Dataset>;
}

/** What a reader could not make sense of. */
export class Findings {
  readonly doubts: Doubt[] = [];

  leftOut(id: string, why: string, reason = 'unknown-name'): void {
    this.doubts.push({ severity: 'warning', reason, about: id, message: `${why}: left out.` });
  }

  missingFolder(folder: string): void {
    const message = 'there is no such folder: what belongs there is missing.';
    this.doubts.push({ severity: 'warning', reason: 'missing-folder', about: folder, message });
  }
}
