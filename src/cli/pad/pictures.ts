import path from 'node:path';
import { loadSharp } from '../../data/images.js';
import { ConfigError } from '../../errors.js';
import { type ScoreEvaluation, worstErrors } from '../../pad/evaluation/index.js';
import type { DetectorScore } from '../../pad/scores/index.js';
import type { Picture } from '../../report/attack-detection/page.js';

/** Pixels of the longer side. */
const size = 128;

/**
 * Pictures of the worst errors of each judged set, small enough to stand in a page. One that cannot be read is told of, and stops nothing.
 * @throws ConfigError of key `images` when a score file has no column `file`; UnsupportedError when sharp is not installed
 */
export async function worstErrorPictures(
  { evals, threshold }: ScoreEvaluation,
  folder: string,
  most: number,
): Promise<ReadonlyMap<DetectorScore, Picture>> {
  const sharp = await loadSharp();
  const pictures = new Map<DetectorScore, Picture>();
  for (const set of evals) {
    if (set.scores[0]!.extra['file'] === undefined) {
      throw new ConfigError('images', `${set.file} has no column "file" that says which picture in ${folder} is whose.`);
    }
    const { attacks, bonafide } = worstErrors(set, threshold);
    for (const score of [...attacks.slice(0, most), ...bonafide.slice(0, most)]) {
      pictures.set(score, await read(score.extra['file']!));
    }
  }
  return pictures;

  async function read(name: string): Promise<Picture> {
    const file = path.resolve(folder, name);
    // A score file is somebody's: it does not get to show what lies elsewhere.
    const isInside = file.startsWith(path.resolve(folder) + path.sep);
    if (!isInside) return { kind: 'missing', why: `${name || 'no file'} is not in the folder of pictures` };
    try {
      const small = await sharp(file).rotate().resize(size, size, { fit: 'inside' }).jpeg({ quality: 80 }).toBuffer();
      return { kind: 'shown', url: `data:image/jpeg;base64,${small.toString('base64')}` };
    } catch {
      return { kind: 'missing', why: `${name} cannot be read as a picture` };
    }
  }
}
