import type { Batch } from '../data/batches.js';
import type { Engine } from '../engine/engine.js';
import type { Module } from '../nn/module.js';
import { scope } from '../tensor/scope.js';
import { withGradients } from '../tensor/tape.js';
import { Tensor } from '../tensor/tensor.js';
import type { WeightAverage } from './average.js';
import type { DataParallel } from './data-parallel.js';
import { firstBadGradient, firstNonFinite } from './divergence.js';
import { clipGradients, globalNorm } from './gradients.js';
import { lossOf } from './loss.js';
import type { Optimizer } from './optimizer.js';
import { alone, sumNumbers } from './ranks.js';
import type { LossOptions } from './recipe.js';
import { uploadBatch } from './upload.js';

export interface StepParts {
  readonly engine: Engine;
  /** In training form. */
  readonly model: Module;
  readonly optimizer: Optimizer;
  readonly average: WeightAverage | null;
  readonly loss: LossOptions;
  readonly gradientClip: number | null;
  /** With other ranks; null or absent for a process that trains by itself. */
  readonly parallel?: DataParallel | null;
}

export interface StepOutcome {
  /** Of the batch of all ranks before the update, auxiliary losses included. */
  readonly loss: number;
  /** Images of that batch whose class got the highest score; null for a network that does not classify. */
  readonly correct: number | null;
  /** Null; or where numbers first went bad, in which case nothing was updated but running statistics. */
  readonly badLayer: string | null;
}

/**
 * One step of training on one batch, or on this rank's part of it. All that it makes is freed at its end. What decides anything is a sum over the
 * ranks, so that all come to the same end.
 */
export function trainStep(parts: StepParts, batch: Batch, learningRate: number): StepOutcome {
  const { engine, model, optimizer, average, loss: lossOptions, gradientClip, parallel } = parts;
  return scope(engine, () => {
    const tensors = uploadBatch(engine, batch);
    const weights = [...model.parameters().values()].map((parameter) => parameter.value);
    const images = batch.labels.length;
    const forward = () => {
      const [loss, answers] = lossOf(model, tensors, lossOptions);
      return [parallel ? parallel.weigh(loss, images) : loss, answers] as const;
    };
    const { loss, outputs, gradients } = withGradients(engine, weights, forward);
    parallel?.sum(gradients, images);
    const isClassifier = lossOptions.name !== 'depth';
    const own = isClassifier ? countCorrect(outputs[0]!, batch.labels) : 0;
    const [value, correct] = sumNumbers(parallel?.ranks ?? alone, loss.item(), own) as [number, number];
    const norm = globalNorm(gradients);
    if (!Number.isFinite(value) || !Number.isFinite(norm)) {
      const badLayer = firstNonFinite(model, forward) ?? firstBadGradient(model, gradients) ?? 'the norm of the gradients';
      return { loss: value, correct: null, badLayer };
    }
    if (gradientClip !== null) clipGradients(gradients, norm, gradientClip);
    optimizer.step(gradients, learningRate);
    average?.update();
    return { loss: value, correct: isClassifier ? correct : null, badLayer: null };
  });
}

function countCorrect(logits: Tensor, labels: Int32Array): number {
  const { engine } = logits;
  const [rows, classes] = logits.shape as [number, number];
  const answers = Tensor.empty(engine, [rows], 'int32', 'answers');
  engine.kernels.argmaxRows(rows, classes, logits.address, answers.address);
  const answered = engine.ints(answers.address, rows);
  return labels.reduce((sum, label, row) => sum + (label === answered[row] ? 1 : 0), 0);
}
