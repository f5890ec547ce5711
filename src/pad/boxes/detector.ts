import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { kindOf } from '../../data/files.js';
import { ConfigError, DataError } from '../../errors.js';
import type { Raster } from '../../images/raster.js';
import type { Box } from '../presentation.js';

/** A face that a detector found. */
export interface DetectedFace extends Box {
  /** The higher, the surer. */
  readonly score: number;
}

/** Finds faces: pixels (red, green, blue) in, boxes in their own coordinates out; none for no face. What is not a face it leaves out itself. */
export type FaceDetector = (picture: Raster) => readonly DetectedFace[] | Promise<readonly DetectedFace[]>;

/**
 * The default export of a module: a detector, or an object with `detect`.
 * @throws ConfigError when there is no such file, it cannot be loaded, or exports something else
 */
export async function loadDetector(file: string): Promise<FaceDetector> {
  if ((await kindOf(file)) !== 'file') throw new ConfigError('detector', `there is no file ${file}. It names a module (.mjs).`);
  let exported: unknown;
  try {
    exported = ((await import(pathToFileURL(path.resolve(file)).href)) as { default?: unknown }).default;
  } catch (cause) {
    throw new ConfigError('detector', `${file} cannot be loaded (${(cause as Error).message}).`, { cause });
  }
  if (typeof exported === 'function') return exported as FaceDetector;
  if (typeof exported === 'object' && exported !== null && 'detect' in exported && typeof exported.detect === 'function') {
    const detector = exported as { detect: FaceDetector };
    return (picture) => detector.detect(picture);
  }
  const detail = `${file} has no detector as its default export: a function from { data, width, height } to [{ left, top, width, height, score }].`;
  throw new ConfigError('detector', detail);
}

/** @throws ConfigError when boxes are to come from a file and from a detector */
export function expectOneSource({ boxes, detector }: { readonly boxes?: string; readonly detector?: string }): void {
  if (boxes === undefined || detector === undefined) return;
  throw new ConfigError('detector', 'boxes come from a file or from a detector: give --boxes or --detector.');
}

const answer = z.array(
  z.object({
    left: z.number(),
    top: z.number(),
    width: z.number().positive(),
    height: z.number().positive(),
    score: z.number(),
  }),
);

/**
 * The face that the detector is surest of, of equally sure ones the largest; null for none.
 * @throws DataError with `place`, the frame's number, and reason `detector-failed` when the detector throws, or answers with something else than faces
 */
export async function surestFace(detect: FaceDetector, picture: Raster, place: string, frame: number): Promise<Box | null> {
  const failed = (why: string, cause?: unknown) =>
    new DataError(place, frame, 'detector-failed', `the face detector ${why}.`, { cause });
  let found: unknown;
  try {
    found = await detect(picture);
  } catch (error) {
    throw failed(`failed (${error instanceof Error ? error.message : String(error)})`, error);
  }
  const parsed = answer.safeParse(found);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw failed(`answered with something else than faces (${issue.path.join('.')}: ${issue.message})`);
  }
  const area = ({ width, height }: Box) => width * height;
  const [best] = [...parsed.data].sort((a, b) => b.score - a.score || area(b) - area(a));
  return best ? { left: best.left, top: best.top, width: best.width, height: best.height } : null;
}
