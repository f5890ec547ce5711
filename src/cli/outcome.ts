import { DataError } from '../errors.js';
import { summarize } from '../metrics/summary.js';
import { createModel, modelEntry } from '../models/index.js';
import { formatCostComparison, type NetworkCost } from '../report/cost-comparison.js';
import { formatDuration } from '../report/format.js';
import { paintFor, printable, wrap } from '../report/terminal.js';
import {
  describeSkipped,
  openSplit,
  type Recipe,
  readCheckpoint,
  type Selection,
  type TestResult,
  type TrainingData,
  type TrainResult,
  testOn,
} from '../train/index.js';
import type { Console } from './console.js';
import { formatNext, type NextStep } from './next.js';
import { formatTest } from './tested.js';

/** What a finished run came to: summary.json, and the end of what `train` prints. */
export interface Outcome {
  readonly recipe: string;
  readonly model: string;
  readonly seed: number;
  readonly epochs: number;
  readonly steps: number;
  /** Of all epochs, validations included. */
  readonly seconds: number;
  readonly best: TrainResult['best'];
  /** On the test images, which training never saw, with the best weights; null where the data has no test split, or there is no threshold to judge by. */
  readonly test: TestResult | null;
  /** Bad test records that were left out, in a sentence; null for none. */
  readonly skipped: string | null;
  /** For one image; the twin is the same network of plain convolutions, where there is one. */
  readonly cost: { readonly model: NetworkCost; readonly twin: NetworkCost | null };
  readonly run: string;
  readonly next: readonly NextStep[];
}

export interface FinishedRun {
  readonly result: TrainResult;
  /** Where the recipe says, unless given. */
  readonly data: TrainingData | undefined;
  /** Folder of the run, and its best checkpoint. */
  readonly run: string;
  readonly best: string;
  readonly skipBad: boolean;
  readonly next: readonly NextStep[];
  readonly onProgress?: (done: number, total: number) => void;
}

/** Judges what training gave on the test images, which are read this once. */
export async function outcomeOf(finished: FinishedRun): Promise<Outcome> {
  const { result, data, run, best, skipBad, next, onProgress } = finished;
  const { recipe, model, classes } = result;
  const { input } = await readCheckpoint(best);
  const { name, options } = recipe.model;
  const { twin } = modelEntry(name);
  const answers = classes.length > 0 ? { classes: classes.length } : {};
  const twinModel = twin === null ? null : createModel(twin, { ...answers, inChannels: input[2], ...options });
  const selection = await openTest(data, recipe, { skipBad, ...(classes.length > 0 && { classes }) });
  const test = selection && (await testOn(selection, result, { onProgress }));
  return {
    recipe: recipe.name,
    model: name,
    seed: recipe.seed,
    epochs: result.epochs.length,
    steps: result.step,
    seconds: result.epochs.reduce((sum, { seconds }) => sum + seconds, 0),
    best: result.best,
    test,
    skipped: selection && describeSkipped(selection.source),
    cost: {
      model: { name, ...summarize(model, input).totals },
      twin: twinModel && { name: twin!, ...summarize(twinModel, input).totals },
    },
    run,
    next,
  };
}

/** The images to test on; null where the data has no test split. @throws DataError when they cannot be read */
export async function openTest(
  data: TrainingData | undefined,
  recipe: Recipe,
  options: { readonly skipBad?: boolean; readonly classes?: readonly string[] },
): Promise<Selection | null> {
  try {
    return await openSplit(data, 'test', recipe, { ...options, expectSplit: true });
  } catch (error) {
    // A file with a record number is one of the pictures: it is missing from a split that is there.
    const isAbsent = error instanceof DataError && error.record === null && ['no-split', 'not-found'].includes(error.reason);
    if (isAbsent) return null;
    throw error;
  }
}

function picturesOf({ model }: Outcome): string {
  return modelEntry(model).task === 'depth-map' ? 'curves.svg depth-maps.png' : 'curves.svg';
}

function untested({ model, best }: Outcome): string {
  const lacksThreshold = modelEntry(model).task === 'depth-map' && !best?.detection;
  return lacksThreshold
    ? 'Nothing was held out to choose a threshold by: nothing was tested.'
    : 'The data has no test images: what was found on those held out is all there is to go by.';
}

/** Accuracy, cost beside the twin's, where everything lies, what to do next. */
export function formatOutcome(outcome: Outcome, console: Console): string {
  const style = { width: console.output.columns(), color: console.output.color };
  const { test, best, cost, run } = outcome;
  const paint = paintFor(style.color);
  const tested = test ? formatTest(test, best?.epoch ?? outcome.epochs, paint) : untested(outcome);
  const { model, twin } = cost;
  const versus = twin
    ? `\n\n${wrap(`${twin.name} is the same network with plain convolutions, for comparison; it was not trained.`, style.width)}`
    : '';
  return [
    wrap(tested, style.width),
    ...(outcome.skipped === null ? [] : [wrap(`${paint.yellow('warning:')} ${printable(outcome.skipped)}`, style.width)]),
    '',
    formatCostComparison(model, twin, style) + versus,
    '',
    wrap(`Trained for ${formatDuration(outcome.seconds)}. Run folder: ${paint.bold(run)}`, style.width),
    wrap(`${picturesOf(outcome)} summary.json log.jsonl best.safetensors last.safetensors`, style.width, '  '),
    '',
    formatNext(outcome.next, console),
  ].join('\n');
}
