import { ConfigError, FormatError } from '../errors.js';
import type { Contract } from '../formats/packed/contract.js';
import type { ValueShape } from '../formats/packed/graph.js';

/*
 * What a model takes for its weights is a small multiple of its file. What it takes for an image is not: a hundred bytes can claim images of gigabytes, or
 * pools and paddings that make such. It is known before any of it is taken, and a file may take only so much, unless its user says otherwise.
 */

/** Bytes that every file may take for one image... */
const ANY_FILE = 2 ** 28;
/** ...and how many times its own size, where that is more. */
const TIMES_FILE = 64;

/**
 * @param allowed in bytes; null for what a file of this size may take
 * @throws ConfigError when `allowed` is no number above 0; FormatError (`too-much-memory`) for a file that takes more
 */
export function checkMemory(
  needed: number,
  allowed: number | null,
  file: { readonly place: string; readonly bytes: number },
): void {
  if (allowed !== null && !(typeof allowed === 'number' && allowed > 0)) {
    throw new ConfigError('memoryPerImage', `got ${allowed}, needs a number of bytes above 0 (Infinity: any)`);
  }
  const most = allowed ?? Math.max(ANY_FILE, TIMES_FILE * file.bytes);
  if (needed <= most) return;
  const whose = allowed === null ? 'a file of its size may' : 'it was allowed';
  throw new FormatError(
    file.place,
    'too-much-memory',
    `takes ${mebibytes(needed)} MiB for one image, more than the ${mebibytes(most)} MiB that ${whose}. ` +
      'If you trust where it comes from, allow more: memoryPerImage (gossamer run --memory-per-image).',
  );
}

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20);
}

/** Bytes that it takes to make of an image what the graph takes: tables, two canvases, rows on their way, and the floats. */
export function preparationBytes([height, width, channels]: ValueShape, { source, prepare }: Contract): number {
  const sizes = [source.size, ...prepare.map(({ size }) => size)];
  const canvas = Math.max(...sizes.map(([rows, columns]) => rows * columns));
  const rows = Math.max(0, ...prepare.map(({ size }, i) => sizes[i]![0] * size[1]));
  return channels * (4 * (256 + height * width + rows) + 2 * canvas);
}
