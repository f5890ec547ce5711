import fs from 'node:fs';
import path from 'node:path';
import { ConfigError, DivergenceError } from '../errors.js';
import type { Genotype } from '../models/index.js';
import { readCheckpoint } from '../train/checkpoint.js';
import { type EpochEvent, holdsRun, type Recipe, type TrainResult, train } from '../train/index.js';
import { modelOf, type SearchContext } from './context.js';
import { trainingRecipe } from './recipe.js';
import type { TrialResult } from './trial-list.js';

export interface TrialOptions {
  /** Its place among the networks of the search, from 1, and how many there will be. */
  readonly number: number;
  readonly of: number;
  readonly genotype: Genotype;
  /** Whether it is given up, by its score after each epoch so far; asked after every epoch but the last. */
  readonly isHopeless: (scores: readonly number[]) => boolean;
}

/**
 * Trains one network of a search by the ordinary loop, on one half of the training images, and judges it by the other: the same halves for all networks.
 * Where a run of it in its folder stopped it goes on, to the same bits. The weights are given up: a search keeps scores.
 * @throws what `train` throws but for a divergence, which is a result; the reason of the context's signal when that ended it
 */
export async function trainTrial(context: SearchContext, options: TrialOptions): Promise<TrialResult> {
  const began = performance.now();
  const secondsHere = () => (performance.now() - began) / 1000;
  try {
    const { epochs } = await trainUntilHopeless(context, options);
    const scores = epochs.map(scoreOf);
    const isFinished = scores.length === context.recipe.trial.epochs;
    if (!isFinished && !options.isHopeless(scores)) throw context.signal!.reason;
    const end = isFinished ? 'finished' : 'stopped';
    // A part that was killed told its seconds in its checkpoints alone.
    const seconds = Math.max(
      secondsHere(),
      epochs.reduce((sum, epoch) => sum + epoch.seconds, 0),
    );
    return { end, scores, loss: epochs.at(-1)!.validationLoss!, seconds };
  } catch (error) {
    if (!(error instanceof DivergenceError)) throw error;
    return { end: 'diverged', step: error.step, layer: error.layer, seconds: secondsHere() };
  }
}

/** Weights and the optimiser's state take most of a run's folder; its log stays. */
export function removeCheckpoints(context: SearchContext, number: number): void {
  for (const name of ['last.safetensors', 'best.safetensors']) {
    fs.rmSync(path.join(trialFolder(context, number), name), { force: true });
  }
}

/** The ordinary recipe of a network that is tried. */
export function trialRecipe({ recipe, input }: SearchContext, name: string, genotype: Genotype): Recipe {
  const model = modelOf(genotype, recipe.space, input);
  return trainingRecipe(recipe, { name, model, epochs: recipe.trial.epochs, validation: { fraction: 0.5 } });
}

async function trainUntilHopeless(context: SearchContext, options: TrialOptions): Promise<TrainResult> {
  const { number, of, genotype, isHopeless } = options;
  const { engine, data, workers, signal, emit } = context;
  const { epochs } = context.recipe.trial;
  const run = trialFolder(context, number);
  const giveUp = new AbortController();
  const scores = await scoresSoFar(run);
  const giveUpIfHopeless = () => {
    if (scores.length > 0 && scores.length < epochs && isHopeless(scores)) giveUp.abort();
  };
  // It may have been killed after the epoch that decided, before that was noted.
  giveUpIfHopeless();
  const result = await train({
    recipe: trialRecipe(context, nameOf(number), genotype),
    engine,
    data,
    workers,
    run,
    resume: holdsRun(run),
    signal: signal ? AbortSignal.any([signal, giveUp.signal]) : giveUp.signal,
    onEvent: (event) => {
      if (event.kind !== 'epoch') return;
      const score = scoreOf(event);
      scores.push(score);
      emit({ kind: 'trial', number, of, epoch: event.epoch, epochs, score });
      giveUpIfHopeless();
    },
  });
  result.model.dispose();
  return result;
}

/** Scores of the epochs behind the checkpoint that a run goes on from. */
async function scoresSoFar(run: string): Promise<number[]> {
  const last = path.join(run, 'last.safetensors');
  if (!fs.existsSync(last)) return [];
  return (await readCheckpoint(last)).progress.epochs.map(scoreOf);
}

/** Higher is better: accuracy, or for depth maps 1 - equal error rate. */
function scoreOf({ validationAccuracy, detection }: EpochEvent): number {
  const score = typeof detection?.eer === 'number' ? 1 - detection.eer : validationAccuracy;
  if (score === null) throw new ConfigError('data', 'half of its images are held out, and they tell nothing: more are needed.');
  return score;
}

function trialFolder({ folder }: SearchContext, number: number): string {
  return path.join(folder, 'trials', nameOf(number));
}

function nameOf(number: number): string {
  return String(number).padStart(4, '0');
}
