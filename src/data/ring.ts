import type { ImageShape } from './step.js';
import type { MapSize } from './view.js';

/** Shared memory for a few batches, as plain data that a worker can be given. */
export interface RingSpec {
  slots: number;
  batchSize: number;
  shape: ImageShape;
  /** Null for images without target maps. */
  mapSize: MapSize | null;
  images: SharedArrayBuffer;
  maps: SharedArrayBuffer;
  labels: SharedArrayBuffer;
  records: SharedArrayBuffer;
}

/** One batch's memory: batchSize images, target maps, labels and record numbers. */
export interface Slot {
  images: Float32Array;
  /** Empty for images without. */
  maps: Float32Array;
  labels: Int32Array;
  records: Int32Array;
}

export function createRing(slots: number, batchSize: number, shape: ImageShape, mapSize: MapSize | null = null): RingSpec {
  const [height, width, channels] = shape;
  const share = (count: number) => new SharedArrayBuffer(slots * batchSize * count * 4);
  const images = share(height * width * channels);
  return { slots, batchSize, shape, mapSize, images, maps: share(valuesOf(mapSize)), labels: share(1), records: share(1) };
}

export function slotsOf({ slots, batchSize, shape, mapSize, images, maps, labels, records }: RingSpec): Slot[] {
  const values = batchSize * shape[0] * shape[1] * shape[2];
  const mapValues = batchSize * valuesOf(mapSize);
  return Array.from({ length: slots }, (_, i) => ({
    images: new Float32Array(images, i * values * 4, values),
    maps: new Float32Array(maps, i * mapValues * 4, mapValues),
    labels: new Int32Array(labels, i * batchSize * 4, batchSize),
    records: new Int32Array(records, i * batchSize * 4, batchSize),
  }));
}

/** Values of one target map. */
export function valuesOf(mapSize: MapSize | null): number {
  return mapSize ? mapSize.height * mapSize.width : 0;
}
