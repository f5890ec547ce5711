import { createLoader, type Loader } from '../data/batches.js';
import type { Source } from '../data/source.js';
import type { TransformInput } from '../data/transforms.js';
import { chooseThreshold, type Rates, rank, ratesAt } from '../metrics/attack-detection/index.js';
import { depthScores } from '../metrics/depth-score.js';
import type { Module } from '../nn/module.js';
import { mapSizeOf, presentationOf, transformedShape } from './depth-data.js';
import { type JudgingOptions, judgeBatches } from './judging.js';
import { depthLoss } from './loss.js';

export interface EvaluateDepthOptions extends JudgingOptions {
  /** On an engine; answers with depth maps. */
  readonly model: Module;
  /** Images with target maps; what it does not say of attack species counts as one. */
  readonly source: Source;
  /** Records of the source; all unless given. */
  readonly indices?: ArrayLike<number>;
  /** What is done to every image (a recipe's `transforms.evaluate`). */
  readonly transforms?: readonly TransformInput[];
  /** 16 unless given. Results do not depend on it but for the rounding of the loss. */
  readonly batchSize?: number;
  /** 1 unless given. */
  readonly loss?: { readonly contrast?: number };
  readonly workers?: number;
  /** A score from here on is bona fide; unless given, the threshold of the equal error rate on these very images. */
  readonly threshold?: number;
}

/** A depth network as a detector of attacks, by ISO/IEC 30107-3. */
export interface DepthEvaluation {
  /** Mean depth loss. */
  readonly loss: number;
  readonly count: number;
  readonly threshold: number;
  readonly rates: Rates;
  /** The mean of the answered map, by place in the images that were judged. */
  readonly scores: Float64Array;
}

/**
 * Judges a depth network in its evaluation form, and leaves it in the form it had. The score of an image is the mean of its map: high for a live face, near 0 for an attack.
 * @throws DataError when a record cannot be read; ShapeError when the model does not give [batch, height, width]; ConfigError when a threshold is to be chosen of
 *   images that are not both bona fide and attacks; the signal's reason when it is aborted
 */
export async function evaluateDepth(options: EvaluateDepthOptions): Promise<DepthEvaluation> {
  const { model, source, indices, transforms = [], batchSize = 16, workers = 1 } = options;
  const plain = { batchSize, transforms, indices, workers };
  const mapSize = mapSizeOf(model, transformedShape(source, transforms));
  const loader = createLoader(source, { ...plain, mapSize });
  try {
    const { records, scores, lossSum } = await scoreDepth({ ...options, loader });
    const { rates, threshold } = rateDepth(source, records, scores, options.threshold);
    const count = records.length;
    return { loss: lossSum / count, count, threshold, rates, scores: Float64Array.from(scores) };
  } finally {
    await loader.close();
  }
}

/** What a depth network says of a loader's images. */
interface DepthScores {
  readonly records: readonly number[];
  /** One for each record. */
  readonly scores: readonly number[];
  /** Of the images' losses. */
  readonly lossSum: number;
}

export async function scoreDepth({
  model,
  loader,
  loss: { contrast = 1 } = {},
  ...options
}: Pick<EvaluateDepthOptions, 'model' | 'loss' | 'signal' | 'onProgress'> & { readonly loader: Loader }): Promise<DepthScores> {
  const records: number[] = [];
  const scores: number[] = [];
  let lossSum = 0;
  await judgeBatches(model, loader, options, (tensors, batch) => {
    const [loss, maps] = depthLoss(model, tensors, { name: 'depth', contrast });
    records.push(...batch.records);
    scores.push(...depthScores(maps.view(), batch.records.length));
    lossSum += loss.item() * batch.records.length;
  });
  return { records, scores, lossSum };
}

/** @param threshold that of the equal error rate on these scores, unless given */
export function rateDepth(
  source: Source,
  records: ArrayLike<number>,
  scores: ArrayLike<number>,
  threshold?: number,
): Pick<DepthEvaluation, 'rates' | 'threshold'> {
  const ranking = rank(Array.from(records, (record, i) => ({ ...presentationOf(source, record), score: scores[i]! })));
  const chosen = threshold ?? chooseThreshold(ranking, { kind: 'eer' });
  return { threshold: chosen, rates: ratesAt(ranking, chosen) };
}
