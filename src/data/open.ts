import path from 'node:path';
import { ConfigError, DataError } from '../errors.js';
import { openCifar10, openCifar100 } from './cifar.js';
import { kindOf, listFolder, readLines } from './files.js';
import { classesIn, openFolder } from './folder.js';
import { openIdx } from './idx.js';
import { type ImageOptions, isPicture } from './images.js';
import { classesInManifest, openManifest } from './manifest.js';
import { type PixelSource, withChannels } from './pixels.js';
import type { Source } from './source.js';

export interface OpenOptions extends ImageOptions {
  split: 'train' | 'test';
  /** Class names in the order of the labels, where the data does not say. */
  classes?: readonly string[];
  /** CIFAR-100 only: the 100 fine classes (default) or the 20 coarse ones. */
  labels?: 'fine' | 'coarse';
  /** Refuse (`no-split`) a single manifest that does not say which rows are for `split`, which is otherwise taken whole. */
  expectSplit?: boolean;
}

/** The classes of Fashion-MNIST, in the order of the labels. */
export const fashionMnistClasses: readonly string[] = [
  'T-shirt/top',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Ankle boot',
];

const lookedFor = [
  'train-images-idx3-ubyte[.gz] and its like (MNIST, Fashion-MNIST)',
  'data_batch_1.bin, or cifar-10-batches-bin (CIFAR-10)',
  'train.bin, or cifar-100-binary (CIFAR-100)',
  'train/CLASS/*.jpg and test/CLASS/*.jpg or val/CLASS/*.jpg',
  'CLASS/*.jpg',
  'train.csv and test.csv',
];

/**
 * Opens whatever data set lies at `location`: IDX files, CIFAR-10 or -100, a tree of folders, or a CSV manifest.
 * @throws DataError with reason `not-found` (nothing there), `unrecognised` (the text lists what was looked for), `ambiguous` or
 *   `no-split`, and those of each reader
 * @throws ConfigError when `size` does not fit data that has a size of its own
 */
export async function openSource(location: string, options: OpenOptions): Promise<Source> {
  const kind = await kindOf(location);
  if (kind === null) {
    throw new DataError(
      location,
      null,
      'not-found',
      'there is no such file or folder. `gossamer data get` downloads public data sets.',
    );
  }
  if (kind === 'file') {
    if (path.extname(location).toLowerCase() === '.csv') return openManifest(location, options);
    throw new DataError(
      location,
      null,
      'unrecognised',
      'it is a file, but not a .csv manifest. Name the folder that the data lies in.',
    );
  }
  const entries = await listFolder(location);
  const found = await recognise(location, entries, options);
  if (found) return found();
  throw new DataError(location, null, 'unrecognised', `no data set was recognised in it. Looked for: ${lookedFor.join('; ')}.`);
}

type Opener = () => Promise<Source>;

async function recognise(
  folder: string,
  entries: { name: string; isFolder: boolean }[],
  options: OpenOptions,
): Promise<Opener | null> {
  const files = new Set(entries.filter((entry) => !entry.isFolder).map((entry) => entry.name));
  const folders = new Set(entries.filter((entry) => entry.isFolder).map((entry) => entry.name));

  if ([...files].some((name) => idxName.test(name))) return () => openIdxFolder(folder, files, options);
  if (files.has('data_batch_1.bin') || files.has('test_batch.bin')) return () => raw(openCifar10(folder, options), options);
  if (files.has('train.bin') || files.has('test.bin')) return () => raw(openCifar100(folder, options), options);

  const inside = ['cifar-10-batches-bin', 'cifar-100-binary'].filter((name) => folders.has(name));
  if (inside.length > 1)
    throw new DataError(folder, null, 'ambiguous', `both ${inside.join(' and ')} lie in it. Name one of them.`);
  if (inside.length === 1) return () => openSource(path.join(folder, inside[0]!), options);

  if (files.has('train.csv') || files.has('test.csv')) return () => openManifestFolder(folder, files, options);
  // Class folders first: one of the classes may be called "train".
  const splits = [...splitFolders.train, ...splitFolders.test].filter((name) => folders.has(name));
  if (splits.length > 0 && !(await hasPictures(folder, splits))) return () => openTree(folder, folders, options);
  if (await hasPictures(folder, folders)) return () => openFlat(folder, options);
  return null;
}

const splitFolders = { train: ['train'], test: ['test', 'val', 'valid', 'validation'] };

const idxName = /^(train|t10k|test)-images[-.]idx3-ubyte(\.gz)?$/;

async function openIdxFolder(folder: string, files: ReadonlySet<string>, options: OpenOptions): Promise<Source> {
  const prefixes = options.split === 'train' ? ['train'] : ['t10k', 'test'];
  const find = (what: string) => {
    const names = prefixes.flatMap((prefix) =>
      ['-', '.'].flatMap((dot) => ['', '.gz'].map((end) => `${prefix}-${what.replace('-idx', `${dot}idx`)}${end}`)),
    );
    const name = names.find((name) => files.has(name));
    if (name) return path.join(folder, name);
    throw new DataError(
      path.join(folder, names[1]!),
      null,
      'not-found',
      `the ${options.split} split needs this file, compressed or not.`,
    );
  };
  const listed = await readLines(path.join(folder, 'classes.txt'));
  const known = /fashion/i.test(path.basename(path.resolve(folder))) ? fashionMnistClasses : undefined;
  const classes = options.classes ?? listed ?? known;
  const name = `${path.basename(path.resolve(folder))} ${options.split}`;
  return raw(openIdx(find('images-idx3-ubyte'), find('labels-idx1-ubyte'), { name, classes, skipBad: options.skipBad }), options);
}

/** Raw pixels are what they are: channels are converted, another size is a transform's business. */
async function raw(opening: Promise<PixelSource>, options: OpenOptions): Promise<Source> {
  const source = await opening;
  const [height, width] = typeof options.size === 'number' ? [options.size, options.size] : (options.size ?? []);
  if (height !== undefined && (height !== source.height || width !== source.width)) {
    const detail = `${source.name} has images of ${source.height} x ${source.width}, not ${height} x ${width}. Use the transform "resize".`;
    throw new ConfigError('size', detail);
  }
  return options.channels ? withChannels(source, options.channels) : source;
}

async function openManifestFolder(folder: string, files: ReadonlySet<string>, options: OpenOptions): Promise<Source> {
  const file = `${options.split}.csv`;
  if (!files.has(file)) throw noSplit(folder, options.split, file);
  // The training manifest numbers the classes, so that both splits agree.
  const classes =
    options.classes ?? (files.has('train.csv') ? await classesInManifest(path.join(folder, 'train.csv')) : undefined);
  return openManifest(path.join(folder, file), { ...options, classes, expectSplit: false });
}

async function openTree(folder: string, folders: ReadonlySet<string>, options: OpenOptions): Promise<Source> {
  const names = splitFolders[options.split];
  const name = names.find((name) => folders.has(name));
  if (!name) throw noSplit(folder, options.split, names.join(', '));
  // The training folder numbers the classes, so that both splits agree.
  const classes = options.classes ?? (folders.has('train') ? await classesIn(path.join(folder, 'train')) : undefined);
  return openFolder(path.join(folder, name), { ...options, classes });
}

async function openFlat(folder: string, options: OpenOptions): Promise<Source> {
  if (options.split === 'test') throw noSplit(folder, 'test', 'test, val');
  return openFolder(folder, options);
}

async function hasPictures(folder: string, folders: Iterable<string>): Promise<boolean> {
  for (const name of folders) {
    const inside = await listFolder(path.join(folder, name));
    if (inside.some((entry) => !entry.isFolder && isPicture(entry.name))) return true;
  }
  return false;
}

function noSplit(folder: string, split: string, names: string): DataError {
  return new DataError(
    folder,
    null,
    'no-split',
    `it has no ${split} split (looked for ${names}). Hold out a part of the training data by seed.`,
  );
}
