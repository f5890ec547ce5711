import path from 'node:path';
import { createEngine } from '../../engine/index.js';
import { ConfigError } from '../../errors.js';
import { readCheckpoint, writeCheckpoint } from '../../train/checkpoint.js';
import { evaluate, holdsRun, openSplit, parseRecipe, type Recipe, train } from '../../train/index.js';
import { startingProgress } from '../../train/progress.js';
import type { Task } from '../task.js';
import type { TaskContext, TaskKind } from './kind.js';

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
  const { task, place, work, threads, signal, log, onProgress } = context;
  const recipe = recipeOf(task, place);
  const engine = await createEngine({ threads });
  try {
    const run = path.join(work, 'run');
    const trained = await train({
      ...{ recipe, engine, run, signal, resume: holdsRun(run) },
      onEvent: (event) => {
        if (event.kind !== 'step') log(JSON.stringify(event));
        if (event.kind === 'epoch') onProgress(event.epoch / recipe.epochs);
      },
    });
    try {
      if (trained.reason === 'interrupted') return null;
      await keepWeights(path.join(run, 'best.safetensors'), context);
      const { model, classes, best } = trained;
      const test = await openSplit(undefined, 'test', recipe, { classes, expectSplit: true });
      const { transforms, loss } = recipe;
      const judged = await evaluate({ model, ...test, classes, transforms: transforms.evaluate, loss, signal });
      return {
        best_epoch: best?.epoch ?? recipe.epochs,
        top1_validation: best?.accuracy ?? null,
        top1_test: judged.top1,
        loss_test: judged.loss,
      };
    } finally {
      trained.model.dispose();
    }
  } finally {
    engine.dispose();
  }
};

/** The weights without the course of the training, whose times differ, and without the place of the data. */
async function keepWeights(file: string, { out }: TaskContext): Promise<void> {
  const { path: _, progress, optimizer: _optimizer, recipe, ...content } = await readCheckpoint(file);
  const { step, epoch } = progress;
  await writeCheckpoint(path.join(out, 'weights.safetensors'), {
    ...content,
    progress: { ...startingProgress(), step, epoch },
    recipe: { ...recipe, data: { ...recipe.data, source: null } },
  });
}
