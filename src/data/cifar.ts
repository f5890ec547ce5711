import path from 'node:path';
import { DataError } from '../errors.js';
import { readBytes, readLines } from './files.js';
import { PixelSource, shareLabels } from './pixels.js';
import { Problems } from './source.js';

const side = 32;
const plane = side * side;
const pixelBytes = 3 * plane;

/** The classes of CIFAR-10, in the order of the labels. */
export const cifar10Classes: readonly string[] = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
];

export interface CifarOptions {
  split: 'train' | 'test';
  /** CIFAR-100 only: the 100 fine classes (default) or the 20 coarse ones. */
  labels?: 'fine' | 'coarse';
  /** Leave bad records out and list them in `problems` (default false: the first one is an error). */
  skipBad?: boolean;
}

/**
 * CIFAR-10 from the folder of its binary version: data_batch_1.bin to data_batch_5.bin, test_batch.bin.
 * @throws DataError with reason `not-found`, `truncated`, `label-out-of-range` or `empty`, naming the file and the record in it
 */
export function openCifar10(folder: string, options: CifarOptions): Promise<PixelSource> {
  const files = options.split === 'train' ? [1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}.bin`) : ['test_batch.bin'];
  const layout = { name: `CIFAR-10 ${options.split}`, classes: cifar10Classes, labelBytes: 1, labelAt: 0 };
  return openBatches(
    layout,
    files.map((file) => path.join(folder, file)),
    options.skipBad,
  );
}

/**
 * CIFAR-100 from the folder of its binary version: train.bin, test.bin and the names of the classes.
 * @throws DataError as {@link openCifar10}; also `not-found` and `bad-classes` for the file of names
 */
export async function openCifar100(folder: string, options: CifarOptions): Promise<PixelSource> {
  const kind = options.labels ?? 'fine';
  const expected = kind === 'fine' ? 100 : 20;
  const namesFile = path.join(folder, `${kind}_label_names.txt`);
  const classes = await readLines(namesFile);
  if (classes === null) throw new DataError(namesFile, null, 'not-found', 'the class names of CIFAR-100 are missing.');
  if (classes.length !== expected) {
    throw new DataError(
      namesFile,
      null,
      'bad-classes',
      `has ${classes.length} names; CIFAR-100 has ${expected} ${kind} classes.`,
    );
  }
  const layout = { name: `CIFAR-100 ${options.split}`, classes, labelBytes: 2, labelAt: kind === 'fine' ? 1 : 0 };
  return openBatches(layout, [path.join(folder, `${options.split}.bin`)], options.skipBad);
}

interface Layout {
  name: string;
  classes: readonly string[];
  /** Bytes before the pixels of a record, and which of them is the label. */
  labelBytes: number;
  labelAt: number;
}

async function openBatches(layout: Layout, files: string[], skipBad = false): Promise<PixelSource> {
  const problems = new Problems(skipBad);
  const recordBytes = layout.labelBytes + pixelBytes;
  const batches = await Promise.all(files.map((file) => readBatch(file, problems)));
  const capacity = batches.reduce((sum, bytes) => sum + Math.floor(bytes.length / recordBytes), 0);
  const pixels = new Uint8Array(new SharedArrayBuffer(capacity * pixelBytes));
  const labels: number[] = [];
  for (const [batch, bytes] of batches.entries()) {
    const file = files[batch]!;
    const count = Math.floor(bytes.length / recordBytes);
    for (let record = 0; record < count; record++) {
      const start = record * recordBytes;
      const label = bytes[start + layout.labelAt]!;
      if (label >= layout.classes.length) {
        const detail = `label ${label} is out of range: there are ${layout.classes.length} classes.`;
        problems.report(new DataError(file, record, 'label-out-of-range', detail));
        continue;
      }
      interleave(bytes, start + layout.labelBytes, pixels, labels.length * pixelBytes);
      labels.push(label);
    }
    if (bytes.length % recordBytes !== 0) {
      const detail = `it ends ${bytes.length % recordBytes} bytes into a record of ${recordBytes}. Download it again.`;
      problems.report(new DataError(file, count, 'truncated', detail));
    }
  }
  if (labels.length === 0) throw new DataError(files[0]!, null, 'empty', 'there is no usable record in it.');
  return new PixelSource(
    {
      kind: 'pixels',
      name: layout.name,
      classes: layout.classes,
      length: labels.length,
      height: side,
      width: side,
      channels: 3,
      pixels: pixels.buffer,
      labels: shareLabels(labels),
    },
    problems.list,
  );
}

async function readBatch(file: string, problems: Problems): Promise<Uint8Array> {
  try {
    const bytes = await readBytes(file);
    if (bytes.length === 0) problems.report(new DataError(file, null, 'truncated', 'it is empty. Download it again.'), 0);
    return bytes;
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    problems.report(error, 0);
    return new Uint8Array(0);
  }
}

/** The file holds a plane of red, one of green, one of blue. */
function interleave(from: Uint8Array, start: number, to: Uint8Array, at: number): void {
  for (let i = 0; i < plane; i++) {
    to[at] = from[start + i]!;
    to[at + 1] = from[start + plane + i]!;
    to[at + 2] = from[start + 2 * plane + i]!;
    at += 3;
  }
}
