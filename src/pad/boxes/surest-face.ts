import { DataError } from '../../errors.js';
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
 * The face that the detector is surest of, of equally sure ones the largest; null for none. Runs in browsers.
 * @param frame its number; null for a picture by itself
 * @throws DataError with `place`, the frame's number, and reason `detector-failed` when the detector throws, or answers with something else than faces
 */
export async function surestFace(
  detect: FaceDetector,
  picture: Raster,
  place: string,
  frame: number | null,
): Promise<Box | null> {
  const failed = (why: string, cause?: unknown) =>
    new DataError(place, frame, 'detector-failed', `the face detector ${why}.`, { cause });
  let found: unknown;
  try {
    found = await detect(picture);
  } catch (error) {
    throw failed(`failed (${error instanceof Error ? error.message : String(error)})`, error);
  }
  const faces: readonly unknown[] | null = Array.isArray(found) ? found : null;
  if (!faces) throw failed('answered with something else than a list of faces');
  const stray = faces.findIndex((face) => !isBox(face) || !Number.isFinite((face as Partial<DetectedFace>).score));
  if (stray >= 0) {
    throw failed(`answered with something else than faces (${stray} is no { left, top, width, height, score } of numbers)`);
  }
  const area = ({ width, height }: Box) => width * height;
  const [best] = [...(faces as DetectedFace[])].sort((a, b) => b.score - a.score || area(b) - area(a));
  return best ? { left: best.left, top: best.top, width: best.width, height: best.height } : null;
}

/** Whether it has a place and a size. */
export function isBox(value: unknown): value is Box {
  if (typeof value !== 'object' || value === null) return false;
  const { left, top, width, height } = value as Readonly<Record<string, unknown>>;
  return [left, top, width, height].every(Number.isFinite) && (width as number) > 0 && (height as number) > 0;
}
