import type { Batch } from '../data/batches.js';
import type { Engine } from '../engine/engine.js';
import { Tensor } from '../tensor/tensor.js';

export interface BatchTensors {
  /** [n, height, width, channels] */
  readonly images: Tensor;
  /** int32 [n] */
  readonly labels: Tensor;
  /** [n, height, width]; null for images without target maps. */
  readonly maps: Tensor | null;
}

/** A batch in the engine, as copies that belong to the open scope. */
export function uploadBatch(engine: Engine, { images, shape, labels, maps }: Batch): BatchTensors {
  return {
    images: Tensor.from(engine, images, shape, 'float32', 'images'),
    labels: Tensor.from(engine, labels, [labels.length], 'int32', 'labels'),
    maps: maps && Tensor.from(engine, maps.values, maps.shape, 'float32', 'target maps'),
  };
}
