import { z } from 'zod';
import { FormatError } from '../errors.js';
import { type StoredTensor, toFloat32 } from '../formats/dtypes.js';
import { readFileChecked, writeFileAtomic } from '../formats/file.js';
import { decodeSafetensors, encodeSafetensors } from '../formats/safetensors.js';
import type { Module } from '../nn/module.js';
import type { Tensor } from '../tensor/tensor.js';
import { progressSchema } from './progress.js';
import { type Recipe, recipeSchema } from './recipe.js';

/*
 * A checkpoint is a safetensors file. The model's state lies under its own paths (`stages.0.conv.weight`), what the optimiser keeps under
 * `optimizer/…`, averaged weights under `average/…`: no path of a module has a slash. The metadata holds JSON under the keys of `metadataSchema`.
 */

const formatName = 'gossamer-checkpoint';
const formatVersion = 1;

const side = z.int().min(1);

const optionValue = z.union([z.number(), z.string(), z.boolean(), z.null(), z.array(z.number())]);

const metadataSchema = z.object({
  /** The network by registry name; null for one that the registry does not make. */
  model: z.object({ name: z.string(), options: z.record(z.string(), optionValue) }).nullable(),
  /** Class names, in the order of the labels; none for a network that does not classify. */
  classes: z.array(z.string()),
  /** Height, width and channels of the images that the network takes, after the recipe's `transforms.evaluate`. */
  input: z.tuple([side, side, side]),
  /** Height, width and channels of the images before any transform. */
  source: z.tuple([side, side, side]),
  /** How these images were cut out of pictures; absent where they are no faces. */
  faceCrop: z
    .strictObject({
      scale: z.number().min(0.5).max(4),
      aspect: z.enum(['keep', 'stretch']),
      fill: z.enum(['edge', 'black']),
    })
    .optional(),
  recipe: recipeSchema,
  /** Images trained on and held out. */
  images: z.object({ train: z.int().min(0), validation: z.int().min(0) }),
  progress: progressSchema,
  /** `training`: all that is needed to go on; `weights`: what is to be judged and shipped. */
  holds: z.enum(['training', 'weights']),
  /** The file that the weights were imported from, by name and digest; absent for those that were trained here. */
  provenance: z.object({ file: z.string(), sha256: z.string() }).optional(),
});

export type CheckpointMetadata = z.output<typeof metadataSchema>;

/** Numbers by path, as a module's `loadState` takes them. */
export type StoredState = Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;

export interface Checkpoint extends CheckpointMetadata {
  readonly path: string;
  readonly weights: StoredState;
  /** Empty when the checkpoint holds weights only. */
  readonly optimizer: StoredState;
  /** Empty when weights are not averaged. */
  readonly average: StoredState;
}

/** A copy of a module's state. */
export function copyState(model: Module): StoredState {
  return new Map([...model.state()].map(([path, entry]) => [path, { shape: entry.shape, data: entry.read() }]));
}

/** A copy of tensors that something keeps beside the model. */
export function copyTensors(tensors: ReadonlyMap<string, Tensor>): StoredState {
  return new Map(
    [...tensors].map(([path, tensor]) => [path, { shape: tensor.shape, data: Float32Array.from(tensor.toArray()) }]),
  );
}

export interface CheckpointContent extends CheckpointMetadata {
  readonly weights: StoredState;
  readonly optimizer?: StoredState;
  readonly average?: StoredState;
}

/** How an entry of a model's state is stored. */
export type StateEncoding = (
  path: string,
  entry: { readonly shape: readonly number[]; readonly data: Float32Array },
) => StoredTensor;

const asFloat32: StateEncoding = (_, { shape, data }) => ({ dtype: 'F32', shape, data });

/**
 * Writes a checkpoint: as a whole or not at all.
 * @param encode how the weights are stored: float32 unless told
 * @throws FormatError with reason `not-writable`
 */
export async function writeCheckpoint(path: string, content: CheckpointContent, encode = asFloat32): Promise<void> {
  const { weights, optimizer = new Map(), average = new Map(), ...rest } = content;
  const tensors = new Map<string, StoredTensor>();
  const parts: readonly [string, StoredState, StateEncoding][] = [
    ['', weights, encode],
    ['optimizer/', optimizer, asFloat32],
    ['average/', average, asFloat32],
  ];
  for (const [prefix, state, encoding] of parts) {
    for (const [name, entry] of state) tensors.set(prefix + name, encoding(name, entry));
  }
  const present = Object.entries(rest).filter(([, value]) => value !== undefined);
  const metadata = Object.fromEntries(present.map(([key, value]) => [key, JSON.stringify(value)]));
  await writeFileAtomic(path, encodeSafetensors(tensors, { format: formatName, version: String(formatVersion), ...metadata }));
}

/**
 * Reads and checks a checkpoint.
 * @throws FormatError with reason `not-found` and the like, those of safetensors files, `not-a-checkpoint`, `unknown-version` or
 *   `bad-checkpoint`
 */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  const { tensors, metadata } = decodeSafetensors(await readFileChecked(path), path);
  if (metadata['format'] !== formatName) {
    throw new FormatError(
      path,
      'not-a-checkpoint',
      'is a safetensors file, but not one that Gossamer wrote: `gossamer import` takes weights from elsewhere.',
    );
  }
  if (metadata['version'] !== String(formatVersion)) {
    const detail = `has version ${metadata['version']} of the checkpoint format; this release reads ${formatVersion}.`;
    throw new FormatError(path, 'unknown-version', detail);
  }
  const state = (prefix: string): StoredState =>
    new Map(
      [...tensors]
        .filter(([name]) => (prefix ? name.startsWith(prefix) : !name.includes('/')))
        .map(([name, tensor]) => [name.slice(prefix.length), { shape: tensor.shape, data: toFloat32(tensor) }]),
    );
  return {
    path,
    ...parseMetadata(path, metadata),
    weights: state(''),
    optimizer: state('optimizer/'),
    average: state('average/'),
  };
}

function parseMetadata(path: string, metadata: Readonly<Record<string, string>>): CheckpointMetadata {
  const values: Record<string, unknown> = {};
  for (const key of Object.keys(metadataSchema.shape)) {
    const text = metadata[key];
    if (text === undefined) continue;
    try {
      values[key] = JSON.parse(text);
    } catch (cause) {
      throw new FormatError(path, 'bad-checkpoint', `the metadata "${key}" is not JSON.`, { cause });
    }
  }
  const result = metadataSchema.safeParse(values);
  if (result.success) return result.data;
  const { path: place, message } = result.error.issues[0]!;
  throw new FormatError(path, 'bad-checkpoint', `the metadata "${place.join('.')}" is wrong: ${message}.`, {
    cause: result.error,
  });
}

/** What the images that a checkpoint's network takes look like: means and deviations of its `normalize`, null without one. */
export function normalization(recipe: Recipe): { readonly mean: readonly number[]; readonly std: readonly number[] } | null {
  return recipe.transforms.evaluate.find((transform) => transform.name === 'normalize') ?? null;
}
