import { describe, expect, it } from 'vitest';
import { type StoredTensor, toFloat32 } from '../../src/formats/dtypes.js';

const read = (tensor: Omit<StoredTensor, 'shape'>) => [...toFloat32({ ...tensor, shape: [tensor.data.length] } as StoredTensor)];

describe('toFloat32', () => {
  it('reads every kind of half', () => {
    const data = Uint16Array.of(0x0000, 0x8000, 0x0001, 0x03ff, 0x0400, 0x3555, 0x3c00, 0xc000, 0x7bff, 0x7c00, 0xfc00, 0x7e00);
    const third = 0.333251953125;
    expect(read({ dtype: 'F16', data })).toEqual([
      0,
      -0,
      2 ** -24,
      1023 * 2 ** -24,
      2 ** -14,
      third,
      1,
      -2,
      65504,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.NaN,
    ]);
  });

  it('grows strictly over the positive halves', () => {
    const values = read({ dtype: 'F16', data: Uint16Array.from({ length: 0x7c01 }, (_, bits) => bits) });
    expect(values.every((value, i) => i === 0 || value > values[i - 1]!)).toBe(true);
  });

  it('reads bfloat16, the upper half of a float32', () => {
    const data = Uint16Array.of(0x3f80, 0xc000, 0x7f80, 0x0001);
    expect(read({ dtype: 'BF16', data })).toEqual([1, -2, Number.POSITIVE_INFINITY, 2 ** -133]);
  });

  it('reads whole numbers, doubles and booleans', () => {
    expect(read({ dtype: 'I64', data: BigInt64Array.of(-3n, 2n ** 60n) })).toEqual([-3, 2 ** 60]);
    expect(read({ dtype: 'U64', data: BigUint64Array.of(2n ** 63n) })).toEqual([2 ** 63]);
    expect(read({ dtype: 'F64', data: Float64Array.of(0.1) })).toEqual([Math.fround(0.1)]);
    expect(read({ dtype: 'I8', data: Int8Array.of(-128) })).toEqual([-128]);
    expect(read({ dtype: 'BOOL', data: Uint8Array.of(0, 1, 7) })).toEqual([0, 1, 1]);
  });

  it('gives a float32 tensor its own array', () => {
    const data = Float32Array.of(1);
    expect(toFloat32({ dtype: 'F32', shape: [1], data })).toBe(data);
  });
});
