import path from 'node:path';
import { kindOf, readText } from '../../data/files.js';
import { DataError } from '../../errors.js';
import type { Box, FrameBoxes } from '../presentation.js';

/*
 * Files of boxes as the data sets have them: a line a frame. All-zero or empty boxes mean that no face was found: such frames are left out.
 */

export interface BoxFileLayout {
  /** Numbers on a line. */
  readonly columns: number;
  /** Whether the first of them is the frame's number; otherwise line n is frame n, from 0. */
  readonly numbered: boolean;
  /** The box from the numbers behind the frame's number; null: no face. */
  box(values: readonly number[]): Box | null;
}

/** left, top, width, height. */
export const leftTopWidthHeight = ([left, top, width, height]: readonly number[]): Box | null =>
  width! > 0 && height! > 0 ? { left: left!, top: top!, width: width!, height: height! } : null;

/** left, top, right, bottom. */
export const leftTopRightBottom = ([left, top, right, bottom]: readonly number[]): Box | null =>
  leftTopWidthHeight([left!, top!, right! - left!, bottom! - top!]);

/**
 * From the middles of the two eyes (x, y, x, y; either may come first): twice their distance wide, 2.4 times high, the eyes at 0.7 from the
 * top. These are the proportions that Bob (bob.ip.facedetect) uses for upright faces.
 */
export function aroundEyes([x1, y1, x2, y2]: readonly number[]): Box | null {
  const distance = Math.hypot(x2! - x1!, y2! - y1!);
  if (!(distance > 0)) return null;
  const [x, y] = [(x1! + x2!) / 2, (y1! + y2!) / 2];
  return { left: x - distance, top: y - 0.7 * distance, width: 2 * distance, height: 2.4 * distance };
}

/** How to read the boxes in `file`, which is not opened before; null when there is no such file. */
export async function boxesIn(file: string, layout: BoxFileLayout): Promise<(() => Promise<FrameBoxes>) | null> {
  if ((await kindOf(file)) !== 'file') return null;
  return async () => parseBoxFile(file, await readText(file), layout);
}

/** The file of the same name with another extension: boxes lie beside videos like that. */
export function beside(media: string, extension: string): string {
  return path.join(path.dirname(media), `${path.parse(media).name}${extension}`);
}

/**
 * Frames may be numbered from 0 or from 1: from 0 if one has that number.
 * @throws DataError with the file, the line, and reason `bad-row` or `duplicate-frame`
 */
export function parseBoxFile(file: string, text: string, { columns, numbered, box }: BoxFileLayout): FrameBoxes {
  const found = new Map<number, Box | null>();
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const cells = line.split(/[\s,]+/).filter((cell) => cell !== '');
    if (cells.length === 0) continue;
    const values = cells.map(Number);
    const number = numbered ? values[0]! : i;
    if (values.length < columns || !values.every(Number.isFinite) || !Number.isInteger(number) || number < 0) {
      const needed = numbered ? `a frame number and ${columns - 1} numbers` : `${columns} numbers`;
      throw new DataError(file, i + 1, 'bad-row', `got ${JSON.stringify(line.slice(0, 80))}, needs ${needed}.`);
    }
    if (found.has(number)) throw new DataError(file, i + 1, 'duplicate-frame', `frame ${number} stands there twice.`);
    found.set(number, box(numbered ? values.slice(1) : values));
  }
  const first = numbered && !found.has(0) ? 1 : 0;
  const faces = [...found].filter((entry): entry is [number, Box] => entry[1] !== null);
  return new Map(faces.map(([number, face]) => [number - first, face]));
}
