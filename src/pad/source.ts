import path from 'node:path';
import { RecordSource } from '../data/records.js';
import type { FrameFacts } from '../data/source.js';
import { ConfigError, ShapeError } from '../errors.js';
import { isUsed } from './counts.js';
import type { Failure } from './crop.js';
import { depthSize } from './depth.js';
import type { PreparedFrame, PreparedPresentation } from './prepared/format.js';
import type { Prepared } from './prepared/open.js';
import { type Box, labels, type Protocol, type Split } from './presentation.js';
import { findProtocol } from './protocols.js';

export interface PadSelection {
  readonly split: Split;
  /** May be left out where there is one only; `P:leave-out.SPECIES` is P without an attack species, and judged by it alone. */
  readonly protocol?: string;
}

/** A frame without a crop: a failure to acquire, which error rates count apart. */
export interface FailedFrame {
  readonly presentation: PreparedPresentation;
  readonly frame: number;
  readonly failure: Failure;
}

type Crop = Extract<PreparedFrame, { readonly shard: number }>;

/**
 * The crops of one split of prepared data, as any source of images; its classes are `attack` (0) and `bona-fide` (1). Records are in the order
 * of presentations and frames.
 */
export class PadSource extends RecordSource {
  readonly split: Split;
  readonly protocol: Protocol;
  /** Side of the depth maps as they are stored. */
  readonly depthSide: number;
  readonly failures: readonly FailedFrame[];
  private readonly crops: readonly Crop[];
  private readonly prepared: Prepared;
  readonly frames: FrameFacts = {
    video: (index) => this.presentation(index).id,
    species: (index) => this.presentation(index).species,
    subject: (index) => this.presentation(index).subject,
  };

  /** @throws ConfigError for an unknown protocol, none where there are several, or a split without a crop */
  constructor(prepared: Prepared, { split, protocol: name }: PadSelection) {
    const { protocol, splitOf } = findProtocol(prepared, name);
    const { manifest, presentations, frames, folder } = prepared;
    const taken = frames.filter(
      ({ presentation, frame }) => splitOf(presentations[presentation]!) === split && isUsed(protocol, split, frame),
    );
    const crops = taken.filter((frame): frame is Crop => 'shard' in frame);
    if (crops.length === 0) {
      throw new ConfigError('split', `${folder} has no face in the split ${split} of protocol ${protocol.name}.`);
    }
    const { size, scale, aspect, fill } = manifest.settings;
    const side = depthSize(size);
    const placesOf = (tensor: 'images' | 'depth', bytes: number) =>
      Float64Array.from(crops, ({ shard, row }) => manifest.shards[shard]![tensor] + row * bytes);
    super({
      kind: 'records',
      name: `${manifest.settings.dataset}, protocol ${protocol.name}, ${split}`,
      classes: labels,
      height: size,
      width: size,
      channels: 3,
      files: manifest.shards.map(({ file }) => path.join(folder, file)),
      labels: Int32Array.from(crops, ({ presentation }) => labels.indexOf(presentations[presentation]!.label)),
      fileOf: Int32Array.from(crops, ({ shard }) => shard),
      offsets: placesOf('images', size * size * 3),
      maps: { height: side, width: side, offsets: placesOf('depth', side * side) },
      faceCrop: { scale, aspect, fill },
    });
    this.split = split;
    this.protocol = protocol;
    this.depthSide = side;
    this.prepared = prepared;
    this.crops = crops;
    this.failures = taken.flatMap((frame) =>
      'failure' in frame
        ? [{ presentation: presentations[frame.presentation]!, frame: frame.frame, failure: frame.failure }]
        : [],
    );
  }

  /** What record `index` is a frame of. */
  presentation(index: number): PreparedPresentation {
    return this.prepared.presentations[this.crops[index]!.presentation]!;
  }

  /** The number of that frame in its presentation, from 0. */
  frame(index: number): number {
    return this.crops[index]!.frame;
  }

  /** The box of its face, in pixels of the picture that it was cut out of. */
  box(index: number): Box {
    const [left, top, width, height] = this.crops[index]!.box;
    return { left, top, width, height };
  }

  /**
   * The depth map of record `index` into the first side * side values of `out`, rows from the top, from 0 (far) to 1 (near). A smaller side than
   * the stored one averages.
   * @throws ShapeError when `side` does not divide the stored one; DataError when it cannot be read
   */
  async readDepth(index: number, side: number, out: Float32Array): Promise<void> {
    const { depthSide } = this;
    const factor = depthSide / side;
    if (!Number.isInteger(side) || !Number.isInteger(factor)) {
      throw new ShapeError(
        'readDepth',
        `a side of ${side}`,
        `one that divides the stored ${depthSide}`,
        'Prepare the data with another --size.',
      );
    }
    const map = new Uint8Array(depthSide * depthSide);
    await this.maps!.read(index, map);
    out.fill(0, 0, side * side);
    for (let y = 0; y < depthSide; y++) {
      for (let x = 0; x < depthSide; x++) out[Math.floor(y / factor) * side + Math.floor(x / factor)]! += map[y * depthSide + x]!;
    }
    const scale = 1 / (255 * factor * factor);
    for (let i = 0; i < side * side; i++) out[i]! *= scale;
  }
}
