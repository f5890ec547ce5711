import { DataError } from '../errors.js';
import { openBytes } from './files.js';
import { PixelSource, shareLabels } from './pixels.js';
import { Problems } from './source.js';

/** The content of an IDX file of bytes. */
export interface IdxFile {
  /** Size along each axis, as the header says. */
  readonly dims: readonly number[];
  /** All bytes in row-major order, in shared memory; as many as there are when the file was cut short. */
  readonly data: Uint8Array<SharedArrayBuffer>;
  /** Items along the first axis that are wholly there. */
  readonly complete: number;
}

/**
 * Reads an IDX file (the format of MNIST) of unsigned bytes, compressed or not.
 * @throws DataError with reason `not-found`, `bad-magic`, `bad-shape`, `truncated`, `trailing-bytes` or `bad-gzip`
 */
export async function readIdx(file: string, problems = new Problems(false)): Promise<IdxFile> {
  const { chunks, size, limit } = await openBytes(file);
  let head = Buffer.alloc(0);
  let dims: number[] | null = null;
  let total = 0;
  let data = new Uint8Array(new SharedArrayBuffer(0));
  let filled = 0;
  for await (let chunk of chunks) {
    if (dims === null) {
      head = Buffer.concat([head, chunk]);
      dims = parseHeader(file, head, limit);
      if (dims === null) continue;
      total = product(dims);
      chunk = head.subarray(4 + 4 * dims.length);
    }
    const end = filled + chunk.length;
    if (end > total) {
      const detail = `its header says ${dims.join(' x ')}, but there are more than ${total} bytes.`;
      throw new DataError(file, null, 'trailing-bytes', detail);
    }
    // Memory follows what has come, not what the header claims; a file that is whole and not compressed gets all of it at once.
    if (end > data.length) data = grown(data, Math.min(total, Math.max(size, 2 * data.length, end)));
    data.set(chunk, filled);
    filled = end;
  }
  if (dims === null) throw new DataError(file, null, 'truncated', `it has ${head.length} bytes, too few for an IDX header.`);
  const itemBytes = product(dims.slice(1));
  const complete = filled === total ? dims[0]! : Math.floor(filled / itemBytes);
  if (complete < dims[0]!) {
    const detail = `it ends after ${filled} of ${total} bytes; its header says ${dims.join(' x ')}. Download it again.`;
    problems.report(new DataError(file, complete, 'truncated', detail), dims[0]! - complete);
  }
  return { dims, data: data.subarray(0, filled), complete };
}

function grown(data: Uint8Array, bytes: number): Uint8Array<SharedArrayBuffer> {
  const larger = new Uint8Array(new SharedArrayBuffer(bytes));
  larger.set(data);
  return larger;
}

export interface IdxOptions {
  /** For messages and reports; the images' path by default. */
  name?: string;
  /** Class names in the order of the labels; by default the labels themselves, 0 to the largest one. */
  classes?: readonly string[];
  /** Leave bad records out and list them in `problems` (default false: the first one is an error). */
  skipBad?: boolean;
}

/**
 * A source from a file of images (count x height x width, or with channels as a fourth axis) and a file of labels.
 * @throws DataError: as {@link readIdx}, and `count-mismatch`, `label-out-of-range`, `empty`
 */
export async function openIdx(imagesFile: string, labelsFile: string, options: IdxOptions = {}): Promise<PixelSource> {
  const problems = new Problems(options.skipBad ?? false);
  const images = await readIdx(imagesFile, problems);
  const labels = await readIdx(labelsFile, problems);
  const [, height, width, channels = 1] = images.dims;
  if (images.dims.length < 3 || images.dims.length > 4 || channels > 4) {
    throw new DataError(
      imagesFile,
      null,
      'bad-shape',
      `images need 3 or 4 axes and at most 4 channels, got ${images.dims.join(' x ')}.`,
    );
  }
  if (labels.dims.length !== 1) {
    throw new DataError(labelsFile, null, 'bad-shape', `labels need 1 axis, got ${labels.dims.join(' x ')}.`);
  }
  if (images.dims[0] !== labels.dims[0]) {
    const [least, most] = [images.dims[0]!, labels.dims[0]!].sort((a, b) => a - b) as [number, number];
    const detail = `has ${labels.dims[0]} labels for the ${images.dims[0]} images in ${imagesFile}. Do the two belong together?`;
    problems.report(new DataError(labelsFile, least, 'count-mismatch', detail), most - least);
  }
  const count = Math.min(images.complete, labels.complete);
  const classes = options.classes ?? numberedClasses(labels.data.subarray(0, count));
  const itemBytes = height! * width! * channels;
  const kept: number[] = [];
  for (let record = 0; record < count; record++) {
    const label = labels.data[record]!;
    if (label >= classes.length) {
      const detail = `label ${label} is out of range: there are ${classes.length} classes.`;
      problems.report(new DataError(labelsFile, record, 'label-out-of-range', detail));
      continue;
    }
    if (kept.length < record) images.data.copyWithin(kept.length * itemBytes, record * itemBytes, (record + 1) * itemBytes);
    kept.push(label);
  }
  if (kept.length === 0) throw new DataError(imagesFile, null, 'empty', 'there is no usable record in it.');
  return new PixelSource(
    {
      kind: 'pixels',
      name: options.name ?? imagesFile,
      classes,
      length: kept.length,
      height: height!,
      width: width!,
      channels,
      pixels: images.data.buffer,
      labels: shareLabels(kept),
    },
    problems.list,
  );
}

/** Null while the header is not complete. */
function parseHeader(file: string, head: Buffer, limit: number): number[] | null {
  if (head.length < 4) return null;
  const [zero, alsoZero, type, axes] = head;
  if (zero !== 0 || alsoZero !== 0 || axes === 0) {
    throw new DataError(file, null, 'bad-magic', `it starts with ${head.toString('hex', 0, 4)}, which is not an IDX file.`);
  }
  if (type !== 0x08) {
    const detail = `its element type is 0x${type!.toString(16)}; only unsigned bytes (0x8) are images and labels.`;
    throw new DataError(file, null, 'bad-magic', detail);
  }
  if (head.length < 4 + 4 * axes!) return null;
  const dims = Array.from({ length: axes! }, (_, axis) => head.readUInt32BE(4 + 4 * axis));
  if (dims.slice(1).includes(0)) throw new DataError(file, null, 'bad-shape', `its header says ${dims.join(' x ')}.`);
  if (dims[0] === 0) throw new DataError(file, null, 'empty', 'its header says that it has no record.');
  // Checked before anything is allocated: a header of a few bytes may claim any size.
  if (product(dims) > Math.min(limit, 2 ** 32)) {
    throw new DataError(file, null, 'truncated', `its header says ${dims.join(' x ')} bytes, far more than the file can hold.`);
  }
  return dims;
}

function numberedClasses(labels: Uint8Array): string[] {
  const largest = labels.reduce((a, b) => Math.max(a, b), 0);
  return Array.from({ length: largest + 1 }, (_, label) => String(label));
}

function product(factors: readonly number[]): number {
  return factors.reduce((a, b) => a * b, 1);
}
