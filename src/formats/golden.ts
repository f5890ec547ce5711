import { FormatError } from '../errors.js';
import { decodeSafetensors, type StoredTensor } from './safetensors.js';

/** Numbers that a network or an operator should reproduce: a safetensors file whose `__metadata__.case` says of what; PyTorch's layouts. */
export interface GoldenFile {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/**
 * @param fileName for the error text
 * @throws FormatError as `decodeSafetensors`, or with reason `bad-case` when the case is no JSON object
 */
export function decodeGolden(bytes: Uint8Array, fileName: string): GoldenFile {
  const { tensors, metadata } = decodeSafetensors(bytes, fileName);
  let attributes: unknown;
  try {
    attributes = JSON.parse(metadata['case'] ?? '{}');
  } catch (cause) {
    throw new FormatError(fileName, 'bad-case', 'its metadata "case" is not JSON.', { cause });
  }
  if (typeof attributes !== 'object' || attributes === null || Array.isArray(attributes)) {
    throw new FormatError(fileName, 'bad-case', 'its metadata "case" is not a JSON object.');
  }
  return { attributes: attributes as Record<string, unknown>, tensors };
}
