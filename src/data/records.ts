import { open } from 'node:fs/promises';
import { DataError } from '../errors.js';
import type { FaceCrop } from '../images/face-crop.js';
import type { RecordsSpec, SkippedRecord, Source, TargetMaps } from './source.js';

/** A source whose decoded pixels lie in files: only what is asked for is read. */
export class RecordSource implements Source {
  readonly name: string;
  readonly classes: readonly string[];
  readonly length: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly problems: readonly SkippedRecord[] = [];
  readonly maps?: TargetMaps;
  readonly faceCrop?: FaceCrop;
  private readonly recordBytes: number;

  constructor(readonly spec: RecordsSpec) {
    this.name = spec.name;
    this.classes = spec.classes;
    this.length = spec.labels.length;
    this.height = spec.height;
    this.width = spec.width;
    this.channels = spec.channels;
    this.maps = spec.maps && mapsOf(spec, spec.maps);
    this.faceCrop = spec.faceCrop;
    this.recordBytes = spec.height * spec.width * spec.channels;
  }

  label(index: number): number {
    return this.spec.labels[index]!;
  }

  read(index: number, out: Uint8Array): Promise<void> {
    const { files, fileOf, offsets } = this.spec;
    return readPart(files[fileOf[index]!]!, offsets[index]!, out.subarray(0, this.recordBytes));
  }
}

function mapsOf({ files, fileOf }: RecordsSpec, { height, width, offsets }: NonNullable<RecordsSpec['maps']>): TargetMaps {
  const size = height * width;
  const read = (index: number, out: Uint8Array) => readPart(files[fileOf[index]!]!, offsets[index]!, out.subarray(0, size));
  return { height, width, read };
}

/**
 * Fills `out` from byte `offset` of a file on. The file is opened for this one read: a source has no end at which it could close it.
 * @throws DataError with reason `unreadable` or `truncated`
 */
async function readPart(file: string, offset: number, out: Uint8Array): Promise<void> {
  let got = 0;
  try {
    const handle = await open(file, 'r');
    try {
      ({ bytesRead: got } = await handle.read(out, 0, out.length, offset));
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw new DataError(file, null, 'unreadable', `cannot be read (${(cause as Error).message}).`, { cause });
  }
  if (got < out.length) {
    const detail = `ends at byte ${offset + got}, what lists its records says that it goes on to ${offset + out.length}. Make it again.`;
    throw new DataError(file, null, 'truncated', detail);
  }
}
