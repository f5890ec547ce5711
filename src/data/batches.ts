import { ConfigError, LifetimeError } from '../errors.js';
import { type Filler, LocalFiller } from './fill.js';
import { type Part, stretchOf } from './part.js';
import { type ImageShape, Pipeline } from './pipeline.js';
import { WorkerPool } from './pool.js';
import { createRing, type Slot, slotsOf, valuesOf } from './ring.js';
import { orderedSampler, type Sampler } from './sampler.js';
import type { Source } from './source.js';
import { parseTransforms, type TransformInput } from './transforms.js';
import type { MapSize } from './view.js';

export interface LoaderOptions {
  /** Images in a batch. */
  batchSize: number;
  /** What is done to every image (default: nothing but scaling bytes to 0 to 1). */
  transforms?: readonly TransformInput[];
  /** Decides order and augmentation, together with the epoch (default 0). */
  seed?: number;
  /** A new order every epoch (default false: that of the source, or of `indices`). */
  shuffle?: boolean;
  /** Threads that make batches ahead (default 1); 0 makes them on the calling thread, when they are asked for. */
  workers?: number;
  /** Batches that are made ahead (default 2, or 2 a worker). */
  prefetch?: number;
  /** Leaves out a last batch that is not full (default false). */
  dropLast?: boolean;
  /** Records to take, such as one side of a split (default: all). */
  indices?: ArrayLike<number>;
  /** Which records an epoch takes, in which order, in place of `shuffle` and `indices`. */
  sampler?: Sampler;
  /** Takes this part of every batch only (default: all of it): what is in the batches stays the same. Needs `dropLast`. */
  part?: Part;
  /** Size to which target maps are brought, for sources that have some (default: images come without). */
  mapSize?: MapSize;
}

/** Images, labels and record numbers of one step, or of the loader's part of it. Its memory is used again once the next batch is asked for: copy what must last. */
export interface Batch {
  /** Number of the batch in its epoch, from 0. */
  readonly index: number;
  /** n * height * width * channels values, channels innermost. */
  readonly images: Float32Array;
  readonly shape: readonly [n: number, height: number, width: number, channels: number];
  /** Target maps, 0 to 1, seen as their images are; null when none were asked for. */
  readonly maps: { readonly values: Float32Array; readonly shape: readonly [n: number, height: number, width: number] } | null;
  readonly labels: Int32Array;
  /** Which records of the source these are. */
  readonly records: Int32Array;
}

/**
 * Batches of a source, made ahead of the step that needs them. What is in a batch depends on source, transforms, seed, epoch
 * and batch size only: not on the number of workers, not on where an epoch was resumed; a record's augmentation not even on
 * batch size.
 */
export class Loader {
  /** Height, width and channels of every image that comes out. */
  readonly shape: ImageShape;
  readonly batchesPerEpoch: number;
  readonly batchSize: number;
  /** Records in an epoch. */
  readonly length: number;
  /** Null when images come without target maps. */
  readonly mapSize: MapSize | null;
  /** @internal */
  readonly filler: Filler;
  private readonly sampler: Sampler;
  private readonly part: Part;
  private readonly slots: Slot[];
  private isRunning = false;
  private isClosed = false;

  /** @throws ConfigError when an option is wrong or a transform does not fit the source's images */
  constructor(
    readonly source: Source,
    options: LoaderOptions,
  ) {
    const transforms = parseTransforms(options.transforms ?? []);
    const workers = integer('workers', options.workers ?? 1, 0);
    const prefetch = integer('prefetch', options.prefetch ?? Math.max(2, 2 * workers), 1);
    this.batchSize = integer('batchSize', options.batchSize, 1);
    const seed = integer('seed', options.seed ?? 0, Number.MIN_SAFE_INTEGER);
    const indices = options.indices ? Int32Array.from(options.indices) : Int32Array.from({ length: source.length }, (_, i) => i);
    const stray = indices.find((index) => index < 0 || index >= source.length);
    if (stray !== undefined) throw new ConfigError('indices', `${stray} is not a record: ${source.name} has ${source.length}.`);
    this.mapSize = options.mapSize ?? null;
    if (this.mapSize && !source.maps) throw new ConfigError('mapSize', `${source.name} has no target maps.`);
    if (options.sampler && (options.indices || options.shuffle)) {
      throw new ConfigError('sampler', 'it chooses records and their order: give it without indices and shuffle.');
    }
    this.sampler = options.sampler ?? orderedSampler(indices, options.shuffle ? seed : null);
    this.length = this.sampler.length;
    const batches = this.length / this.batchSize;
    this.batchesPerEpoch = options.dropLast ? Math.floor(batches) : Math.ceil(batches);
    if (this.batchesPerEpoch === 0) {
      throw new ConfigError(
        'batchSize',
        `${this.length} records make no batch${options.dropLast ? ` of ${this.batchSize}` : ''}.`,
      );
    }
    this.part = options.part ?? { index: 0, count: 1 };
    if (this.part.count > this.batchSize) {
      throw new ConfigError('batchSize', `got ${this.batchSize}, needs at least ${this.part.count}: an image for each part.`);
    }
    if (this.part.count > 1 && !options.dropLast) {
      throw new ConfigError('part', 'needs dropLast: parts of a last batch that is not full may be empty.');
    }
    this.shape = new Pipeline(transforms, [source.height, source.width, source.channels]).shape;
    const ring = createRing(
      workers === 0 ? 1 : prefetch + 1,
      Math.ceil(this.batchSize / this.part.count),
      this.shape,
      this.mapSize,
    );
    this.slots = slotsOf(ring);
    this.filler =
      workers === 0
        ? new LocalFiller(source, transforms, seed, ring)
        : new WorkerPool(workers, { source: source.spec, transforms, seed, ring });
  }

  /**
   * The batches of epoch `epoch`, from `startBatch` on (to resume one): each is valid until the next is asked for.
   * @throws DataError when a record cannot be read, or the workers keep dying
   * @throws LifetimeError when another epoch is still running or the loader is closed
   */
  epoch(epoch: number, { startBatch = 0 }: { startBatch?: number } = {}): AsyncIterable<Batch> {
    integer('epoch', epoch, 0);
    integer('startBatch', startBatch, 0);
    return { [Symbol.asyncIterator]: () => this.run(epoch, startBatch) };
  }

  /** The records of epoch `epoch` in their order. */
  order(epoch: number): Int32Array {
    return this.sampler.order(epoch);
  }

  /** Ends the workers. A program may also just end: workers do not keep it alive. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.filler.close();
  }

  private async *run(epoch: number, startBatch: number): AsyncGenerator<Batch, void, undefined> {
    if (this.isClosed) throw new LifetimeError('The loader is closed.');
    if (this.isRunning) throw new LifetimeError('An epoch of this loader is still running: finish it, or break out of its loop.');
    this.isRunning = true;
    const order = this.order(epoch);
    const free = [...this.slots.keys()];
    const ahead: Pending[] = [];
    let next = startBatch;
    const fillFree = () => {
      while (next < this.batchesPerEpoch && free.length > 0) ahead.push(this.begin(free.shift()!, next++, order, epoch));
    };
    try {
      fillFree();
      while (ahead.length > 0) {
        const pending = ahead[0]!;
        await this.wait(pending.done);
        ahead.shift();
        yield this.view(pending);
        free.push(pending.slot);
        fillFree();
      }
    } finally {
      // Workers may still be writing into the slots of batches that nobody will ask for.
      await this.wait(Promise.allSettled(ahead.map((pending) => pending.done)));
      this.isRunning = false;
    }
  }

  private begin(slot: number, index: number, order: Int32Array, epoch: number): Pending {
    const batch = order.subarray(index * this.batchSize, (index + 1) * this.batchSize);
    const records = batch.subarray(...stretchOf(this.part, batch.length));
    const { labels, records: wanted } = this.slots[slot]!;
    wanted.set(records);
    for (const [i, record] of records.entries()) labels[i] = this.source.label(record);
    const done = this.filler.fill({ slot, count: records.length, epoch });
    // It is awaited later, in its turn; until then a failure is not an unhandled one.
    done.catch(() => {});
    return { slot, index, count: records.length, done };
  }

  private async wait(done: Promise<unknown>): Promise<void> {
    this.filler.hold(true);
    try {
      await done;
    } finally {
      this.filler.hold(false);
    }
  }

  private view({ slot, index, count }: Pending): Batch {
    const { images, maps, labels, records } = this.slots[slot]!;
    const [height, width, channels] = this.shape;
    const { mapSize } = this;
    return {
      index,
      images: images.subarray(0, count * height * width * channels),
      shape: [count, height, width, channels],
      maps: mapSize && {
        values: maps.subarray(0, count * valuesOf(mapSize)),
        shape: [count, mapSize.height, mapSize.width],
      },
      labels: labels.subarray(0, count),
      records: records.subarray(0, count),
    };
  }
}

/** @throws ConfigError as the constructor of {@link Loader} */
export function createLoader(source: Source, options: LoaderOptions): Loader {
  return new Loader(source, options);
}

interface Pending {
  slot: number;
  index: number;
  count: number;
  done: Promise<void>;
}

function integer(key: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new ConfigError(key, `must be a whole number${least >= 0 ? ` of at least ${least}` : ''}, got ${value}.`);
}
