import type { Engine } from '../engine/engine.js';
import type { Module } from '../nn/module.js';
import type { TrainingData } from './dataset.js';
import type { EpochEvent, TrainEvent } from './events.js';
import type { Recipe, RecipeInput } from './recipe.js';
import type { RunFolder } from './run-folder.js';

export interface TrainOptions {
  readonly recipe: Recipe | RecipeInput;
  /** What `createEngine` gives, unless given; the model's own when there is a model. */
  readonly engine?: Engine;
  /** The network that the recipe names, made from the recipe's seed, unless given. */
  readonly model?: Module;
  /** Where the recipe says, unless given. */
  readonly data?: TrainingData;
  /** Folder to write to; nothing is written unless given. A `RunFolder` stays open for its owner to close. */
  readonly run?: RunFolder | string;
  /** Goes on where the run's last checkpoint stands. */
  readonly resume?: boolean;
  /** Threads that compute, when an engine is made here. Results do not depend on it. */
  readonly threads?: number;
  /** Threads that read and augment images ahead; results do not depend on it. */
  readonly workers?: number;
  /** Leave bad records out, with a warning. */
  readonly skipBad?: boolean;
  /** Finishes the step, saves, and returns. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: TrainEvent) => void;
}

export interface TrainResult {
  readonly reason: 'finished' | 'interrupted';
  /** Holds the best weights when finished, the newest when interrupted. Yours to dispose of. */
  readonly model: Module;
  readonly engine: Engine;
  readonly recipe: Recipe;
  /** Class names, in the order of the labels. */
  readonly classes: readonly string[];
  readonly step: number;
  /** One an epoch of this and earlier parts of the run. */
  readonly epochs: readonly EpochEvent[];
  readonly best: { readonly epoch: number; readonly accuracy: number | null; readonly loss: number | null } | null;
  /** Folder of the run; null when nothing was written. */
  readonly run: string | null;
}
