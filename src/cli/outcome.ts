import { DataError } from '../errors.js';
import { summarize } from '../metrics/summary.js';
import { createModel, modelEntry } from '../models/index.js';
import { formatCostComparison, type NetworkCost } from '../report/cost-comparison.js';
import { formatCount, formatDuration, formatLoss, formatShare } from '../report/format.js';
import { paintFor, wrap } from '../report/terminal.js';
import { type Evaluation, evaluate, openSplit, readCheckpoint, type TrainResult } from '../train/index.js';
import type { Console } from './console.js';
import { formatNext, type NextStep } from './next.js';

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
  /** On the test images, which training never saw, with the best weights; null where the data has no test split. */
  readonly test: Evaluation | null;
  /** For one image; the twin is the same network of plain convolutions, where there is one. */
  readonly cost: { readonly model: NetworkCost; readonly twin: NetworkCost | null };
  readonly run: string;
  readonly next: readonly NextStep[];
}

export interface FinishedRun {
  readonly result: TrainResult;
  /** Folder of the run, and its best checkpoint. */
  readonly run: string;
  readonly best: string;
  readonly skipBad: boolean;
  readonly next: readonly NextStep[];
  readonly onProgress?: (done: number, total: number) => void;
}

/** Judges what training gave on the test images, which are read this once. */
export async function outcomeOf(finished: FinishedRun): Promise<Outcome> {
  const { result, run, best, next } = finished;
  const { recipe, model, classes } = result;
  const { input } = await readCheckpoint(best);
  const { name, options } = recipe.model;
  const { twin } = modelEntry(name);
  const twinModel = twin === null ? null : createModel(twin, { classes: classes.length, inChannels: input[2], ...options });
  return {
    recipe: recipe.name,
    model: name,
    seed: recipe.seed,
    epochs: result.epochs.length,
    steps: result.step,
    seconds: result.epochs.reduce((sum, { seconds }) => sum + seconds, 0),
    best: result.best,
    test: await testOf(finished),
    cost: {
      model: { name, ...summarize(model, input).totals },
      twin: twinModel && { name: twin!, ...summarize(twinModel, input).totals },
    },
    run,
    next,
  };
}

async function testOf({ result, skipBad, onProgress }: FinishedRun): Promise<Evaluation | null> {
  const { recipe, model, classes } = result;
  try {
    const { source, indices } = await openSplit(undefined, 'test', recipe, { skipBad, classes });
    const { transforms, loss } = recipe;
    return await evaluate({ model, source, indices, classes, transforms: transforms.evaluate, loss, onProgress });
  } catch (error) {
    const isAbsent = error instanceof DataError && (error.reason === 'no-split' || error.reason === 'not-found');
    if (isAbsent) return null;
    throw error;
  }
}

/** Accuracy, cost beside the twin's, where everything lies, what to do next. */
export function formatOutcome(outcome: Outcome, console: Console): string {
  const style = { width: console.output.columns(), color: console.output.color };
  const { test, best, cost, run } = outcome;
  const paint = paintFor(style.color);
  const tested = test
    ? `${paint.bold(`Test accuracy ${formatShare(test.top1)}`)} on ${formatCount(test.count)} images that training never saw ` +
      `(top-5 ${formatShare(test.top5)}, loss ${formatLoss(test.loss)}), with the weights of epoch ${best?.epoch ?? outcome.epochs}.`
    : 'The data has no test images: the accuracy on what was held out is all there is to go by.';
  const { model, twin } = cost;
  const versus = twin
    ? `\n\n${wrap(`${twin.name} is the same network with plain convolutions, for comparison; it was not trained.`, style.width)}`
    : '';
  return [
    wrap(tested, style.width),
    '',
    formatCostComparison(model, twin, style) + versus,
    '',
    wrap(`Trained for ${formatDuration(outcome.seconds)}. Run folder: ${paint.bold(run)}`, style.width),
    '  curves.svg  summary.json  log.jsonl  best.safetensors  last.safetensors',
    '',
    formatNext(outcome.next, console),
  ].join('\n');
}
