import type { ImageShape } from './pipeline.js';

/** Shared memory for a few batches, as plain data that a worker can be given. */
export interface RingSpec {
  slots: number;
  batchSize: number;
  shape: ImageShape;
  images: SharedArrayBuffer;
  labels: SharedArrayBuffer;
  records: SharedArrayBuffer;
}

/** One batch's memory: batchSize images, labels and record numbers. */
export interface Slot {
  images: Float32Array;
  labels: Int32Array;
  records: Int32Array;
}

export function createRing(slots: number, batchSize: number, shape: ImageShape): RingSpec {
  const [height, width, channels] = shape;
  const share = (count: number) => new SharedArrayBuffer(slots * batchSize * count * 4);
  return { slots, batchSize, shape, images: share(height * width * channels), labels: share(1), records: share(1) };
}

export function slotsOf({ slots, batchSize, shape, images, labels, records }: RingSpec): Slot[] {
  const values = batchSize * shape[0] * shape[1] * shape[2];
  return Array.from({ length: slots }, (_, i) => ({
    images: new Float32Array(images, i * values * 4, values),
    labels: new Int32Array(labels, i * batchSize * 4, batchSize),
    records: new Int32Array(records, i * batchSize * 4, batchSize),
  }));
}
