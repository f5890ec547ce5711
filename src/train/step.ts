import type { Batch } from '../data/batches.js';
import type { Engine } from '../engine/engine.js';
import type { Module } from '../nn/module.js';
import { scope } from '../tensor/scope.js';
import { withGradients } from '../tensor/tape.js';
import { Tensor } from '../tensor/tensor.js';
import type { WeightAverage } from './average.js';
import { firstBadGradient, firstNonFinite } from './divergence.js';
import { clipGradients, globalNorm } from './gradients.js';
import { lossOf } from './loss.js';
import type { Optimizer } from './optimizer.js';
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
}

export interface StepOutcome {
  /** Of the batch before the update, auxiliary losses included. */
  readonly loss: number;
  /** Images of the batch whose class got the highest score; null for a network that does not classify. */
  readonly correct: number | null;
  /** Null; or where numbers first went bad, in which case nothing was updated but running statistics. */
  readonly badLayer: string | null;
}

/** One step of training on one batch. All that it makes is freed at its end. */
export function trainStep(parts: StepParts, batch: Batch, learningRate: number): StepOutcome {
  const { engine, model, optimizer, average, loss: lossOptions, gradientClip } = parts;
  return scope(engine, () => {
    const tensors = uploadBatch(engine, batch);
    const weights = [...model.parameters().values()].map((parameter) => parameter.value);
    const forward = () => lossOf(model, tensors, lossOptions);
    const { loss, outputs, gradients } = withGradients(engine, weights, forward);
    const value = loss.item();
    const norm = globalNorm(gradients);
    if (!Number.isFinite(value) || !Number.isFinite(norm)) {
      const badLayer = firstNonFinite(model, forward) ?? firstBadGradient(model, gradients) ?? 'the norm of the gradients';
      return { loss: value, correct: null, badLayer };
    }
    if (gradientClip !== null) clipGradients(gradients, norm, gradientClip);
    optimizer.step(gradients, learningRate);
    average?.update();
    const correct = lossOptions.name === 'depth' ? null : countCorrect(outputs[0]!, batch.labels);
    return { loss: value, correct, badLayer: null };
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
