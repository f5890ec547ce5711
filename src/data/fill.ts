import { Rng } from '../tensor/rng.js';
import { type ImageShape, type MapSizes, Pipeline } from './pipeline.js';
import { type RingSpec, type Slot, slotsOf, valuesOf } from './ring.js';
import type { Source, TargetMaps } from './source.js';
import type { Transform } from './transforms.js';

/** A batch to be made: the slot's record numbers are already there. */
export interface Job {
  slot: number;
  /** Images in it; the last batch of an epoch may be short. */
  count: number;
  epoch: number;
}

/** Fills slots of a ring, on the calling thread or on others. */
export interface Filler {
  /** @throws DataError when a record cannot be read */
  fill(job: Job): Promise<void>;
  /** Keeps the program alive while someone waits for a batch. */
  hold(isAwaited: boolean): void;
  close(): Promise<void>;
}

/** Images of one batch that are read at the same time, where reading waits for anything. */
const lanes = 4;

/** Makes batches on this thread: reads each record, transforms it, and its target map with it, by its own random stream, writes it to its place. */
export class LocalFiller implements Filler {
  private readonly slots: Slot[];
  private readonly pipelines: Pipeline[] = [];
  private readonly imageLength: number;
  private readonly mapLength: number;
  /** What the target maps are read from, and their sizes; null for images without. */
  private readonly maps: { readonly source: TargetMaps; readonly sizes: MapSizes } | null;
  private readonly input: ImageShape;

  constructor(
    private readonly source: Source,
    private readonly transforms: readonly Transform[],
    private readonly seed: number,
    ring: RingSpec,
  ) {
    this.slots = slotsOf(ring);
    this.imageLength = ring.shape[0] * ring.shape[1] * ring.shape[2];
    this.mapLength = valuesOf(ring.mapSize);
    this.maps = ring.mapSize && { source: source.maps!, sizes: { from: source.maps!, to: ring.mapSize } };
    this.input = [source.height, source.width, source.channels];
  }

  async fill({ slot, count, epoch }: Job): Promise<void> {
    const { images, maps, records } = this.slots[slot]!;
    const failures: { position: number; error: unknown }[] = [];
    let next = 0;
    const lane = async (i: number) => {
      this.pipelines[i] ??= new Pipeline(this.transforms, this.input, this.maps?.sizes);
      const pipeline = this.pipelines[i];
      while (next < count) {
        const position = next++;
        const record = records[position]!;
        try {
          const reading = this.source.read(record, pipeline.input);
          if (reading) await reading;
          const readingMap = this.maps?.source.read(record, pipeline.mapInput);
          if (readingMap) await readingMap;
          const part = (values: Float32Array, length: number) => values.subarray(position * length, (position + 1) * length);
          pipeline.run(Rng.for(this.seed, epoch, record), part(images, this.imageLength), part(maps, this.mapLength));
        } catch (error) {
          failures.push({ position, error });
          next = count;
        }
      }
    };
    // Every lane ends before this does, so that none writes into a slot that was given to another batch.
    await Promise.all(Array.from({ length: Math.min(lanes, count) }, (_, i) => lane(i)));
    if (failures.length > 0) throw failures.reduce((a, b) => (b.position < a.position ? b : a)).error;
  }

  hold(): void {}

  async close(): Promise<void> {}
}
