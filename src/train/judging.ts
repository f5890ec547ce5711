import { setImmediate as breathe } from 'node:timers/promises';
import type { Batch, Loader } from '../data/batches.js';
import type { Engine } from '../engine/engine.js';
import type { Module } from '../nn/module.js';
import { scope } from '../tensor/scope.js';
import { type BatchTensors, uploadBatch } from './upload.js';

export interface JudgingOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Shows a model in its evaluation form all of a loader's images once, batch by batch, and leaves it in the form it had. What `look` makes is freed after each batch.
 * @throws the signal's reason when it is aborted
 */
export async function judgeBatches(
  model: Module,
  loader: Loader,
  { signal, onProgress }: JudgingOptions,
  look: (tensors: BatchTensors, batch: Batch, engine: Engine) => void,
): Promise<void> {
  const { engine } = model.parameters().values().next().value!.value;
  const wasTraining = model.training;
  let done = 0;
  model.eval();
  try {
    for await (const batch of loader.epoch(0)) {
      signal?.throwIfAborted();
      scope(engine, () => look(uploadBatch(engine, batch), batch, engine));
      done += batch.labels.length;
      await breathe();
      onProgress?.(done, loader.length);
    }
  } finally {
    model.train(wasTraining);
  }
}
