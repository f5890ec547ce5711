import type { Engine } from '../engine/engine.js';
import type { Genotype, OptionValue } from '../models/index.js';
import { genotypeText } from '../models/index.js';
import type { TrainingData, WarningEvent } from '../train/index.js';
import type { CostTable } from './cost/table.js';
import type { SearchRecipe } from './recipe.js';
import type { Candidate, CoursePoint } from './result.js';
import type { SearchSpace } from './space.js';

/** What happens in a search, for whoever shows it. */
export type SearchEvent =
  | { readonly kind: 'candidate'; readonly number: number; readonly of: number; readonly candidate: Candidate }
  | {
      readonly kind: 'trial';
      readonly number: number;
      readonly of: number;
      readonly epoch: number;
      readonly epochs: number;
      readonly score: number | null;
    }
  | {
      readonly kind: 'search-step';
      readonly step: number;
      readonly steps: number;
      readonly loss: number;
      readonly secondsLeft: number | null;
    }
  | { readonly kind: 'course'; readonly point: CoursePoint; readonly epochs: number }
  | WarningEvent;

/** What every strategy works with. */
export interface SearchContext {
  readonly recipe: SearchRecipe;
  readonly engine: Engine;
  readonly data: TrainingData;
  /** Height, width and channels of the images, after all transforms. */
  readonly input: readonly [height: number, width: number, channels: number];
  /** What networks of the space are made of costs. */
  readonly costs: CostTable;
  /** Threads that read and augment images ahead (1 unless given); results do not depend on it. */
  readonly workers?: number;
  /** Folder of the run: strategies keep there what they need to go on after a kill. */
  readonly folder: string;
  /** Finishes the step, saves, and throws the signal's reason. */
  readonly signal: AbortSignal | null;
  readonly emit: (event: SearchEvent) => void;
}

/** What a strategy comes to. */
export interface StrategyOutcome {
  readonly genotype: Genotype;
  /** Seconds of work, those of earlier parts of the run included. */
  readonly seconds: number;
  readonly candidates: readonly Candidate[];
  readonly course: readonly CoursePoint[];
}

/** How the registry names the network of a genotype that answers images of `input`. */
export function modelOf(
  genotype: Genotype,
  { theta }: SearchSpace,
  [height]: SearchContext['input'],
): { readonly name: string; readonly options: Readonly<Record<string, OptionValue>> } {
  const options = { genotype: genotypeText(genotype), theta };
  return genotype.task === 'depth-map'
    ? { name: 'genotype-depth', options: { ...options, mapSize: mapSizeOf(height) } }
    : { name: 'genotype', options };
}

/** Side of the depth map: that of what leaves the high level, after three pools that halve it. */
export function mapSizeOf(height: number): number {
  return [0, 1, 2].reduce((side) => Math.floor((side - 1) / 2) + 1, height);
}
