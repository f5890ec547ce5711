import { type OpenOptions, openSource } from '../data/open.js';
import { recapture } from '../data/recapture.js';
import { fashionMnistSample } from '../data/sample.js';
import type { Source } from '../data/source.js';
import { splitIndices } from '../data/split.js';
import { ConfigError } from '../errors.js';
import { Rng } from '../tensor/rng.js';
import type { Recipe } from './recipe.js';

/** Labelled images with a part to train on and a part to judge by. */
export interface DataSet {
  readonly name: string;
  open(options: OpenOptions): Promise<Source>;
}

/** A place (folder, CSV manifest, or `fashion-mnist-sample`), a data set, or sources that are open already. */
export type TrainingData = string | DataSet | { readonly train: Source; readonly test?: Source };

/** Some records of a source. */
export interface Selection {
  readonly source: Source;
  /** Record numbers, ascending. */
  readonly indices: Int32Array;
}

/** What a recipe calls the images that ship with the package. */
export const sampleName = 'fashion-mnist-sample';

/** CIFAR-10 in `folder`, or in its subfolder cifar-10-batches-bin. */
export const cifar10 = (folder: string): DataSet => dataSet(`CIFAR-10 in ${folder}`, folder);

/** CIFAR-100 in `folder`, or in its subfolder cifar-100-binary. */
export const cifar100 = (folder: string): DataSet => dataSet(`CIFAR-100 in ${folder}`, folder);

/** Fashion-MNIST in `folder`; the small set that ships with the package unless one is given. */
export const fashionMnist = (folder: string = fashionMnistSample()): DataSet => dataSet(`Fashion-MNIST in ${folder}`, folder);

function dataSet(name: string, place: string): DataSet {
  return { name, open: (options) => openSource(place, options) };
}

interface SplitOptions {
  readonly skipBad?: boolean;
  readonly classes?: readonly string[];
  /** As for `openSource`. */
  readonly expectSplit?: boolean;
}

/**
 * One side of the data, as the recipe wants it (image size, channels, how many).
 * @param data where the recipe says, unless given
 * @throws ConfigError when there is neither; DataError when it cannot be read
 */
export async function openSplit(
  data: TrainingData | undefined,
  split: 'train' | 'test',
  recipe: Recipe,
  options: SplitOptions = {},
): Promise<Selection> {
  const images = await open(data ?? recipe.data.source ?? undefined, split, recipe, options);
  const source = recipe.data.recapture ? await recapture(images, { ...recipe.data.recapture, split }) : images;
  const wanted = split === 'train' ? recipe.data.trainImages : recipe.data.testImages;
  const labels = Int32Array.from({ length: source.length }, (_, record) => source.label(record));
  if (wanted === null || wanted >= source.length) return { source, indices: labels.map((_, record) => record) };
  // Not the stream that chooses the validation images.
  const seed = Rng.for(recipe.seed, split === 'train' ? 1 : 2).uint32();
  return { source, indices: splitIndices(labels, wanted / source.length, seed).validation };
}

async function open(
  data: TrainingData | undefined,
  split: 'train' | 'test',
  recipe: Recipe,
  { skipBad = false, classes, expectSplit = false }: SplitOptions,
): Promise<Source> {
  if (data === undefined) {
    throw new ConfigError('data', `the recipe ${recipe.name} does not say where its images lie: name the folder (--data).`);
  }
  if (typeof data === 'object' && 'train' in data) {
    const source = data[split];
    if (!source) throw new ConfigError('data.test', 'there is no source of test images.');
    return source;
  }
  const { size, channels, fit, labels } = recipe.data;
  const options: OpenOptions = {
    split,
    skipBad,
    // The classes of another task are not those of the images.
    classes: recipe.data.recapture ? undefined : classes,
    expectSplit,
    size: size ?? undefined,
    channels: channels ?? undefined,
    fit: fit ?? undefined,
    labels: labels ?? undefined,
  };
  if (typeof data === 'object') return data.open(options);
  return openSource(data === sampleName ? fashionMnistSample() : data, options);
}

/** What `skipBad` left out of a source, in a sentence; null for nothing. */
export function describeSkipped({ name, problems }: Source): string | null {
  if (problems.length === 0) return null;
  const lost = problems.reduce((sum, problem) => sum + problem.lost, 0);
  if (lost === 0) return `${name}: ${problems[0]!.message}`;
  const count = lost === 1 ? '1 record was left out' : `${lost} records were left out; the first`;
  return `${name}: ${count}: ${problems[0]!.message}`;
}

/**
 * Holds out what the recipe says, the same share of every class, by its seed.
 * @throws ConfigError when nothing would be left to train on
 */
export function holdOut({ source, indices }: Selection, recipe: Recipe): { train: Selection; validation: Selection } {
  const { fraction, count } = recipe.validation;
  const share = count !== null ? count / indices.length : (fraction ?? 0);
  if (share >= 1) {
    throw new ConfigError('validation.count', `got ${count}, needs less than the ${indices.length} training images.`);
  }
  const labels = indices.map((record) => source.label(record));
  const split = splitIndices(labels, share, recipe.seed);
  const of = (places: Int32Array): Selection => ({ source, indices: places.map((place) => indices[place]!) });
  return { train: of(split.train), validation: of(split.validation) };
}
