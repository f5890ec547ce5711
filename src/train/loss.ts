import { ConfigError } from '../errors.js';
import type { Module } from '../nn/module.js';
import * as ops from '../ops/index.js';
import type { Tensor } from '../tensor/tensor.js';
import type { LossOptions } from './recipe.js';
import type { BatchTensors } from './upload.js';

type ClassLoss = Extract<LossOptions, { name: 'cross-entropy' }>;
type DepthLoss = Extract<LossOptions, { name: 'depth' }>;

/** The loss of a batch, a scalar, and what the model answered: logits [batch, classes], or maps [batch, height, width]. */
export function lossOf(model: Module, batch: BatchTensors, options: LossOptions): readonly [loss: Tensor, answers: Tensor] {
  return options.name === 'depth' ? depthLoss(model, batch, options) : classify(model, batch, options);
}

/** Cross-entropy, plus the weighted auxiliary losses of a model that trains. */
export function classify(
  model: Module,
  { images, labels }: Pick<BatchTensors, 'images' | 'labels'>,
  { smoothing, lasso }: ClassLoss,
): readonly [loss: Tensor, logits: Tensor] {
  const logits = model.forward(images);
  const loss = ops.crossEntropy(logits, labels, smoothing);
  if (lasso === 0) return [loss, logits];
  return [model.auxiliaryLosses().reduce((total, term) => ops.add(total, ops.scale(term, lasso)), loss), logits];
}

/**
 * Mean squared error of the maps and, weighted, of their contrasts: of how each pixel differs from its eight neighbours, so that a map that is right on
 * average but flat is not (CDCN, equation 7).
 * @throws ConfigError for a batch without target maps; ShapeError for maps of another size than the model's
 */
export function depthLoss(
  model: Module,
  { images, maps }: Pick<BatchTensors, 'images' | 'maps'>,
  { contrast }: DepthLoss,
): readonly [loss: Tensor, map: Tensor] {
  if (!maps) throw new ConfigError('loss.name', 'the depth loss needs images with target maps, and these have none.');
  const map = model.forward(images);
  const loss = ops.meanSquaredError(map, maps);
  if (contrast === 0) return [loss, map];
  return [ops.add(loss, ops.scale(ops.contrastiveDepthLoss(map, maps), contrast)), map];
}
