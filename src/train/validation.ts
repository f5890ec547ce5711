import type { Loader } from '../data/batches.js';
import { stretchOf } from '../data/part.js';
import type { Module } from '../nn/module.js';
import { tallyOf } from './evaluate.js';
import { rateDepth, scoreDepth } from './evaluate-depth.js';
import type { DetectionRates } from './events.js';
import { partOf, type Ranks, sumNumbers } from './ranks.js';
import type { LossOptions } from './recipe.js';

/** What an epoch came to on the images that are held out. */
export interface Validation {
  readonly loss: number;
  readonly accuracy?: number;
  readonly detection?: DetectionRates;
}

/** Images that are held out, divided among the ranks. */
export interface HeldOut {
  /** All of them. */
  readonly records: Int32Array;
  /** This rank's stretch of them. */
  readonly part: Loader;
}

export interface ValidationParts {
  readonly model: Module;
  readonly heldOut: HeldOut;
  readonly loss: LossOptions;
  readonly classes: readonly string[];
  readonly ranks: Ranks;
  readonly signal: AbortSignal | null;
}

/** Sums over this rank's images. */
interface OwnSums {
  readonly loss: number;
  readonly correct: number;
  /** Of a depth network, one an image. */
  readonly scores: readonly number[];
}

const nothing: OwnSums = { loss: 0, correct: 0, scores: [] };

/** The same in all ranks; null in all of them when one was told to stop meanwhile. @throws as evaluate and evaluateDepth */
export async function validate(parts: ValidationParts): Promise<Validation | null> {
  const { heldOut, loss, ranks } = parts;
  const { records, part } = heldOut;
  const own = await ownSums(parts);
  const { loss: ownLoss, correct: ownCorrect, scores } = own ?? nothing;
  const [stopped, lossSum, correct] = sumNumbers(ranks, own ? 0 : 1, ownLoss, ownCorrect) as [number, number, number];
  if (stopped > 0) return null;
  const mean = lossSum / records.length;
  if (loss.name !== 'depth') return { loss: mean, accuracy: correct / records.length };
  const all = new Float64Array(records.length);
  all.set(scores, stretchOf(partOf(ranks), records.length)[0]);
  ranks.sum(all);
  const { rates, threshold } = rateDepth(part.source, records, all);
  const { eer, acer, auc } = rates;
  return { loss: mean, detection: { eer, acer, auc, threshold } };
}

/** Null when the signal came. */
async function ownSums({ model, heldOut, loss, classes, signal }: ValidationParts): Promise<OwnSums | null> {
  const parts = { model, loader: heldOut.part, signal: signal ?? undefined };
  try {
    if (loss.name === 'depth') {
      const { lossSum, scores } = await scoreDepth({ ...parts, loss });
      return { loss: lossSum, correct: 0, scores };
    }
    const { lossSum, first } = await tallyOf({ ...parts, loss, classes });
    return { loss: lossSum, correct: first, scores: [] };
  } catch (error) {
    if (signal?.aborted && error === signal.reason) return null;
    throw error;
  }
}
