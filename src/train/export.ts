import fs from 'node:fs';
import { ConfigError } from '../errors.js';
import { type StoredTensor, toFloat32 } from '../formats/dtypes.js';
import { largestHalf, numberToHalf } from '../formats/half.js';
import { createFromSpec } from '../models/registry.js';
import { type Checkpoint, readCheckpoint, type StateEncoding, type StoredState, writeCheckpoint } from './checkpoint.js';
import { sampleName } from './dataset.js';
import type { Recipe } from './recipe.js';

/**
 * How exported weights are stored. `full`: float32. `half`: kernels and matrices as float16; those of which only the signs act (1-bit convolutions
 * without scale and theta) as +1 and -1, a byte each, which changes no result; what has one number a channel stays float32.
 */
export type ExportPrecision = 'full' | 'half';

export interface ExportOptions {
  /** @defaultValue 'half' */
  readonly precision?: ExportPrecision;
  /** Whether `out` may be there: it is then replaced as a whole. */
  readonly replace?: boolean;
}

export interface ExportedWeights {
  readonly path: string;
  readonly precision: ExportPrecision;
  /** Numbers stored, by element type. */
  readonly elements: Readonly<Record<string, number>>;
  /** Size of the file. */
  readonly bytes: number;
  /** The largest difference that rounding made to a value whose size acts, relative to the largest value of its tensor; 0 for `full`. */
  readonly largestRounding: number;
}

/**
 * Writes the weights of a checkpoint alone, for judging and shipping: averaged ones where there are such, nothing that only training needs. The
 * file is a checkpoint that `readCheckpoint`, `loadModel`, `eval` and `predict` take; training cannot go on from it. Where the data of its recipe lay
 * is left out.
 * @param checkpoint its file, or what `readCheckpoint` gave
 * @param out the file to write
 * @throws FormatError as `readCheckpoint`, or `not-writable`; ConfigError when `out` is there and not to be replaced, when a value does not fit half precision, or for
 *   `half` when the checkpoint is of a network that the registry does not make
 */
export async function exportWeights(
  checkpoint: string | Checkpoint,
  out: string,
  { precision = 'half', replace = false }: ExportOptions = {},
): Promise<ExportedWeights> {
  if (!replace) refuseToReplace(out);
  const read = typeof checkpoint === 'string' ? await readCheckpoint(checkpoint) : checkpoint;
  const { path: from, weights, average, optimizer, ...metadata } = read;
  const encode = precision === 'half' ? halves(read) : undefined;
  const state: StoredState = new Map([...weights, ...average]);

  const elements: Record<string, number> = {};
  let largestRounding = 0;
  const note: StateEncoding = (path, entry) => {
    const stored: StoredTensor = encode?.(path, entry) ?? { dtype: 'F32', ...entry };
    elements[stored.dtype] = (elements[stored.dtype] ?? 0) + stored.data.length;
    if (stored.dtype === 'F16') largestRounding = Math.max(largestRounding, rounding(entry.data, toFloat32(stored)));
    return stored;
  };
  const recipe = withoutPlace(metadata.recipe);
  await writeCheckpoint(out, { ...metadata, recipe, holds: 'weights', weights: state }, note);
  const { size: bytes } = await fs.promises.stat(out);
  return { path: out, precision, elements, bytes, largestRounding };
}

/** @throws ConfigError when the file to export to is there already */
export function refuseToReplace(out: string): void {
  if (fs.existsSync(out))
    throw new ConfigError('out', `${out} is there already: name another file, or have it replaced (--replace).`);
}

/** Where the data lay is of no use elsewhere, and tells more of the machine than its owner may like. */
function withoutPlace(recipe: Recipe): Recipe {
  const { data } = recipe;
  return data.source === sampleName ? recipe : { ...recipe, data: { ...data, source: null } };
}

/** @throws ConfigError for a network of one's own, and while encoding for a value that no half holds */
function halves({ path: from, model }: Checkpoint): StateEncoding {
  if (!model) {
    throw new ConfigError(
      'precision',
      `${from} is of a network of your own, whose layers are not known here: export it as "full".`,
    );
  }
  const parameters = createFromSpec(model).parameters();
  return (path, { shape, data }) => {
    const parameter = parameters.get(path);
    // What has one number a channel weighs little, and a selector's biases decide between channels that are nearly as good.
    if (!parameter || shape.length < 2) return { dtype: 'F32', shape, data };
    if (parameter.signsOnly) return { dtype: 'I8', shape, data: Int8Array.from(data, (value) => (value < 0 ? -1 : 1)) };
    const worst = data.find((value) => !(Math.abs(value) <= largestHalf));
    if (worst !== undefined) {
      throw new ConfigError('precision', `${path} holds ${worst}; half precision ends at ${largestHalf}. Export it as "full".`);
    }
    return { dtype: 'F16', shape, data: Uint16Array.from(data, numberToHalf) };
  };
}

function rounding(exact: Float32Array, stored: Float32Array): number {
  let [difference, largest] = [0, 0];
  for (const [i, value] of exact.entries()) {
    difference = Math.max(difference, Math.abs(value - stored[i]!));
    largest = Math.max(largest, Math.abs(value));
  }
  return largest === 0 ? 0 : difference / largest;
}
