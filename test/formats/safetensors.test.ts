import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError, DTypeError, ShapeError } from '../../src/errors.js';
import type { StoredTensor } from '../../src/formats/dtypes.js';
import { decodeSafetensors, encodeSafetensors } from '../../src/formats/safetensors.js';
import { expectReason, readsOrRefuses } from './expect-reason.js';

const everyType: Record<string, StoredTensor> = {
  half: { dtype: 'F16', shape: [3], data: Uint16Array.of(0x3c00, 0xc000, 0x7bff) },
  brain: { dtype: 'BF16', shape: [1], data: Uint16Array.of(0x3f80) },
  odd: { dtype: 'U8', shape: [1, 3], data: Uint8Array.of(1, 2, 255) },
  double: { dtype: 'F64', shape: [2], data: Float64Array.of(Math.PI, Number.NEGATIVE_INFINITY) },
  float: { dtype: 'F32', shape: [2, 2], data: Float32Array.of(1, -0, Number.NaN, 1e-45) },
  long: { dtype: 'I64', shape: [], data: BigInt64Array.of(-(2n ** 63n)) },
  ulong: { dtype: 'U64', shape: [1], data: BigUint64Array.of(2n ** 64n - 1n) },
  int: { dtype: 'I32', shape: [1], data: Int32Array.of(-5) },
  uint: { dtype: 'U32', shape: [1], data: Uint32Array.of(2 ** 32 - 1) },
  short: { dtype: 'I16', shape: [1], data: Int16Array.of(-6) },
  ushort: { dtype: 'U16', shape: [1], data: Uint16Array.of(65535) },
  byte: { dtype: 'I8', shape: [1], data: Int8Array.of(-7) },
  bool: { dtype: 'BOOL', shape: [2], data: Uint8Array.of(0, 1) },
  empty: { dtype: 'F32', shape: [0, 4], data: new Float32Array() },
};

/** A file from a header as it stands, and as many zero bytes of data. */
function file(header: string | Uint8Array, dataBytes = 0, claimedLength?: bigint): Uint8Array {
  const json = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, claimedLength ?? BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const entry = (fields: object = {}) => JSON.stringify({ a: { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...fields } });

describe('safetensors', () => {
  it('keeps every type, shape, name and text', () => {
    const metadata = { format: 'pt', ключ: 'значение "quoted"\n', __proto: 'x' };
    const decoded = decodeSafetensors(encodeSafetensors(everyType, metadata), 'x.safetensors');
    expect(decoded.metadata).toEqual(metadata);
    expect(Object.fromEntries(decoded.tensors)).toEqual(everyType);
    expect([...decoded.tensors.keys()]).toEqual(Object.keys(everyType));
  });

  it('keeps the order of a Map, and names that mean something to JavaScript', () => {
    const one = { dtype: 'U8', shape: [1], data: Uint8Array.of(1) } as const;
    const names = ['b', '10', '__proto__', 'a', '2', 'constructor'];
    const { tensors } = decodeSafetensors(encodeSafetensors(new Map(names.map((name) => [name, one]))), 'x');
    expect([...tensors.keys()]).toEqual(names);
    const hostile = JSON.parse('{"__proto__":"x"}') as Record<string, string>;
    const { metadata } = decodeSafetensors(encodeSafetensors({}, hostile), 'x');
    expect(Object.entries(metadata)).toEqual([['__proto__', 'x']]);
  });

  it('gives these very bytes', () => {
    const bytes = encodeSafetensors({ a: { dtype: 'I16', shape: [1], data: Int16Array.of(258) } }, { k: 'v' });
    const header = '{"__metadata__":{"k":"v"},"a":{"dtype":"I16","shape":[1],"data_offsets":[0,2]}}';
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
    expect(new TextDecoder().decode(bytes.subarray(8, -2))).toBe(padded);
    expect([...bytes.subarray(0, 8)]).toEqual([padded.length, 0, 0, 0, 0, 0, 0, 0]);
    expect([...bytes.subarray(-2)]).toEqual([2, 1]);
  });

  it('writes the elements of a view only, and reads from one', () => {
    const data = Float32Array.of(9, 1, 2, 9).subarray(1, 3);
    const bytes = encodeSafetensors({ a: { dtype: 'F32', shape: [2], data } });
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(decodeSafetensors(shifted.subarray(3), 'x').tensors.get('a')!.data).toEqual(Float32Array.of(1, 2));
    expect(decodeSafetensors(Buffer.from(bytes), 'x').tensors.get('a')!.data).toEqual(Float32Array.of(1, 2));
  });

  it('gives copies', () => {
    const bytes = encodeSafetensors({ a: { dtype: 'F32', shape: [1], data: Float32Array.of(1) } });
    const { data } = decodeSafetensors(bytes, 'x').tensors.get('a')!;
    bytes.fill(0);
    expect(data).toEqual(Float32Array.of(1));
  });

  it('holds nothing, when that is wanted', () => {
    expect(decodeSafetensors(encodeSafetensors(new Map()), 'x')).toEqual({ tensors: new Map(), metadata: {} });
  });

  it('refuses to write what it could not read', () => {
    const data = new Float32Array(2);
    expect(() => encodeSafetensors({ a: { dtype: 'F32', shape: [3], data } })).toThrow(ShapeError);
    expect(() => encodeSafetensors({ a: { dtype: 'F32', shape: [-1, -2], data } })).toThrow(ShapeError);
    expect(() => encodeSafetensors({ a: { dtype: 'F64', shape: [2], data } as unknown as StoredTensor })).toThrow(DTypeError);
    expect(() => encodeSafetensors({ __metadata__: { dtype: 'F32', shape: [2], data } })).toThrow(ConfigError);
    expect(() => encodeSafetensors({ '\ud800': { dtype: 'F32', shape: [2], data } })).toThrow(ConfigError);
    expect(() => encodeSafetensors({}, { a: 1 } as unknown as Record<string, string>)).toThrow(ConfigError);
    expect(() => encodeSafetensors({}, { a: '\udfff' })).toThrow(ConfigError);
    expect(() => encodeSafetensors({}, { a: 'x'.repeat(100_000_000) })).toThrow(ConfigError);
  });
});

describe('a safetensors file that lies', () => {
  const two = (first: [number, number], second: [number, number]) => {
    const part = (offsets: [number, number]) => ({ dtype: 'U8', shape: [offsets[1] - offsets[0]], data_offsets: offsets });
    return JSON.stringify({ a: part(first), b: part(second) });
  };

  it.each<[string, string, Uint8Array]>([
    ['too-short', 'ends within the length', Uint8Array.of(1, 2, 3)],
    ['header-too-short', 'has no header', file('', 0, 0n)],
    ['header-too-short', 'has a header of one byte', file('{', 0)],
    ['header-too-large', 'claims more than 100 MB', file('{}', 0, 100_000_001n)],
    ['header-too-large', 'claims 2^64 - 1', file('{}', 0, 2n ** 64n - 1n)],
    ['header-past-end', 'ends within the header', file('{}', 0, 3n)],
    ['header-not-utf8', 'has a stray byte', file(Uint8Array.of(0x7b, 0xff, 0x7d))],
    ['header-too-deep', 'nests without end', file('['.repeat(1_000_000))],
    ['header-too-deep', 'nests objects without end', file('{'.repeat(20_000_000))],
    ['header-not-json', 'has a comma too many', file('{"a":1,}')],
    ['header-not-json', 'starts with a byte order mark', file(Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d))],
    ['header-not-object', 'is a list', file('[]')],
    ['header-not-object', 'is null', file('null')],
    ['header-not-object', 'starts with a space', file(' {}')],
    ['duplicate-key', 'names a tensor twice', file(`{"a":${JSON.stringify({})},"a":{}}`)],
    ['duplicate-key', 'gives a field twice', file('{"a":{"dtype":"U8","shape":[0],"shape":[1],"data_offsets":[0,1]}}', 1)],
    ['not-unicode', 'has half a character in a name', file('{"\\ud800":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}')],
    ['not-unicode', 'has half a character in its metadata', file('{"__metadata__":{"a":"\\udfff"}}')],
    ['not-unicode', 'has half a character in a key of its metadata', file('{"__metadata__":{"\\udfff":"a"}}')],
    ['bad-metadata', 'has a number as metadata', file('{"__metadata__":{"a":1}}')],
    ['bad-metadata', 'has a list as metadata', file('{"__metadata__":[]}')],
    ['bad-metadata', 'has null as metadata', file('{"__metadata__":null}')],
    ['bad-entry', 'describes a tensor by a number', file('{"a":1}')],
    ['unknown-dtype', 'has a type of its own', file(entry({ dtype: 'F31' }), 8)],
    ['unknown-dtype', 'has a type from the prototype', file(entry({ dtype: 'constructor' }), 8)],
    ['unknown-dtype', 'has none', file(entry({ dtype: undefined }), 8)],
    ['bad-shape', 'has a negative axis', file(entry({ shape: [-2] }), 8)],
    ['bad-shape', 'has minus zero', file('{"a":{"dtype":"U8","shape":[-0],"data_offsets":[0,0]}}')],
    ['bad-shape', 'has half an axis', file(entry({ shape: [1.5] }), 8)],
    ['bad-shape', 'has a text as an axis', file(entry({ shape: ['2'] }), 8)],
    ['bad-shape', 'has an axis that rounds', file('{"a":{"dtype":"U8","shape":[9007199254740993],"data_offsets":[0,0]}}')],
    ['bad-shape', 'has none', file(entry({ shape: undefined }), 8)],
    ['shape-overflow', 'overflows in elements', file(entry({ shape: [2 ** 40, 2 ** 40] }), 8)],
    ['shape-overflow', 'overflows in bytes', file(entry({ shape: [2 ** 52] }), 8)],
    ['bad-offsets', 'has one offset', file(entry({ data_offsets: [0] }), 8)],
    ['bad-offsets', 'has a negative offset', file(entry({ data_offsets: [-8, 0] }), 8)],
    ['bad-offsets', 'has none', file(entry({ data_offsets: undefined }), 8)],
    ['offsets-reversed', 'ends before it begins', file(entry({ data_offsets: [8, 0] }), 8)],
    ['size-mismatch', 'has less room than its shape needs', file(entry({ data_offsets: [0, 4] }), 4)],
    ['size-mismatch', 'has more', file(entry({ data_offsets: [0, 12] }), 12)],
    ['overlap', 'has two tensors in one place', file(two([0, 4], [2, 6]), 6)],
    ['overlap', 'has the same bytes twice', file(two([0, 4], [0, 4]), 4)],
    ['hole', 'leaves bytes between tensors', file(two([0, 2], [4, 6]), 6)],
    ['hole', 'starts late', file(two([4, 6], [6, 8]), 8)],
    ['past-end', 'ends within a tensor', file(entry(), 7)],
    ['past-end', 'has no data', file(entry(), 0)],
    ['trailing-bytes', 'goes on behind the last tensor', file(entry(), 9)],
    ['trailing-bytes', 'goes on, and has no tensors', file('{}', 1)],
  ])('%s: %s', (reason, _, bytes) => {
    expectReason(reason, () => decodeSafetensors(bytes, 'x.safetensors'), 'x.safetensors');
  });

  it('takes fields that it does not know, and tensors in any order', () => {
    const header = JSON.stringify({
      b: { dtype: 'U8', shape: [2], data_offsets: [1, 3] },
      a: { dtype: 'U8', shape: [1], data_offsets: [0, 1], extra: { more: [1] } },
    });
    expect([...decodeSafetensors(file(`${header}  `, 3), 'x').tensors.keys()]).toEqual(['a', 'b']);
  });
});

describe('fuzz', () => {
  const honest = encodeSafetensors(everyType, { a: 'b' });

  it('reads or refuses every file with changed bytes', () => {
    const change = fc.tuple(fc.nat(honest.length - 1), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(honest.length), (changes, length) => {
        const bytes = honest.slice();
        for (const [at, value] of changes) bytes[at] = value;
        readsOrRefuses(() => decodeSafetensors(bytes, 'x'));
        readsOrRefuses(() => decodeSafetensors(bytes.subarray(0, length), 'x'));
      }),
      { numRuns: 2000 },
    );
  });

  it('refuses every file that is cut short', () => {
    for (let length = 0; length < honest.length; length++) {
      expect(readsOrRefuses(() => decodeSafetensors(honest.subarray(0, length), 'x'))).not.toBe('read');
    }
  });

  it('reads or refuses any header', () => {
    const field = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('F32', [1], [0, 4], 0, -1, 2 ** 60));
    const info = fc.record({ dtype: field, shape: field, data_offsets: field });
    const header = fc.dictionary(fc.constantFrom('a', 'b', '__metadata__'), fc.oneof(field, info));
    fc.assert(
      fc.property(header, fc.nat(16), (value, dataBytes) => {
        readsOrRefuses(() => decodeSafetensors(file(JSON.stringify(value), dataBytes), 'x'));
      }),
      { numRuns: 2000 },
    );
  });

  it('reads what it wrote, whatever that was', () => {
    const floats = fc.float32Array({ maxLength: 8 }).map((data): StoredTensor => ({ dtype: 'F32', shape: [data.length], data }));
    const bytes = fc.uint8Array({ maxLength: 5 }).map((data): StoredTensor => ({ dtype: 'U8', shape: [1, data.length], data }));
    const name = fc.string({ unit: 'binary' }).filter((text) => text !== '__metadata__');
    const tensors = fc.array(fc.tuple(name, fc.oneof(floats, bytes)), { maxLength: 6 }).map((entries) => new Map(entries));
    fc.assert(
      fc.property(tensors, fc.dictionary(fc.string(), fc.string()), (map, metadata) => {
        const decoded = decodeSafetensors(encodeSafetensors(map, metadata), 'x');
        expect(decoded.tensors).toEqual(map);
        expect(decoded.metadata).toEqual({ ...metadata });
      }),
      { numRuns: 300 },
    );
  });
});
