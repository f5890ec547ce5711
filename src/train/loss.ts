import type { Module } from '../nn/module.js';
import * as ops from '../ops/index.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Recipe } from './recipe.js';

export type LossOptions = Recipe['loss'];

/**
 * The loss of a batch and the model's logits: cross-entropy, plus the weighted auxiliary losses of a model that trains.
 * @param images [batch, height, width, channels]
 * @param labels int32 [batch]
 */
export function classify(
  model: Module,
  images: Tensor,
  labels: Tensor,
  { smoothing, lasso }: LossOptions,
): readonly [loss: Tensor, logits: Tensor] {
  const logits = model.forward(images);
  const loss = ops.crossEntropy(logits, labels, smoothing);
  if (lasso === 0) return [loss, logits];
  return [model.auxiliaryLosses().reduce((total, term) => ops.add(total, ops.scale(term, lasso)), loss), logits];
}
