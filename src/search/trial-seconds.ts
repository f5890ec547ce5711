import { createLoader } from '../data/batches.js';
import type { Genotype } from '../models/index.js';
import type { Module } from '../nn/module.js';
import { holdOut } from '../train/dataset.js';
import { openSplit, type Recipe, train } from '../train/index.js';
import { judgeBatches } from '../train/judging.js';
import type { SearchContext } from './context.js';
import { drawNew, networkText } from './draw.js';
import { genotypeOf, randomCells } from './space.js';
import { trialRecipe } from './trial.js';

/** Networks, steps of each, and batches that each is judged by. */
const networks = 3;
const steps = 8;
const batches = 4;

/**
 * How many seconds this machine takes to train and judge one network of the search for all of its epochs: the mean of some drawn by chance, of each a few
 * steps and batches, scaled up. Nothing is written. A budget of hours becomes a number of candidates by it, before a search begins; no clock decides anything in it.
 * @throws as `train`; ConfigError when no network is within the limit; the reason of the context's signal when that is aborted
 */
export async function trialSeconds(context: SearchContext): Promise<number> {
  const { space } = context.recipe;
  const seen = new Set<string>();
  const seconds: number[] = [];
  while (seconds.length < networks) {
    const drawn = drawNew(context, seconds.length + 1, seen, (rng) => randomCells(space, rng));
    if (!drawn) break;
    seen.add(networkText(space, drawn.cells));
    seconds.push(await secondsOf(context, genotypeOf(space, drawn.cells)));
  }
  return seconds.reduce((sum, one) => sum + one, 0) / seconds.length;
}

async function secondsOf(context: SearchContext, genotype: Genotype): Promise<number> {
  const recipe = trialRecipe(context, 'timed', genotype);
  const { model, setup, stepsPerEpoch, step } = await timeSteps(context, recipe);
  try {
    context.signal?.throwIfAborted();
    return setup + recipe.epochs * (stepsPerEpoch * step + (await judgingSeconds(context, recipe, model)));
  } finally {
    model.dispose();
  }
}

/** Seconds until the first step begins, and those of a step. */
async function timeSteps({ engine, data, workers, signal }: SearchContext, recipe: Recipe) {
  const enough = new AbortController();
  const clock = new Laps();
  const laps: number[] = [];
  let setup = 0;
  let stepsPerEpoch = 0;
  const { model } = await train({
    recipe,
    engine,
    data,
    workers,
    signal: signal ? AbortSignal.any([signal, enough.signal]) : enough.signal,
    onEvent: (event) => {
      const lap = clock.lap();
      if (event.kind === 'start') {
        setup = lap;
        stepsPerEpoch = event.stepsPerEpoch;
      }
      if (event.kind === 'step') laps.push(lap);
      if (laps.length === steps) enough.abort();
    },
  });
  return { model, setup, stepsPerEpoch, step: typical(laps) };
}

/** Of the whole half that is held out. */
async function judgingSeconds({ data, workers, signal }: SearchContext, recipe: Recipe, model: Module): Promise<number> {
  const { batchSize, transforms } = recipe;
  const { source, indices } = holdOut(await openSplit(data, 'train', recipe), recipe).validation;
  const some = indices.subarray(0, batches * batchSize);
  const loader = createLoader(source, { batchSize, transforms: transforms.evaluate, indices: some, workers });
  const clock = new Laps();
  const laps: number[] = [];
  try {
    const onProgress = () => laps.push(clock.lap());
    await judgeBatches(model, loader, { signal: signal ?? undefined, onProgress }, ({ images }) => {
      model.forward(images);
    });
  } finally {
    await loader.close();
  }
  return Math.ceil(indices.length / batchSize) * typical(laps);
}

/** Seconds from one call to the next. */
class Laps {
  private before = performance.now();

  lap(): number {
    const now = performance.now();
    const seconds = (now - this.before) / 1000;
    this.before = now;
    return seconds;
  }
}

/** The median without the first, in which readers start and kernels are compiled, where there are others. */
function typical(laps: readonly number[]): number {
  const [first = 0, ...others] = laps;
  const sorted = others.sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? first;
}
