import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { kindOf } from '../../data/files.js';
import { ConfigError } from '../../errors.js';
import type { FaceDetector } from './surest-face.js';

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
