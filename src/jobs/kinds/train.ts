import path from 'node:path';
import { createEngine, type Engine } from '../../engine/index.js';
import { ConfigError } from '../../errors.js';
import { trainingData } from '../../pad/index.js';
import { readCheckpoint, writeCheckpoint } from '../../train/checkpoint.js';
import {
  type EpochEvent,
  holdsRun,
  openSplit,
  parseRecipe,
  type Recipe,
  type TestResult,
  type TrainResult,
  testOn,
  train,
} from '../../train/index.js';
import { startingProgress } from '../../train/progress.js';
import type { Task } from '../task.js';
import { judgesVideos, judgeVideos } from './judge-videos.js';
import type { Measures, TaskContext, TaskKind } from './kind.js';

/** The recipe of a `train` task, for data that lies at `place`. @throws ConfigError */
function recipeOf({ config, seed }: Task, place: string | null): Recipe {
  const { recipe } = config;
  if (typeof recipe !== 'object' || recipe === null || Array.isArray(recipe))
    throw new ConfigError('config.recipe', 'is missing.');
  const parsed = parseRecipe({ ...recipe, seed });
  return { ...parsed, data: { ...parsed.data, source: place } };
}

/**
 * Trains by the recipe, judges the weights that validation chose on the test images once, and keeps them. What no two runs share, such as times, goes
 * into the log alone.
 */
export const trainKind: TaskKind = async (context) => {
  const { task, place, out, threads } = context;
  const recipe = recipeOf(task, place);
  const engine = await createEngine({ threads });
  let measures: Measures | null;
  try {
    measures = await trainOn(engine, recipe, context);
  } finally {
    engine.dispose();
  }
  if (!measures || !judgesVideos(recipe)) return measures;
  return { ...measures, ...(await judgeVideos(path.join(out, weightsFile), recipe, context)) };
};

const weightsFile = 'weights.safetensors';

/** Null when the signal cut it. */
async function trainOn(engine: Engine, recipe: Recipe, context: TaskContext): Promise<Measures | null> {
  const { work, signal, log, onProgress } = context;
  const run = path.join(work, 'run');
  const data = trainingData(recipe);
  const { epochs } = recipe;
  let measures: Measures = {};
  const trained = await train({
    ...{ recipe, engine, run, signal, data, resume: holdsRun(run) },
    onEvent: (event) => {
      if (event.kind !== 'step') log(JSON.stringify(event));
      if (event.kind === 'epoch') measures = epochMeasures(event);
      if (event.kind === 'step') {
        const { epoch, batch, batches } = event;
        onProgress({ share: (epoch - 1 + batch / batches) / epochs, epoch, epochs, measures });
      }
    },
  });
  try {
    if (trained.reason === 'interrupted') return null;
    await keepWeights(path.join(run, 'best.safetensors'), context);
    const { classes, best } = trained;
    const measures = { best_epoch: best?.epoch ?? recipe.epochs, ...validationMeasures(best) };
    if (judgesVideos(recipe)) return measures;
    const named = classes.length > 0 ? { classes } : {};
    const test = await testOn(await openSplit(data, 'test', recipe, { ...named, expectSplit: true }), trained, { signal });
    return { ...measures, ...testMeasures(test) };
  } finally {
    trained.model.dispose();
  }
}

/** What an epoch says of the validation images. */
function epochMeasures({ detection, validationAccuracy }: EpochEvent): Measures {
  return detection ? { eer_validation: detection.eer } : { top1_validation: validationAccuracy };
}

function validationMeasures(best: TrainResult['best']): Measures {
  if (!best?.detection) return { top1_validation: best?.accuracy ?? null };
  const { eer, acer, auc, threshold } = best.detection;
  return { eer_validation: eer, acer_validation: acer, auc_validation: auc, threshold };
}

/** Of a depth network at the threshold of the validation images; none where there were none. */
function testMeasures(test: TestResult | null): Measures {
  if (!test) return {};
  if ('top1' in test) return { top1_test: test.top1, loss_test: test.loss };
  const { acer, apcerAp, bpcer, eer, auc } = test.rates;
  return { acer_test: acer, apcer_test: apcerAp, bpcer_test: bpcer, eer_test: eer, auc_test: auc };
}

/** The weights without the course of the training, whose times differ, and without the place of the data. */
async function keepWeights(file: string, { out }: TaskContext): Promise<void> {
  const { path: _, progress, optimizer: _optimizer, recipe, ...content } = await readCheckpoint(file);
  const { step, epoch } = progress;
  await writeCheckpoint(path.join(out, weightsFile), {
    ...content,
    progress: { ...startingProgress(), step, epoch },
    recipe: { ...recipe, data: { ...recipe.data, source: null } },
  });
}
