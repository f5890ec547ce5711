import fc from 'fast-check';
import { FormatError } from '#dist/errors.js';
import { holds, type StoredTensor, storedDTypes, writeElements } from '#dist/formats/dtypes.js';
import { decodeSafetensors, encodeSafetensors } from '#dist/formats/safetensors.js';
import { lengthAndJson } from '../json-edits.js';
import { agree, type Reader, type Sample } from '../reader.js';
import { safetensorsContent } from '../valid.js';

const plain = encodeSafetensors(
  {
    'stem.weight': { dtype: 'F32', shape: [2, 3], data: Float32Array.of(1, -0, 3, 4, 5, 6) },
    'stem.bias': { dtype: 'F16', shape: [3], data: Uint16Array.of(0x3c00, 0xc000, 0x7bff) },
    none: { dtype: 'I64', shape: [0, 4], data: new BigInt64Array() },
    labels: { dtype: 'U8', shape: [1, 5], data: Uint8Array.of(1, 2, 3, 4, 5) },
  },
  { format: 'pt', note: '{"a":[1,2,{"b":null}]}' },
);
const made = fc.sample(safetensorsContent, { seed: 5, numRuns: 12 });

export const safetensors: Reader = {
  name: 'safetensors',
  samples: [
    safetensorsSample('plain', plain),
    ...made.map(({ tensors, metadata }, i) => safetensorsSample(`made ${i}`, encodeSafetensors(tensors, metadata))),
  ],
  refusesWith: FormatError,
  read(bytes) {
    const { tensors, metadata } = decodeSafetensors(bytes, 'x.safetensors');
    agree(
      Object.values(metadata).every((text) => typeof text === 'string'),
      'metadata is not text',
    );
    const dataBytes = Buffer.concat([...tensors.values()].map(bytesOf));
    for (const tensor of tensors.values()) checkTensor(tensor);
    agree(dataBytes.equals(bytes.subarray(bytes.length - dataBytes.length)), 'the tensors are not the end of the file');
    const again = decodeSafetensors(encodeSafetensors(tensors, metadata), 'again');
    agree(again.tensors.size === tensors.size, 'written and read again, it has other tensors');
  },
  header: lengthAndJson,
  tokens: [...storedDTypes, '"', '{', '}', '[', ']', ',', ':', '\\u0061', '\\', ' ', '\ufeff'].map((text) => Buffer.from(text)),
};

export function safetensorsSample(name: string, bytes: Uint8Array): Sample {
  const headerEnd = 8 + Number(Buffer.from(bytes).readBigUInt64LE());
  return { name, bytes, seams: [8, headerEnd, Math.floor((headerEnd + bytes.length) / 2)] };
}

export function bytesOf({ data }: StoredTensor): Uint8Array {
  const bytes = new Uint8Array(data.byteLength);
  writeElements(data, bytes, 0);
  return bytes;
}

/** A tensor by itself: its elements are of its type and as many as its shape says. */
export function checkTensor({ dtype, shape, data }: StoredTensor): void {
  agree(holds(dtype, data), `${dtype} is held by ${data.constructor.name}`);
  agree(
    shape.every((size) => Number.isSafeInteger(size) && size >= 0),
    `the shape is [${shape.join(', ')}]`,
  );
  agree(data.length === shape.reduce((a, b) => a * b, 1), `${data.length} elements are of shape [${shape.join(', ')}]`);
}
