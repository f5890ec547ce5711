import fs from 'node:fs';
import path from 'node:path';
import type { Engine } from '../../engine/engine.js';
import { ConfigError } from '../../errors.js';
import { summarize } from '../../metrics/summary.js';
import type { Module } from '../../nn/module.js';
import { readCheckpoint } from '../checkpoint.js';
import { holdOut, openSplit } from '../dataset.js';
import { evaluate } from '../evaluate.js';
import type { TrainEvent } from '../events.js';
import type { Recipe } from '../recipe.js';
import { recipeDifference, recipeOfRun } from '../resume.js';
import { holdsRun, RunFolder } from '../run-folder.js';
import { type TrainResult, train } from '../train.js';
import { blockLinearity } from './block-linearity.js';
import type { Cell } from './plan.js';
import { type BlockLinearity, type CellResult, readResult } from './result.js';

export interface RunCellOptions {
  readonly engine: Engine;
  /** As `codeVersion` gives it. */
  readonly commit: string;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: TrainEvent) => void;
  readonly onTesting?: (done: number, total: number) => void;
}

/**
 * The result of a finished run; null where it is not finished.
 * @throws ConfigError when the folder holds a run of another recipe; FormatError when its files cannot be read
 */
export async function finishedResult(cell: Cell): Promise<CellResult | null> {
  if (!holdsRun(cell.folder)) return null;
  const at = (name: string) => path.join(cell.folder, name);
  const last = at('last.safetensors');
  const recipe = await recipeOfRun({ config: at('config.json'), last, hasCheckpoint: fs.existsSync(last) });
  const difference = recipe && recipeDifference(recipe, cell.recipe);
  if (difference) {
    const { key, before, now } = difference;
    throw new ConfigError(
      key,
      `is ${now} in the table, but the run in ${cell.folder} was trained with ${before}. ` +
        'Move that folder away to train the row again, or keep the runs of this table elsewhere (--out).',
    );
  }
  return readResult(cell.folder);
}

/**
 * Trains what is missing of a run, judges the weights that validation chose on the test images, once, and keeps the result in the run's
 * folder. A run that was cut goes on where its last checkpoint stands. Null when the signal came.
 */
export async function runCell(cell: Cell, options: RunCellOptions): Promise<CellResult | null> {
  const { engine, signal, onEvent } = options;
  const resume = holdsRun(cell.folder);
  const run = RunFolder.open(cell.folder, { resume });
  try {
    const trained = await train({ recipe: cell.recipe, run, resume, engine, signal, onEvent });
    try {
      if (trained.reason === 'interrupted') return null;
      const result = await judge(cell, run, trained, options);
      await run.writeSummary(result);
      return result;
    } finally {
      trained.model.dispose();
    }
  } catch (error) {
    if (signal?.aborted && error === signal.reason) return null;
    throw error;
  } finally {
    run.close();
  }
}

/** On images that were not trained on. */
async function linearityOf(model: Module, recipe: Recipe): Promise<BlockLinearity[]> {
  const { validation } = holdOut(await openSplit(undefined, 'train', recipe), recipe);
  return blockLinearity(model, validation, recipe);
}

async function judge(
  cell: Cell,
  run: RunFolder,
  { model, classes, epochs, best }: TrainResult,
  { commit, signal, onTesting }: RunCellOptions,
): Promise<CellResult> {
  const { recipe } = cell;
  const { input, images } = await readCheckpoint(run.best);
  const linearity = cell.measuresLinearity ? await linearityOf(model, recipe) : [];
  const test = await openSplit(undefined, 'test', recipe, { classes, expectSplit: true });
  const { top1 } = await evaluate({
    model,
    ...test,
    classes,
    transforms: recipe.transforms.evaluate,
    loss: recipe.loss,
    signal,
    onProgress: onTesting,
  });
  const { parameters, macs, binaryMacs, operations } = summarize(model, input).totals;
  const training = epochs.reduce((sum, epoch) => sum + images.train / epoch.imagesPerSecond, 0);
  return {
    table: cell.table,
    row: cell.row.id,
    recipe: recipe.name,
    seed: cell.seed,
    epochs: epochs.length,
    images: images.train,
    bestEpoch: best?.epoch ?? epochs.length,
    parameters,
    macs,
    bops: binaryMacs,
    ops: operations,
    top1Validation: best?.accuracy ?? null,
    top1Test: top1,
    seconds: epochs.reduce((sum, { seconds }) => sum + seconds, 0),
    imagesPerSecond: (epochs.length * images.train) / training,
    commit,
    linearity,
  };
}
