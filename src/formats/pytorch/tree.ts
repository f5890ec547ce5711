import { FormatError } from '../../errors.js';
import { describe, type PickleKey, PickleTuple, type PickleValue } from './pickle-values.js';
import { TensorView } from './rules.js';
import type { PyTorchTensor, TensorReader } from './tensors.js';

/** What a checkpoint holds, as plain data: dicts are Maps in their order, lists and tuples arrays. */
export type PyTorchValue =
  | null
  | boolean
  | number
  /** Whole numbers beyond 2^53. */
  | bigint
  | string
  /** Python's bytes. */
  | Uint8Array
  | PyTorchValue[]
  | Map<PickleKey, PyTorchValue>
  | PyTorchTensor;

export function isPyTorchTensor(value: PyTorchValue | undefined): value is PyTorchTensor {
  return typeof value === 'object' && value !== null && 'dtype' in value;
}

const maxDepth = 100;
/** A value may be in several places of a pickle, a hundred doublings deep if it wants to be. */
const maxValues = 2_000_000;

/**
 * Plain data from a pickle, with its tensors read.
 * @throws FormatError with reason `too-deep` (also for values that contain themselves), `too-large` or `unsupported-value`
 */
export function plainTree(root: PickleValue, file: string, tensors: TensorReader): PyTorchValue {
  let values = 0;

  function plain(value: PickleValue, depth: number): PyTorchValue {
    if (depth > maxDepth) throw new FormatError(file, 'too-deep', `its values are nested more than ${maxDepth} deep.`);
    if (++values > maxValues) throw new FormatError(file, 'too-large', `it holds more than ${maxValues} values.`);
    if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value;
    if (value instanceof TensorView) return tensors.read(value);
    if (value instanceof PickleTuple) return value.items.map((item) => plain(item, depth + 1));
    if (Array.isArray(value)) return value.map((item) => plain(item, depth + 1));
    if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, plain(item, depth + 1)]));
    throw new FormatError(file, 'unsupported-value', `it holds ${describe(value)}, which is no data.`);
  }

  return plain(root, 0);
}
