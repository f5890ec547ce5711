import path from 'node:path';
import { readText } from '../../data/files.js';
import { DataError } from '../../errors.js';
import type { Box, FrameBoxes, Presentation } from '../presentation.js';
import { parseTable } from '../table.js';
import { leftTopWidthHeight } from './box-files.js';

const required = ['file', 'left', 'top', 'width', 'height'];

/**
 * Boxes from a CSV file with the columns file, left, top, width, height and perhaps frame (from 0; empty: for every frame). `file` is a
 * presentation's id, or its path below the root with its extension. Zeros for width and height mean that there is no face.
 * @returns for each presentation its boxes; null where the file has none
 * @throws DataError with the file, the line, and reason `bad-row`, `duplicate-frame`, `unknown-file`, or those of a table
 */
export async function readBoxesCsv(
  file: string,
  presentations: readonly Presentation[],
): Promise<(id: string) => FrameBoxes | null> {
  const { rows } = parseTable(file, await readText(file), required, ['frame']);
  const idOf = new Map(
    presentations.flatMap(({ id, media }) => [[id, id] as const, [id + path.extname(media.path), id] as const]),
  );
  const boxes = new Map<string, Map<number | 'every', Box | null>>();
  for (const { line, cells } of rows) {
    const id = idOf.get(cells['file']!.replaceAll('\\', '/'));
    if (id === undefined) {
      const detail = `"${cells['file']}" is no presentation of this set. Needed is the path below its root, such as ${presentations[0]?.id ?? '…'}.`;
      throw new DataError(file, line, 'unknown-file', detail);
    }
    const values = required.slice(1).map((name) => (cells[name] === '' ? Number.NaN : Number(cells[name])));
    const frame = cells['frame'] ? Number(cells['frame']) : ('every' as const);
    if (!values.every(Number.isFinite) || (frame !== 'every' && !(Number.isInteger(frame) && frame >= 0))) {
      throw new DataError(
        file,
        line,
        'bad-row',
        'needs numbers for left, top, width and height, and a whole one, if any, for frame.',
      );
    }
    const own = boxes.get(id) ?? new Map<number | 'every', Box | null>();
    boxes.set(id, own);
    if (own.has(frame)) throw new DataError(file, line, 'duplicate-frame', `${id} has a box for this frame already.`);
    own.set(frame, leftTopWidthHeight(values));
  }
  return (id) => {
    const own = boxes.get(id);
    if (!own) return null;
    return { get: (frame) => (own.has(frame) ? own.get(frame) : own.get('every')) ?? undefined };
  };
}
