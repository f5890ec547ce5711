import { formatCount, formatLoss, formatShare } from '../report/format.js';
import { type Paint, printable } from '../report/terminal.js';
import type { TestResult } from '../train/index.js';

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
