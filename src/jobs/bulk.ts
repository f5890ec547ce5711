import fs from 'node:fs';
import path from 'node:path';
import { ConfigError, DataError } from '../errors.js';
import { packageVersion } from '../train/tables/version.js';
import { digestOfFiles } from './data-digest.js';
import { SCORES_FILE } from './kinds/score.js';
import type { Run } from './run.js';
import type { ResultStore } from './store.js';
import { taskId } from './task.js';

/** Endings of what counts as a picture in a folder. */
const PICTURE = /\.(jpe?g|png|webp|gif|tiff?|avif)$/i;

/**
 * Pictures below a folder, by their places in it, in order.
 * @throws DataError with reason `not-found` or `empty`
 */
export function picturesBelow(folder: string): readonly string[] {
  let entries: fs.Dirent[];
  try {
    entries = fs.readdirSync(folder, { recursive: true, withFileTypes: true });
  } catch (cause) {
    throw new DataError(folder, null, 'not-found', `there is no such folder (${(cause as Error).message}).`, { cause });
  }
  const files = entries.filter((entry) => entry.isFile() && PICTURE.test(entry.name));
  if (files.length === 0) throw new DataError(folder, null, 'empty', 'has no pictures (jpg, png, webp, gif, tiff, avif).');
  return files.map((entry) => path.relative(folder, path.join(entry.parentPath ?? entry.path, entry.name))).sort();
}

/**
 * The pictures that a file names, one a line, seen from that file.
 * @throws DataError with reason `not-found` or `empty`
 */
export function picturesListed(file: string): readonly string[] {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (cause) {
    throw new DataError(file, null, 'not-found', `cannot be read (${(cause as Error).message}).`, { cause });
  }
  const names = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  if (names.length === 0) throw new DataError(file, null, 'empty', 'names no pictures.');
  return names;
}

export interface BulkOptions {
  /** The packed model: its file and digest. */
  readonly model: { readonly file: string; readonly digest: string };
  /** Folder from which the pictures are seen. */
  readonly folder: string;
  readonly files: readonly string[];
  /** Pictures of a task. */
  readonly chunk: number;
  /** Bytes that one picture may take; as the runtime allows, unless given. */
  readonly memoryPerImage?: number | undefined;
}

/** Tasks that score pictures, so many each. @throws ConfigError for a picture that is named twice; DataError for one that is not there */
export async function bulkRuns({ model, folder, files, chunk, memoryPerImage }: BulkOptions): Promise<readonly Run[]> {
  const places = new Map(files.map((file, i) => [file, i]));
  const twice = files.find((file, i) => places.get(file) !== i);
  if (twice !== undefined) throw new ConfigError('list', `names ${twice} twice.`);
  const place = path.resolve(folder);
  const runs: Run[] = [];
  for (let start = 0; start < files.length; start += chunk) {
    const part = files.slice(start, start + chunk);
    const data = await digestOfFiles(
      place,
      part.map((file) => path.resolve(place, file)),
    );
    const config = { model: model.digest, files: part };
    const task = { what: 'score' as const, config, seed: 0, data, fold: null };
    const order = { task, place, model: path.resolve(model.file), ...(memoryPerImage !== undefined && { memoryPerImage }) };
    const name = part.length === 1 ? part[0]! : `${part[0]} … ${part.at(-1)}`;
    runs.push({ id: taskId(order.task, packageVersion()), order, name });
  }
  return runs;
}

/** The scores of all tasks that are done, in their order. */
export async function joinScores(runs: readonly Run[], store: ResultStore): Promise<string> {
  const files = await Promise.all(runs.map(({ id }) => store.file(id, SCORES_FILE)));
  const texts = files.flatMap((bytes) => (bytes ? [new TextDecoder().decode(bytes)] : []));
  return texts.map((text, i) => (i === 0 ? text : text.slice(text.indexOf('\n') + 1))).join('');
}
