import { createHash } from 'node:crypto';
import path from 'node:path';
import type { StoredTensor } from '../formats/dtypes.js';
import { readFileChecked } from '../formats/file.js';
import { besideStateDict, decodePyTorch, stateDict } from '../formats/pytorch/index.js';
import { withoutParallelPrefix } from '../formats/pytorch/prefix.js';
import { decodeSafetensors } from '../formats/safetensors.js';

/** Weights as somebody's file has them. */
export interface WeightSource {
  /** The file's name without its folder. */
  readonly file: string;
  readonly sha256: string;
  readonly form: 'safetensors' | 'zip' | 'legacy';
  /** By name, without `module.` before all of them. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** What a training checkpoint holds beside them: `epoch`, `optimizer`. */
  readonly beside: readonly string[];
}

/** Averaged weights in our own checkpoints. */
const averagePrefix = 'average/';

/**
 * Reads the tensors of a safetensors file or a PyTorch checkpoint of either form, told by its content. No code of the file runs.
 * @throws FormatError as `readFileChecked`, `decodeSafetensors`, `decodePyTorch` and `stateDict`
 */
export async function readWeightSource(location: string): Promise<WeightSource> {
  const bytes = await readFileChecked(location);
  const facts = { file: path.basename(location), sha256: createHash('sha256').update(bytes).digest('hex') };
  if (isSafetensors(bytes) || path.extname(location) === '.safetensors') {
    const tensors = averaged(decodeSafetensors(bytes, location).tensors);
    return { ...facts, form: 'safetensors', tensors: withoutParallelPrefix(tensors), beside: [] };
  }
  const checkpoint = decodePyTorch(bytes, location);
  return { ...facts, form: checkpoint.form, tensors: stateDict(checkpoint), beside: besideStateDict(checkpoint) };
}

/** Its header, behind eight bytes of length, is JSON; neither of PyTorch's forms has a brace there. */
function isSafetensors(bytes: Uint8Array): boolean {
  return bytes[8] === '{'.charCodeAt(0);
}

/** Averaged weights in place of those that they are the average of, as `loadModel` has it. */
function averaged(tensors: ReadonlyMap<string, StoredTensor>): Map<string, StoredTensor> {
  const result = new Map<string, StoredTensor>();
  for (const [name, tensor] of tensors) if (!name.startsWith(averagePrefix)) result.set(name, tensor);
  for (const [name, tensor] of tensors) if (name.startsWith(averagePrefix)) result.set(name.slice(averagePrefix.length), tensor);
  return result;
}
