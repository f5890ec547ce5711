import { createLoader, type Loader } from '../data/batches.js';
import type { Source } from '../data/source.js';
import type { TransformInput } from '../data/transforms.js';
import { ConfigError, ShapeError } from '../errors.js';
import { countCorrect, predictions } from '../metrics/accuracy.js';
import { addConfusion, type ClassScores, classScores, confusionMatrix, emptyMatrix } from '../metrics/confusion.js';
import type { Module } from '../nn/module.js';
import { formatShape } from '../tensor/shape.js';
import { judgeBatches } from './judging.js';
import { classify } from './loss.js';

export interface EvaluateOptions {
  /** On an engine. */
  readonly model: Module;
  /** Either a source, or a loader that does not shuffle. */
  readonly source?: Source;
  readonly loader?: Loader;
  /** Class names; the source's unless given, and numbers without either. */
  readonly classes?: readonly string[];
  /** Records of the source; all unless given. */
  readonly indices?: ArrayLike<number>;
  /** For a source: what is done to every image (a recipe's `transforms.evaluate`). */
  readonly transforms?: readonly TransformInput[];
  /** For a source; 128 unless given. Results do not depend on it but for the rounding of the loss. */
  readonly batchSize?: number;
  readonly loss?: { readonly name?: string; readonly smoothing?: number };
  readonly workers?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Evaluation {
  /** Mean cross-entropy. */
  readonly loss: number;
  /** Share of the images whose class got the highest score. */
  readonly top1: number;
  /** Share of the images whose class is among the five highest scores. */
  readonly top5: number;
  readonly count: number;
  /** `confusion[t][a]`: images of class t that were answered a. */
  readonly confusion: readonly (readonly number[])[];
  readonly perClass: readonly ClassScores[];
}

/**
 * Judges a model in its evaluation form, and leaves it in the form it had. When scores tie, the class with the lowest number is the
 * answer.
 * @throws DataError when a record cannot be read; ConfigError without source and loader; ShapeError when the model does not give
 *   [batch, classes]; the signal's reason when it is aborted
 */
export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  const { source } = options;
  if (options.loader) return (await tallyOf({ ...options, loader: options.loader })).result();
  if (!source) throw new ConfigError('source', 'is missing; evaluate needs a source or a loader.');
  const loader = createLoader(source, {
    batchSize: options.batchSize ?? 128,
    transforms: options.transforms ?? [],
    indices: options.indices,
    workers: options.workers ?? 1,
  });
  try {
    return (await tallyOf({ ...options, loader })).result();
  } finally {
    await loader.close();
  }
}

/** The sums that an evaluation is made of. @throws as {@link evaluate} */
export async function tallyOf({
  model,
  source,
  classes,
  loader,
  loss = {},
  ...options
}: EvaluateOptions & { readonly loader: Loader }): Promise<Tally> {
  const { smoothing = 0 } = loss;
  const tally = new Tally(classes ?? source?.classes ?? null);
  await judgeBatches(model, loader, options, (tensors, { labels }) => {
    const [mean, logits] = classify(model, tensors, { name: 'cross-entropy', smoothing, lasso: 0 });
    if (logits.shape.length !== 2) throw new ShapeError('evaluate', `scores ${formatShape(logits.shape)}`, '[batch, classes]');
    tally.add(labels, logits.view(), logits.shape[1]!, mean.item());
  });
  return tally;
}

/** Sums over the batches of an evaluation. */
class Tally {
  count = 0;
  /** Of the images' cross-entropies. */
  lossSum = 0;
  /** Images whose class got the highest score. */
  first = 0;
  private amongFive = 0;
  private confusion: number[][] = [];

  constructor(private readonly names: readonly string[] | null) {}

  /** @param scores [labels.length, classes] */
  add(labels: Int32Array, scores: ArrayLike<number>, classes: number, meanLoss: number): void {
    if (this.names && this.names.length !== classes) {
      throw new ShapeError('evaluate', `scores for ${classes} classes`, `${this.names.length}, one for each class of the data`);
    }
    if (this.count === 0) this.confusion = emptyMatrix(classes);
    this.confusion = addConfusion(this.confusion, confusionMatrix(labels, predictions(scores, classes), classes));
    this.first += countCorrect(scores, labels);
    this.amongFive += countCorrect(scores, labels, 5);
    this.count += labels.length;
    this.lossSum += meanLoss * labels.length;
  }

  result(): Evaluation {
    const { count, confusion, names } = this;
    return {
      loss: this.lossSum / count,
      top1: this.first / count,
      top5: this.amongFive / count,
      count,
      confusion,
      perClass: classScores(confusion, names ?? []),
    };
  }
}
