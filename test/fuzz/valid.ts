import fc from 'fast-check';
import type { StoredTensor } from '#dist/formats/dtypes.js';
import type { ZipPart } from '../formats/zip-writer.js';

/* Valid content of every kind of file, for fast-check: what is written of it must come back as it was. */

const bigInts = (isSigned: boolean) =>
  fc.array(fc.bigInt(isSigned ? { min: -(2n ** 63n), max: 2n ** 63n - 1n } : { min: 0n, max: 2n ** 64n - 1n }), { maxLength: 4 });

const some = { maxLength: 8 };

/** Tensors of every element type, with axes that come to as many elements. */
const storedTensor: fc.Arbitrary<StoredTensor> = fc
  .oneof(
    fc.float64Array(some).map((data) => ({ dtype: 'F64', data }) as const),
    fc.float32Array(some).map((data) => ({ dtype: 'F32', data }) as const),
    fc.uint16Array(some).map((data) => ({ dtype: 'F16', data }) as const),
    fc.uint16Array(some).map((data) => ({ dtype: 'BF16', data }) as const),
    bigInts(true).map((values) => ({ dtype: 'I64', data: BigInt64Array.from(values) }) as const),
    bigInts(false).map((values) => ({ dtype: 'U64', data: BigUint64Array.from(values) }) as const),
    fc.int32Array(some).map((data) => ({ dtype: 'I32', data }) as const),
    fc.uint32Array(some).map((data) => ({ dtype: 'U32', data }) as const),
    fc.int16Array(some).map((data) => ({ dtype: 'I16', data }) as const),
    fc.uint16Array(some).map((data) => ({ dtype: 'U16', data }) as const),
    fc.int8Array(some).map((data) => ({ dtype: 'I8', data }) as const),
    fc.uint8Array(some).map((data) => ({ dtype: 'U8', data }) as const),
    fc.uint8Array({ ...some, max: 1 }).map((data) => ({ dtype: 'BOOL', data }) as const),
  )
  .chain((tensor) => shapeOf(tensor.data.length).map((shape) => ({ ...tensor, shape }) as StoredTensor));

/** Axes whose product is `count`, some of them 1. */
function shapeOf(count: number): fc.Arbitrary<number[]> {
  const divisors = Array.from({ length: count }, (_, i) => i + 1).filter((divisor) => count % divisor === 0);
  const split = count === 0 ? fc.constantFrom([0], [0, 3], [2, 0]) : fc.constantFrom(...divisors).map((d) => [d, count / d]);
  return fc.tuple(split, fc.nat(2)).map(([axes, ones]) => (count === 1 && ones === 0 ? [] : [...Array(ones).fill(1), ...axes]));
}

export const safetensorsContent = fc.record({
  tensors: fc
    .array(
      fc.tuple(
        fc.string({ unit: 'binary' }).filter((name) => name !== '__metadata__'),
        storedTensor,
      ),
      { maxLength: 6 },
    )
    .map((entries) => new Map(entries)),
  metadata: fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), { maxKeys: 4 }),
});

export const idxContent = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 }).chain((dims) => {
  const count = dims.reduce((a, b) => a * b, 1);
  return fc.record({ dims: fc.constant(dims), values: fc.uint8Array({ minLength: count, maxLength: count }) });
});

/** A label and a fill of its pixels a record; pixels count up from there. */
export const cifarContent = fc.array(fc.record({ label: fc.nat(9), from: fc.nat(255) }), { minLength: 1, maxLength: 4 });

const fileName = fc
  .array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('/'))
  .filter((name) => !/^\/|[\\\0]|^[a-zA-Z]:/.test(name) && !name.split('/').includes('..'));

export const zipContent: fc.Arbitrary<{ parts: ZipPart[]; large: boolean; comment: string }> = fc.record({
  parts: fc.uniqueArray(fc.record({ name: fileName, content: fc.uint8Array({ maxLength: 200 }), deflate: fc.boolean() }), {
    selector: ({ name }) => name,
    maxLength: 6,
  }),
  large: fc.boolean(),
  // Ends of other zip files in it would be ends of this one.
  comment: fc.string({ maxLength: 20 }).filter((text) => !text.includes('PK')),
});

export const tarContent = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}(\/[a-z]{1,8})?$/), fc.uint8Array({ maxLength: 1200 }), {
  minKeys: 1,
  maxKeys: 5,
});

/** Rows of at least two cells, so that none is a blank line. */
export const csvContent = fc.array(fc.array(fc.string({ unit: 'binary', maxLength: 8 }), { minLength: 2, maxLength: 4 }), {
  maxLength: 8,
});

/** All cells in quotes. */
export function csvText(rows: readonly (readonly string[])[]): string {
  return rows.map((cells) => `${cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')}\n`).join('');
}
