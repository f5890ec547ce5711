import { type OpenOptions, openSource } from '../data/open.js';
import { recapture } from '../data/recapture.js';
import { fashionMnistSample } from '../data/sample.js';
import type { Source } from '../data/source.js';
import { splitGroups, splitIndices } from '../data/split.js';
import { ConfigError } from '../errors.js';
import { Rng } from '../tensor/rng.js';
import { expectDepthSource } from './depth-data.js';
import type { Recipe } from './recipe.js';

/** Labelled images with a part to train on and a part to judge by. */
export interface DataSet {
  readonly name: string;
  open(options: OpenOptions): Promise<Source>;
  /** Images to choose the best epoch by, where the data has some for that. */
  openValidation?(options: Omit<OpenOptions, 'split'>): Promise<Source>;
}

/** Sides of the data: to learn from, to choose the best epoch by, to judge by. */
export type DataSplit = 'train' | 'validation' | 'test';

/** A place (folder, CSV manifest, or `fashion-mnist-sample`), a data set, or sources that are open already. */
export type TrainingData = string | DataSet | { readonly train: Source; readonly validation?: Source; readonly test?: Source };

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
 * @throws ConfigError when there is neither, no such side, or images that the recipe's transforms or loss do not fit; DataError when it cannot be read
 */
export async function openSplit(
  data: TrainingData | undefined,
  split: DataSplit,
  recipe: Recipe,
  options: SplitOptions = {},
): Promise<Selection> {
  const images = await open(data ?? recipe.data.source ?? undefined, split, recipe, options);
  const source = recipe.data.recapture ? await recapture(images, { ...recipe.data.recapture, split }) : images;
  expectFaceScale(source, recipe);
  if (recipe.loss.name === 'depth') expectDepthSource(source);
  const wanted = { train: recipe.data.trainImages, validation: null, test: recipe.data.testImages }[split];
  const labels = Int32Array.from({ length: source.length }, (_, record) => source.label(record));
  if (wanted === null || wanted >= source.length) return { source, indices: labels.map((_, record) => record) };
  // Not the stream that chooses the validation images.
  const seed = Rng.for(recipe.seed, split === 'train' ? 1 : 2).uint32();
  return { source, indices: splitIndices(labels, wanted / source.length, seed).validation };
}

async function open(
  data: TrainingData | undefined,
  split: DataSplit,
  recipe: Recipe,
  { skipBad = false, classes, expectSplit = false }: SplitOptions,
): Promise<Source> {
  if (data === undefined) {
    throw new ConfigError('data', `the recipe ${recipe.name} does not say where its images lie: name the folder (--data).`);
  }
  if (typeof data === 'object' && 'train' in data) {
    const source = data[split];
    if (!source) throw new ConfigError(`data.${split}`, `there is no source of ${split} images.`);
    return source;
  }
  const { size, channels, fit, labels } = recipe.data;
  const options: Omit<OpenOptions, 'split'> = {
    skipBad,
    // The classes of another task are not those of the images.
    classes: recipe.data.recapture ? undefined : classes,
    expectSplit,
    size: size ?? undefined,
    channels: channels ?? undefined,
    fit: fit ?? undefined,
    labels: labels ?? undefined,
  };
  if (split === 'validation') {
    if (typeof data === 'object' && data.openValidation) return data.openValidation(options);
    const place = typeof data === 'object' ? data.name : data;
    throw new ConfigError(
      'validation.split',
      `${place} has no images of its own to choose by: hold some out (validation.fraction).`,
    );
  }
  if (typeof data === 'object') return data.open({ ...options, split });
  return openSource(data === sampleName ? fashionMnistSample() : data, { ...options, split });
}

/** A face that was cut at another scale than the transforms take it to be would be shown too large or too small. */
function expectFaceScale({ name, faceCrop }: Source, { transforms }: Recipe): void {
  const faceScale = faceCrop?.scale;
  for (const [list, steps] of Object.entries(transforms)) {
    for (const [i, step] of steps.entries()) {
      if (step.name !== 'face-scale' || step.stored === faceScale) continue;
      const key = `transforms.${list}.${i}.stored`;
      const found = faceScale === undefined ? 'does not say at which scale faces were cut' : `has faces cut at ${faceScale}`;
      const advice =
        faceScale === undefined ? 'Leave the transform out, or prepare the faces anew.' : `Set it (--set ${key}=${faceScale}).`;
      throw new ConfigError(key, `is ${step.stored}, but ${name} ${found}. ${advice}`);
    }
  }
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
 * Holds out what the recipe says by its seed: the same share of every class or, of frames, that share of the subjects (of the videos, where a subject is not known).
 * @throws ConfigError when nothing would be left to train on
 */
export function holdOut({ source, indices }: Selection, recipe: Recipe): { train: Selection; validation: Selection } {
  const { fraction, count } = recipe.validation;
  const share = count !== null ? count / indices.length : (fraction ?? 0);
  if (share >= 1) {
    throw new ConfigError('validation.count', `got ${count}, needs less than the ${indices.length} training images.`);
  }
  const { frames } = source;
  const split = frames
    ? splitGroups(
        [...indices].map((record) => frames.subject(record) ?? frames.video(record)),
        share,
        recipe.seed,
      )
    : splitIndices(
        indices.map((record) => source.label(record)),
        share,
        recipe.seed,
      );
  const of = (places: Int32Array): Selection => ({ source, indices: places.map((place) => indices[place]!) });
  return { train: of(split.train), validation: of(split.validation) };
}
