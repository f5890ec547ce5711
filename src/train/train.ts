import type { Engine } from '../engine/engine.js';
import { createEngine } from '../engine/index.js';
import { ConfigError, LifetimeError } from '../errors.js';
import type { Module } from '../nn/module.js';
import { type Checkpoint, readCheckpoint } from './checkpoint.js';
import { describeSkipped, holdOut, openSplit, type Selection, type TrainingData } from './dataset.js';
import { expectBothClasses, mapSizeOf, transformedShape } from './depth-data.js';
import { DepthGrid } from './depth-grid.js';
import type { EpochEvent, TrainEvent } from './events.js';
import { createLoaders, type Loaders } from './loaders.js';
import { TrainingLoop } from './loop.js';
import { createRecipeModel, describeModel, taskOf } from './model.js';
import type { Progress } from './progress.js';
import { alone, digestOf, expectAlike, type Ranks } from './ranks.js';
import { parseRecipe, type Recipe, type RecipeInput } from './recipe.js';
import { expectSameRun } from './resume.js';
import { RunFolder } from './run-folder.js';

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
  /** Threads that read and augment images ahead (1 unless given); results do not depend on it. */
  readonly workers?: number;
  /** Leave bad records out, with a warning. */
  readonly skipBad?: boolean;
  /** Finishes the step, saves, and returns; all ranks do when one is told to. */
  readonly signal?: AbortSignal;
  /**
   * The processes that train together, each with its part of every batch (`startMpi` gives them); this one by itself unless given. All have the same options,
   * but for `run` and `resume`, which are rank 0's alone.
   */
  readonly ranks?: Ranks;
  readonly onEvent?: (event: TrainEvent) => void;
}

export interface TrainResult {
  readonly reason: 'finished' | 'interrupted';
  /** Holds the best weights when finished, the newest when interrupted. Yours to dispose of. */
  readonly model: Module;
  /** Yours to dispose of, unless it was given. */
  readonly engine: Engine;
  readonly recipe: Recipe;
  /** Class names, in the order of the labels; none for a network that does not classify. */
  readonly classes: readonly string[];
  readonly step: number;
  /** One an epoch of this and earlier parts of the run. */
  readonly epochs: readonly EpochEvent[];
  readonly best: Progress['best'];
  /** Folder of the run; null when nothing was written. */
  readonly run: string | null;
}

/**
 * Trains a network by a recipe. The same recipe, data and seed give the same weights to the bit, whatever the number of threads, and
 * whether the run was interrupted, killed and resumed or not.
 *
 * Ranks change what is rounded and nothing else, unless the recipe wants `local` batch norm (docs/mpi.md). A rank that throws must end the others, which
 * would wait for it for ever: that is the caller's affair (`abort` of what `startMpi` gave).
 * @throws ConfigError when recipe, options and run folder do not fit together
 * @throws RanksError when ranks were given different data or recipes, or their weights come to differ
 * @throws DataError when an image cannot be read
 * @throws DivergenceError when the loss, a gradient or a weight becomes NaN or infinite: the run's last checkpoint is the last good one
 * @throws OutOfMemoryError with the step; the run's last checkpoint stays as it is
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const recipe = parseRecipe(options.recipe);
  const emit = options.onEvent ?? (() => {});
  const run = openRun(options);
  try {
    const data = await openData(options, recipe, emit);
    const given = options.engine ?? engineOf(options.model);
    const engine = given ?? (await createEngine({ threads: options.threads }));
    try {
      return await trainOn(engine, data, { ...options, recipe }, run);
    } catch (error) {
      if (!given) engine.dispose();
      throw error;
    }
  } finally {
    if (run && run !== options.run) run.close();
  }
}

interface Data {
  readonly train: Selection;
  readonly validation: Selection;
}

async function trainOn(
  engine: Engine,
  { train: training, validation }: Data,
  options: TrainOptions & { readonly recipe: Recipe },
  run: RunFolder | null,
): Promise<TrainResult> {
  const { recipe } = options;
  const { source } = training;
  const ranks = options.ranks ?? alone;
  const input = transformedShape(source, recipe.transforms.train);
  const need = { classes: source.classes.length, inChannels: input[2] };
  const model = options.model ?? createRecipeModel(recipe, engine, need);
  const classifies = taskOf(recipe) === 'classification';
  const metadata = {
    model: describeModel(model),
    classes: classifies ? [...source.classes] : [],
    input: [...input] as [number, number, number],
    source: [source.height, source.width, source.channels] as [number, number, number],
    faceCrop: source.faceCrop,
    recipe,
    images: { train: training.indices.length, validation: validation.indices.length },
  };
  let loaders: Loaders | null = null;
  try {
    if (engineOf(model) !== engine) model.to(engine);
    const mapSize = classifies ? undefined : mapSizeOf(model, input);
    expectSameTraining(ranks, metadata, training);
    loaders = createLoaders(training, validation, { recipe, workers: options.workers ?? 1, mapSize, ranks });
    const checkpoint = await checkpointOf(run, options);
    if (checkpoint) expectSameRun(checkpoint, metadata);
    const shown = validation.indices.length > 0 ? validation : training;
    const grid = run && mapSize ? new DepthGrid(shown, mapSize, recipe) : null;
    const loop = new TrainingLoop({
      engine,
      model,
      recipe,
      loaders,
      metadata,
      run,
      grid,
      ranks,
      signal: options.signal ?? null,
      emit: options.onEvent ?? (() => {}),
    });
    try {
      const { reason, progress } = await loop.run(checkpoint);
      const { step, epochs, best } = progress;
      return { reason, model, engine, recipe, classes: metadata.classes, step, epochs, best, run: run?.path ?? null };
    } finally {
      loop.dispose();
    }
  } catch (error) {
    if (model !== options.model) model.dispose();
    throw error;
  } finally {
    await loaders?.training.close();
    await loaders?.heldOut?.part.close();
  }
}

function openRun({ run, resume = false, ranks = alone }: TrainOptions): RunFolder | null {
  if (ranks.rank > 0 && (run !== undefined || resume))
    throw new ConfigError('run', 'is rank 0 to write, and to resume: give it there.');
  if (run instanceof RunFolder) return run;
  if (run !== undefined) return RunFolder.open(run, { resume });
  if (resume) throw new ConfigError('resume', 'needs the folder of the run (run) to go on with.');
  return null;
}

async function openData(options: TrainOptions, recipe: Recipe, emit: (event: TrainEvent) => void): Promise<Data> {
  const selection = await openSplit(options.data, 'train', recipe, { skipBad: options.skipBad });
  const skipped = describeSkipped(selection.source);
  if (skipped !== null) emit({ kind: 'warning', code: 'skipped-records', text: skipped });
  const data = recipe.validation.split
    ? { train: selection, validation: await openSplit(options.data, 'validation', recipe, { skipBad: options.skipBad }) }
    : holdOut(selection, recipe);
  if (recipe.loss.name === 'depth') {
    expectBothClasses(data.train.source, data.train.indices, 'training');
    if (data.validation.indices.length > 0) expectBothClasses(data.validation.source, data.validation.indices, 'validation');
  }
  if (data.validation.indices.length === 0) {
    const text = 'No images are held out: the last epoch counts as the best.';
    emit({ kind: 'warning', code: 'no-validation', text });
  }
  return data;
}

/** @throws RanksError when not all ranks train by the same recipe on the same images */
function expectSameTraining(ranks: Ranks, metadata: object, { source, indices }: Selection): void {
  if (ranks.size === 1) return;
  const labels = Int32Array.from(indices, (record) => source.label(record));
  expectAlike(
    ranks,
    digestOf([JSON.stringify(metadata), indices, labels]),
    (others) =>
      `The recipe or the images of ${others} are not those of rank 0. Start all ranks with the same options, on copies of the same data.`,
  );
}

async function checkpointOf(run: RunFolder | null, { onEvent }: TrainOptions): Promise<Checkpoint | null> {
  if (!run?.resumes) return null;
  if (run.hasCheckpoint) return readCheckpoint(run.last);
  onEvent?.({ kind: 'warning', code: 'no-checkpoint', text: `${run.path} has no checkpoint yet: the run starts again.` });
  return null;
}

/** Undefined for a model that was not moved to an engine yet. */
function engineOf(model: Module | undefined): Engine | undefined {
  try {
    return model?.parameters().values().next().value?.value.engine;
  } catch (error) {
    if (error instanceof LifetimeError) return undefined;
    throw error;
  }
}
