import path from 'node:path';
import { kindOf, listFolder, readText } from '../../data/files.js';
import { imageExtensions, readPicture } from '../../data/images.js';
import { DataError } from '../../errors.js';
import type { Raster } from '../../images/raster.js';
import { beside, leftTopWidthHeight } from '../boxes/box-files.js';
import type { Box, Media } from '../presentation.js';
import { chosenFrames, type FrameChoice } from './choice.js';
import { videoFrames } from './ffmpeg.js';

export interface Frame {
  /** In the video, from 0. */
  readonly number: number;
  readonly picture: Raster;
  /** The picture's file, where it has one of its own. */
  readonly file: string | null;
  /** From a .dat file beside the picture. */
  readonly box: Box | null;
}

/**
 * The chosen frames of a presentation, in their order.
 * @param onDamage hears of a video that decodes with complaints
 * @throws DataError with the file and reason `not-found`, `unreadable`, `undecodable` or `empty`; UnsupportedError without ffmpeg or sharp
 */
export async function* readFrames(
  media: Media,
  choice: FrameChoice,
  onDamage: (complaint: string) => void,
): AsyncGenerator<Frame> {
  switch (media.kind) {
    case 'missing':
      throw new DataError(media.path, null, 'not-found', 'there is no such file or folder.');
    case 'picture':
      yield await readFrame(media.path, 0);
      return;
    case 'video':
      for await (const frame of videoFrames(media.path, choice, onDamage)) yield { ...frame, file: null, box: null };
      return;
    case 'frames': {
      const frames = await framesInFolder(media.path);
      for (const place of chosenFrames(choice, frames.length)) {
        const { file, number } = frames[place]!;
        yield await readFrame(file, number);
      }
    }
  }
}

/**
 * The pictures of a folder and the frames that they are: the last number in each one's name says it where all have one of their own (a folder
 * that begins at 1 is one that counts from 1), otherwise their place in the order of their names.
 */
export async function framesInFolder(folder: string): Promise<{ readonly file: string; readonly number: number }[]> {
  const entries = await listFolder(folder);
  const names = entries.filter(({ name, isFolder }) => !isFolder && imageExtensions.includes(path.extname(name).toLowerCase()));
  if (names.length === 0) throw new DataError(folder, null, 'empty', 'there is no picture in it.');
  const found = names.map(({ name }, place) => {
    const digits = path
      .parse(name)
      .name.match(/\d{1,9}/g)
      ?.at(-1);
    return { file: path.join(folder, name), place, number: digits === undefined ? null : Number(digits) };
  });
  const numbers = found.map(({ number }) => number);
  if (numbers.includes(null) || new Set(numbers).size < numbers.length) {
    return found.map(({ file, place }) => ({ file, number: place }));
  }
  const first = Math.min(...(numbers as number[])) === 1 ? 1 : 0;
  return found.map(({ file, number }) => ({ file, number: number! - first })).sort((a, b) => a.number - b.number);
}

async function readFrame(file: string, number: number): Promise<Frame> {
  return { number, picture: await readPicture(file), file, box: await boxBeside(file) };
}

/** Four lines, as CDCN's authors have them: left, top, width, height. */
async function boxBeside(picture: string): Promise<Box | null> {
  const file = beside(picture, '.dat');
  if ((await kindOf(file)) !== 'file') return null;
  const text = await readText(file);
  const values = text
    .split(/\s+/)
    .filter((cell) => cell !== '')
    .map(Number);
  if (values.length === 4 && values.every(Number.isFinite)) return leftTopWidthHeight(values);
  const detail = `got ${JSON.stringify(text.slice(0, 80))}, needs four lines: left, top, width, height.`;
  throw new DataError(file, null, 'bad-box', detail);
}
