import { FormatError } from '../errors.js';
import { sameShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { StoredState } from './checkpoint.js';

/**
 * Overwrites tensors by path with what a checkpoint holds.
 * @throws FormatError with reason `bad-checkpoint` when one is missing, too many or of another shape
 */
export function loadTensors(tensors: ReadonlyMap<string, Tensor>, stored: StoredState, file: string): void {
  const unknown = [...stored.keys()].find((path) => !tensors.has(path));
  if (unknown !== undefined)
    throw new FormatError(file, 'bad-checkpoint', `holds ${unknown}, which the optimiser does not keep.`);
  for (const [path, tensor] of tensors) {
    const found = stored.get(path);
    if (!found || !sameShape(found.shape, tensor.shape)) {
      throw new FormatError(file, 'bad-checkpoint', `${path} is ${found ? `of shape [${found.shape.join(', ')}]` : 'missing'}.`);
    }
    tensor.write(found.data);
  }
}
