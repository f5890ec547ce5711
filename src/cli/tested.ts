import { formatCount, formatLoss, formatShare } from '../report/format.js';
import { type Paint, printable } from '../report/terminal.js';
import {
  type DepthEvaluation,
  type Evaluation,
  evaluate,
  evaluateDepth,
  type Selection,
  type TrainResult,
} from '../train/index.js';

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
  onProgress: ((done: number, total: number) => void) | undefined,
): Promise<TestResult | null> {
  const judged = { model, ...selection, transforms: recipe.transforms.evaluate, onProgress };
  if (recipe.loss.name !== 'depth') return evaluate({ ...judged, classes, loss: recipe.loss });
  if (!best?.detection) return null;
  const { scores: _, ...test } = await evaluateDepth({ ...judged, loss: recipe.loss, threshold: best.detection.threshold });
  return test;
}

/** In a sentence. */
export function formatTest(test: TestResult, epoch: number, paint: Paint): string {
  const images = `${formatCount(test.count)} images that training never saw`;
  const weights = `with the weights of epoch ${epoch}`;
  if ('top1' in test) {
    const facts = `top-5 ${formatShare(test.top5)}, loss ${formatLoss(test.loss)}`;
    return `${paint.bold(`Test accuracy ${formatShare(test.top1)}`)} on ${images} (${facts}), ${weights}.`;
  }
  const { acer, apcerAp, worstSpecies, bpcer, eer, auc } = test.rates;
  const worst = worstSpecies === null ? '' : ` of ${printable(worstSpecies)}, the worst species`;
  const facts = [
    `APCER ${formatShare(apcerAp)}${worst}`,
    `BPCER ${formatShare(bpcer)}`,
    `EER ${formatShare(eer)}`,
    `AUC ${formatShare(auc)}`,
  ].join(', ');
  return `${paint.bold(`Test ACER ${formatShare(acer)}`)} on ${images} (${facts}), at the threshold that the validation images gave, ${weights}.`;
}
