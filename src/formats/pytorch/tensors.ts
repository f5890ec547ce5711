import { FormatError } from '../../errors.js';
import { bytesPerElement, type ElementArray, readElements, type StoredTensor } from '../dtypes.js';
import type { StorageRef, TensorView } from './rules.js';

/** A tensor of a checkpoint: contiguous, row-major, in PyTorch's layout; a copy of its own. */
export type PyTorchTensor = StoredTensor;

/** The bytes of a whole storage, exactly as many as its count of elements needs; throws when there are none. */
export type StorageBytes = (storage: StorageRef) => Uint8Array;

/**
 * A stride of 0 repeats an element, so a tensor may be larger than what the file holds of it; a small file must not fill
 * the memory that way.
 */
const sizeLimit = (fileBytes: number) => 64 * 2 ** 20 + 16 * fileBytes;

/** Takes tensors out of storages, all of them checked to lie within. */
export class TensorReader {
  private readonly tensors = new Map<TensorView, PyTorchTensor>();
  private readonly decoded = new Map<string, ElementArray>();
  private bytesLeft: number;

  constructor(
    private readonly file: string,
    fileBytes: number,
    private readonly storageBytes: StorageBytes,
  ) {
    this.bytesLeft = sizeLimit(fileBytes);
  }

  /**
   * The same view gives the same tensor.
   * @throws FormatError with reason `stride-out-of-bounds` or `too-large`, or what the storage throws
   */
  read(view: TensorView): PyTorchTensor {
    const known = this.tensors.get(view);
    if (known) return known;
    const count = this.checkBounds(view);
    this.bytesLeft -= count * bytesPerElement(view.storage.dtype);
    if (this.bytesLeft < 0) {
      throw new FormatError(
        this.file,
        'too-large',
        'its tensors together are far larger than the file: elements are repeated (stride 0).',
      );
    }
    const { dtype } = view.storage;
    const tensor = { dtype, shape: view.shape, data: this.elements(view, count) } as PyTorchTensor;
    this.tensors.set(view, tensor);
    return tensor;
  }

  /** How many elements the tensor has. */
  private checkBounds({ storage, offset, shape, strides }: TensorView): number {
    const count = shape.reduce((product, size) => product * size, 1);
    const last = shape.reduce((at, size, axis) => at + (size - 1) * strides[axis]!, offset);
    const isInside = count === 0 ? offset <= storage.viewCount : last < storage.viewCount;
    // Above 2^53 sums round, but never back into a storage.
    if (!isInside || !Number.isSafeInteger(count)) {
      const tensor = `a tensor of shape [${shape.join(', ')}], strides [${strides.join(', ')}], offset ${offset}`;
      const detail = `${tensor} reaches out of storage "${storage.key}" of ${storage.viewCount} elements.`;
      throw new FormatError(this.file, 'stride-out-of-bounds', detail);
    }
    return count;
  }

  private elements(view: TensorView, count: number): ElementArray {
    const { storage, offset } = view;
    const bytes = this.storageBytes(storage);
    const start = storage.viewStart + offset;
    if (isContiguous(view)) return readElements(storage.dtype, bytes, start * bytesPerElement(storage.dtype), count);
    let whole = this.decoded.get(storage.key);
    if (!whole) {
      whole = readElements(storage.dtype, bytes, 0, storage.count);
      this.decoded.set(storage.key, whole);
    }
    const target = readElements(storage.dtype, new Uint8Array(count * bytesPerElement(storage.dtype)), 0, count);
    gather(bitsOf(whole), start, view, bitsOf(target));
    return target;
  }
}

type Bits = Uint8Array | Uint16Array | Uint32Array | BigUint64Array;

/** The same memory, all of its buffer, as whole numbers: moved as a float, a signalling NaN would come out as another one. */
function bitsOf(elements: ElementArray): Bits {
  const types = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: BigUint64Array };
  return new types[elements.BYTES_PER_ELEMENT as 1 | 2 | 4 | 8](elements.buffer as ArrayBuffer);
}

/** Whether the strides are those of row-major order; the strides of axes of length 1 mean nothing. */
function isContiguous({ shape, strides }: TensorView): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] === 0) return true;
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

/** Walks the tensor in row-major order, its last axis fastest. */
function gather(source: Bits, start: number, { shape, strides }: TensorView, target: Bits): void {
  // One view of all element sizes: values only move from one array to another of the same kind.
  const from = source as Uint32Array;
  const to = target as Uint32Array;
  // Axes of length 1 are never walked along; dozens of them would be gone through at every element.
  const axes = shape.flatMap((size, axis) => (size === 1 ? [] : [{ size, stride: strides[axis]!, index: 0 }])).reverse();
  let at = start;
  for (let i = 0; i < to.length; i++) {
    to[i] = from[at]!;
    for (const axis of axes) {
      at += axis.stride;
      axis.index++;
      if (axis.index < axis.size) break;
      at -= axis.stride * axis.size;
      axis.index = 0;
    }
  }
}
