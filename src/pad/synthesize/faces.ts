import path from 'node:path';
import { kindOf, readText } from '../../data/files.js';
import { filesBelow } from '../../data/folder.js';
import { imageExtensions, readPicture } from '../../data/images.js';
import { DataError } from '../../errors.js';
import type { Raster } from '../../images/raster.js';
import { leftTopWidthHeight } from '../boxes/box-files.js';
import { type FaceDetector, surestFace } from '../boxes/surest-face.js';
import { Cropper, cropWindow } from '../crop.js';
import type { Box } from '../presentation.js';
import { parseTable } from '../table.js';
import { Canvas } from './canvas.js';
import { drawFace, type View } from './drawn-face.js';

/** Somebody's face, perhaps several times. */
export interface Person {
  readonly subject: string;
  /** One view a take, made when it is asked for; null where no face is found in a photograph. */
  readonly takes: readonly (() => Promise<View | null>)[];
}

/** How much of the scene is seen around a face, as a multiple of its box. */
const surroundings = 2;

export function drawnPeople(count: number, takes: number, side: number, seed: number): Person[] {
  return Array.from({ length: count }, (_, person) => ({
    subject: `drawn-${String(person).padStart(4, '0')}`,
    takes: Array.from({ length: takes }, (_, take) => async () => drawFace(side, seed, person, take)),
  }));
}

export interface PhotographOptions {
  readonly side: number;
  /** CSV file of boxes: file, left, top, width, height. */
  readonly boxes?: string;
  readonly detect?: FaceDetector;
}

/**
 * The photographs below a folder; who is shown is the first folder on the way to a picture, or the picture's own name.
 * @throws DataError with reason `not-found`, `unrecognised` (it is a file) or `empty`, and those of the file of boxes
 */
export async function photographedPeople(folder: string, { side, boxes, detect }: PhotographOptions): Promise<Person[]> {
  const kind = await kindOf(folder);
  if (kind !== 'folder') {
    const why = kind === null ? 'there is no such folder.' : 'it is a file.';
    throw new DataError(
      folder,
      null,
      kind === null ? 'not-found' : 'unrecognised',
      `${why} --faces names a folder of photographs.`,
    );
  }
  const files = (await filesBelow(folder)).filter((file) => imageExtensions.includes(path.extname(file).toLowerCase()));
  if (files.length === 0) {
    const detail = `there is no picture below it (${imageExtensions.join(' ')}). --drawn N makes faces where there are none.`;
    throw new DataError(folder, null, 'empty', detail);
  }
  const known = boxes === undefined ? null : await boxesOf(boxes);
  const people = new Map<string, (() => Promise<View | null>)[]>();
  for (const file of files) {
    const name = path.relative(folder, file).replaceAll('\\', '/');
    const subject = name.includes('/') ? name.split('/')[0]! : path.parse(name).name;
    const takes = people.get(subject) ?? [];
    people.set(subject, takes);
    takes.push(async () => {
      const picture = await readPicture(file);
      const box = detect ? await surestFace(detect, picture, file, 0) : known ? (known.get(name) ?? null) : middleOf(picture);
      return box && viewOf(picture, box, side);
    });
  }
  return [...people].map(([subject, takes]) => ({ subject, takes }));
}

/** A square of half the shorter side, in the middle: where portraits have the face. */
function middleOf({ width, height }: Raster): Box {
  const side = Math.min(width, height) / surroundings;
  return { left: (width - side) / 2, top: (height - side) / 2, width: side, height: side };
}

function viewOf(picture: Raster, box: Box, side: number): View {
  const window = cropWindow(box, { scale: surroundings, aspect: 'keep' });
  const data = new Cropper().crop(picture, 3, window, side, 'edge');
  const scale = side / window.width;
  return {
    canvas: Canvas.from({ data, height: side, width: side, values: 3 }),
    box: {
      left: (box.left - window.left) * scale,
      top: (box.top - window.top) * scale,
      width: box.width * scale,
      height: box.height * scale,
    },
  };
}

async function boxesOf(file: string): Promise<Map<string, Box>> {
  const columns = ['left', 'top', 'width', 'height'];
  const { rows } = parseTable(file, await readText(file), ['file', ...columns], ['frame']);
  const boxes = new Map<string, Box>();
  for (const { line, cells } of rows) {
    const box = leftTopWidthHeight(columns.map((name) => (cells[name] === '' ? Number.NaN : Number(cells[name]))));
    if (!box) throw new DataError(file, line, 'bad-row', 'needs numbers for left, top, width and height, the last two above 0.');
    boxes.set(cells['file']!, box);
  }
  return boxes;
}
