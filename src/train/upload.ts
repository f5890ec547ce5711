import type { Batch } from '../data/batches.js';
import type { Engine } from '../engine/engine.js';
import { Tensor } from '../tensor/tensor.js';

/** A batch's images [n, height, width, channels] and labels (int32 [n]) in the engine, as copies that belong to the open scope. */
export function uploadBatch(engine: Engine, batch: Batch): { images: Tensor; labels: Tensor } {
  return {
    images: Tensor.from(engine, batch.images, batch.shape, 'float32', 'images'),
    labels: Tensor.from(engine, batch.labels, [batch.labels.length], 'int32', 'labels'),
  };
}
