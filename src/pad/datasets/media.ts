import path from 'node:path';
import { kindOf, listFolder } from '../../data/files.js';
import { imageExtensions } from '../../data/images.js';
import { DataError } from '../../errors.js';
import type { Media } from '../presentation.js';
import type { Findings } from './reader.js';

const videoExtensions: readonly string[] = ['.avi', '.mov', '.mp4', '.mkv', '.webm', '.m4v'];

export interface FoundMedia {
  /** Path below the root, with `/`, without extension. */
  readonly id: string;
  readonly media: Media;
}

/**
 * What is shown in the folder `below` of `root`, and in those in it: every video, every folder of frames (pictures and no videos) and every
 * other picture, in the order of their ids. Null when there is no such folder.
 * @throws DataError with reason `ambiguous` when a video and its frames are both there
 */
export async function findMedia(root: string, below: string): Promise<FoundMedia[] | null> {
  const folder = path.join(root, below);
  if ((await kindOf(folder)) !== 'folder') return null;
  const found: FoundMedia[] = [];
  for (const { name, isFolder } of await listFolder(folder)) {
    const id = [...below.split('/'), name].filter((part) => part !== '').join('/');
    const place = path.join(folder, name);
    if (isFolder) {
      if (await holdsFrames(place)) found.push({ id: withoutExtension(id), media: { kind: 'frames', path: place } });
      else found.push(...((await findMedia(root, id)) ?? []));
      continue;
    }
    const kind = kindOfFile(name);
    if (kind) found.push({ id: withoutExtension(id), media: { kind, path: place } });
  }
  const sorted = sortById(found);
  const twice = sorted.find(({ id }, i) => sorted[i + 1]?.id === id);
  if (twice) {
    const detail =
      'it is there as a video and as a folder of frames, or twice in other ways: move one of them out of the data set.';
    throw new DataError(path.join(root, twice.id), null, 'ambiguous', detail);
  }
  return sorted;
}

/** Something found, and what its folder says of it. */
export interface MediaOf<Part> extends FoundMedia {
  readonly part: Part;
}

/**
 * As `findMedia`, of several folders, each of a part of the data set; those that are not there are noted.
 * @throws DataError with reason `unrecognised` when none is there: `needed` says what was looked for
 */
export async function* mediaOfParts<Part>(
  root: string,
  folders: readonly (readonly [folder: string, part: Part])[],
  findings: Findings,
  title: string,
  needed: string,
): AsyncGenerator<MediaOf<Part>> {
  let missing = 0;
  for (const [folder, part] of folders) {
    const media = await findMedia(root, folder);
    if (media === null) {
      findings.missingFolder(folder);
      missing++;
    }
    for (const item of media ?? []) yield { ...item, part };
  }
  if (missing === folders.length) throw unrecognised(root, title, needed);
}

/** What lies at a path that somebody wrote down. */
export async function mediaAt(place: string): Promise<Media> {
  const there = await kindOf(place);
  if (there === null) return { kind: 'missing', path: place };
  if (there === 'folder') return { kind: 'frames', path: place };
  const kind = kindOfFile(place);
  if (kind) return { kind, path: place };
  const detail = `neither a video (${videoExtensions.join(' ')}) nor a picture (${imageExtensions.join(' ')}), going by its name.`;
  throw new DataError(place, null, 'unrecognised', detail);
}

/** @throws DataError with reason `not-found` or `unrecognised` when there is no folder at `root` */
export async function expectRoot(root: string): Promise<void> {
  const kind = await kindOf(root);
  if (kind === null)
    throw new DataError(root, null, 'not-found', 'there is no such folder. --root names the folder of the data set.');
  if (kind !== 'folder')
    throw new DataError(root, null, 'unrecognised', 'it is a file. --root names the folder of the data set.');
}

export function unrecognised(root: string, title: string, needed: string): DataError {
  return new DataError(root, null, 'unrecognised', `it does not look like ${title}. Looked for: ${needed}.`);
}

export function sortById<T extends { readonly id: string }>(items: readonly T[]): T[] {
  return [...items].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

function kindOfFile(name: string): 'video' | 'picture' | null {
  const extension = path.extname(name).toLowerCase();
  if (videoExtensions.includes(extension)) return 'video';
  return imageExtensions.includes(extension) ? 'picture' : null;
}

async function holdsFrames(folder: string): Promise<boolean> {
  const kinds = (await listFolder(folder)).map(({ name, isFolder }) => (isFolder ? null : kindOfFile(name)));
  return kinds.includes('picture') && !kinds.includes('video');
}

/** A folder of frames is often called as the video was, extension included. */
function withoutExtension(id: string): string {
  const extension = path.extname(id).toLowerCase();
  return [...videoExtensions, ...imageExtensions].includes(extension) ? id.slice(0, -extension.length) : id;
}
