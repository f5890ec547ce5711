import type { Selection } from './dataset.js';
import { type Evaluation, evaluate } from './evaluate.js';
import { type DepthEvaluation, evaluateDepth } from './evaluate-depth.js';
import type { JudgingOptions } from './judging.js';
import type { TrainResult } from './train.js';

/** A depth network as a detector of attacks, at the threshold that the validation images gave. */
export type DepthTest = Omit<DepthEvaluation, 'scores'>;

export type TestResult = Evaluation | DepthTest;

/**
 * What training gave on the test images. Null for a depth network without validation images: a threshold that is chosen on the images that are
 * judged says nothing.
 */
export async function testOn(
  selection: Selection,
  { model, recipe, classes, best }: TrainResult,
  options: JudgingOptions = {},
): Promise<TestResult | null> {
  const judged = { model, ...selection, transforms: recipe.transforms.evaluate, ...options };
  if (recipe.loss.name !== 'depth') return evaluate({ ...judged, classes, loss: recipe.loss });
  if (!best?.detection) return null;
  const { scores: _, ...test } = await evaluateDepth({ ...judged, loss: recipe.loss, threshold: best.detection.threshold });
  return test;
}
