import type { Images } from '../images.js';
import type { ClassifyOptions, LoadOptions, RuntimeFacts } from '../model.js';
import type { SentError } from './sent-error.js';

/** What a page asks of its model's worker. */
export type Question =
  | { readonly kind: 'load'; readonly source: Uint8Array | string; readonly options: LoadOptions; readonly lock: string }
  | { readonly kind: 'run'; readonly images: Images }
  | { readonly kind: 'classify'; readonly images: Images; readonly options: ClassifyOptions }
  | { readonly kind: 'profile'; readonly images: Images; readonly rounds?: number };

export interface Asked {
  readonly id: number;
  readonly question: Question;
}

/** The facts that running changes. */
export type ChangingFacts = Pick<RuntimeFacts, 'arenaBytes' | 'engine'>;

export type Answered =
  | { readonly id: number; readonly value: unknown; readonly facts: ChangingFacts }
  | { readonly id: number; readonly error: SentError };

/** Compute threads whose end the page is to note: see `BrowserParts.watch`. */
export interface Watch {
  readonly locks: readonly string[];
  readonly signs: Int32Array;
}
