import { halfToNumber } from './half.js';

/**
 * Element types of stored tensors, by their safetensors names, and the typed array that holds each. JavaScript (Node 20) has
 * no 16-bit floats: F16 and BF16 are kept as their bits, `toFloat32` reads them.
 */
export interface ElementArrays {
  F64: Float64Array;
  F32: Float32Array;
  F16: Uint16Array;
  BF16: Uint16Array;
  I64: BigInt64Array;
  U64: BigUint64Array;
  I32: Int32Array;
  U32: Uint32Array;
  I16: Int16Array;
  U16: Uint16Array;
  I8: Int8Array;
  U8: Uint8Array;
  BOOL: Uint8Array;
}

export type StoredDType = keyof ElementArrays;

export type ElementArray = ElementArrays[StoredDType];

/** A tensor as files hold it: row-major, `data.length` is the product of `shape` (1 for the empty shape). */
export type StoredTensor = {
  [D in StoredDType]: { readonly dtype: D; readonly shape: readonly number[]; readonly data: ElementArrays[D] };
}[StoredDType];

interface ArrayType<A> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer): A;
}

const arrayTypes: { readonly [D in StoredDType]: ArrayType<ElementArrays[D]> } = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
  I32: Int32Array,
  U32: Uint32Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
};

export const storedDTypes = Object.keys(arrayTypes) as readonly StoredDType[];

export function isStoredDType(name: unknown): name is StoredDType {
  return typeof name === 'string' && Object.hasOwn(arrayTypes, name);
}

/** Bytes of one element. */
export function bytesPerElement(dtype: StoredDType): number {
  return arrayTypes[dtype].BYTES_PER_ELEMENT;
}

/** Whether `data` is the kind of typed array that holds `dtype`. */
export function holds(dtype: StoredDType, data: ElementArray): boolean {
  return data instanceof arrayTypes[dtype];
}

/** Files are little-endian; nearly every machine is. */
const isHostBigEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 0;

/** `count` elements from byte `offset` on, as a typed array of its own. The range must lie within `bytes`. */
export function readElements<D extends StoredDType>(
  dtype: D,
  bytes: Uint8Array,
  offset: number,
  count: number,
): ElementArrays[D] {
  const size = bytesPerElement(dtype);
  // A copy in any case: files align nothing, and a Buffer's own slice() would share memory.
  const own = new Uint8Array(count * size);
  own.set(bytes.subarray(offset, offset + count * size));
  if (isHostBigEndian) reverseElements(own, size);
  return new arrayTypes[dtype](own.buffer);
}

/** Writes the elements of `data` into `bytes` from byte `offset` on. */
export function writeElements(data: ElementArray, bytes: Uint8Array, offset: number): void {
  const target = bytes.subarray(offset, offset + data.byteLength);
  target.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  if (isHostBigEndian) reverseElements(target, data.BYTES_PER_ELEMENT);
}

function reverseElements(bytes: Uint8Array, size: number): void {
  for (let i = 0; i < bytes.length; i += size) bytes.subarray(i, i + size).reverse();
}

/**
 * The values as float32, whatever the element type; the array itself when it is F32 already. Wider types are rounded to the
 * nearest float32, BOOL becomes 0 and 1.
 */
export function toFloat32(tensor: StoredTensor): Float32Array {
  switch (tensor.dtype) {
    case 'F32':
      return tensor.data;
    case 'F16':
      return Float32Array.from(tensor.data, halfToNumber);
    case 'BF16':
      return new Float32Array(Uint32Array.from(tensor.data, (bits) => bits << 16).buffer);
    case 'BOOL':
      return Float32Array.from(tensor.data, (byte) => (byte === 0 ? 0 : 1));
    case 'I64':
    case 'U64': {
      const values = new Float32Array(tensor.data.length);
      for (let i = 0; i < values.length; i++) values[i] = Number(tensor.data[i]);
      return values;
    }
    default:
      return Float32Array.from(tensor.data);
  }
}
