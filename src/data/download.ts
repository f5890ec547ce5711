import fs from 'node:fs';
import path from 'node:path';
import { ConfigError, DataError } from '../errors.js';
import { type CatalogEntry, catalog, type DatasetName } from './catalog.js';
import { digestOf, type FetchOptions, fetchFile, sizeOf } from './fetch-file.js';
import { kindOf } from './files.js';
import { unpackTar } from './tar.js';

export interface GetOptions extends FetchOptions {
  /** The folder in which the data set's own folder is made (default `data`). */
  dir?: string;
  /** In place of the official address: that of the folder with the same files, or of the archive itself. */
  url?: string;
}

export interface GetResult {
  /** For `openSource`. */
  folder: string;
  /** False when it was there already and nothing was downloaded. */
  downloaded: boolean;
  licence: string;
}

/**
 * Downloads a public data set, checks it, unpacks it. Can be interrupted and run again; the folder appears only when it is
 * complete.
 * @throws ConfigError for a name that is not in the catalog
 * @throws DataError as `fetchFile` and `unpackTar`; `incomplete` when a folder of that name is there and is not the data set
 */
export async function getDataset(name: DatasetName, options: GetOptions = {}): Promise<GetResult> {
  if (!Object.hasOwn(catalog, name)) {
    throw new ConfigError('name', `"${name}" is not known; these are: ${Object.keys(catalog).join(', ')}.`);
  }
  return getEntry(catalog[name], options);
}

/** As {@link getDataset}, for data sets of one's own. */
export async function getEntry(entry: CatalogEntry, options: GetOptions = {}): Promise<GetResult> {
  const dir = options.dir ?? 'data';
  const folder = path.join(dir, entry.folder);
  const result = { folder, licence: entry.licence };
  if (await isComplete(folder, entry)) return { ...result, downloaded: false };

  const staging = path.join(dir, `${entry.folder}.download`);
  await fs.promises.mkdir(staging, { recursive: true });
  for (const file of entry.files) {
    const target = path.join(staging, file.name);
    if ((await sizeOf(target)) === file.bytes && (await digestOf(target)) === file.sha256) continue;
    await fetchFile(address(entry, file.name, options.url), file, target, options);
  }
  const ready = entry.packing === 'plain' ? staging : await unpack(entry, staging);
  if (entry.classes) await fs.promises.writeFile(path.join(ready, 'classes.txt'), `${entry.classes.join('\n')}\n`);
  await fs.promises.rename(ready, folder);
  await fs.promises.rm(staging, { recursive: true, force: true });
  return { ...result, downloaded: true };
}

/** Unpacks beside the archive, into a folder that no one mistakes for the finished one. */
async function unpack(entry: CatalogEntry, staging: string): Promise<string> {
  const unpacked = path.join(staging, 'unpacked');
  await fs.promises.rm(unpacked, { recursive: true, force: true });
  await fs.promises.mkdir(unpacked);
  const wanted = entry.members.map((member) => ({ ...member, name: `${entry.folder}/${member.name}` }));
  await unpackTar(path.join(staging, entry.files[0]!.name), wanted, unpacked);
  return unpacked;
}

/** @throws DataError when there is something of that name, but not the data set: it is someone's, and not overwritten */
async function isComplete(folder: string, entry: CatalogEntry): Promise<boolean> {
  const kind = await kindOf(folder);
  if (kind === null) return false;
  if (kind === 'folder' && (await fs.promises.readdir(folder)).length === 0) {
    await fs.promises.rmdir(folder);
    return false;
  }
  for (const member of entry.members) {
    const file = path.join(folder, member.name);
    const size = (await kindOf(file)) === 'file' ? await sizeOf(file) : null;
    if (size !== null && size === (member.bytes ?? size)) continue;
    const found = size === null ? 'is missing' : `has ${size} bytes, not ${member.bytes}`;
    throw new DataError(
      folder,
      null,
      'incomplete',
      `exists, but its ${member.name} ${found}. Move it away, or choose another folder.`,
    );
  }
  return true;
}

function address(entry: CatalogEntry, file: string, url: string | undefined): string {
  const base = url ?? entry.url;
  if (!URL.canParse(base)) throw new ConfigError('url', `"${base}" is not an address.`);
  if (entry.files.length === 1 && /\.(tar\.gz|tgz|gz|tar)$/.test(new URL(base).pathname)) return base;
  return new URL(file, base.endsWith('/') ? base : `${base}/`).href;
}
