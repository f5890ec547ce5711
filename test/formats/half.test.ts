import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { halfToNumber, largestHalf, numberToHalf } from '../../src/formats/half.js';

describe('numberToHalf', () => {
  it('gives every half back', () => {
    const all = Array.from({ length: 0x10000 }, (_, bits) => bits);
    const numbers = all.filter((bits) => !Number.isNaN(halfToNumber(bits)));
    expect(numbers.filter((bits) => numberToHalf(halfToNumber(bits)) !== bits)).toEqual([]);
    expect(all.length - numbers.length).toBe(2 * 1023);
    expect(halfToNumber(numberToHalf(Number.NaN))).toBeNaN();
  });

  it('rounds to the nearest, halfway to an even last bit', () => {
    expect(halfToNumber(numberToHalf(1 + 1 / 2048))).toBe(1);
    expect(halfToNumber(numberToHalf(1 + 3 / 2048))).toBe(1 + 2 / 1024);
    expect(halfToNumber(numberToHalf(1 + 1.001 / 2048))).toBe(1 + 1 / 1024);
    expect(halfToNumber(numberToHalf(2 - 1 / 4096))).toBe(2);
    expect(halfToNumber(numberToHalf(1.5 * 2 ** -24))).toBe(2 ** -23);
    expect(halfToNumber(numberToHalf(2 ** -25))).toBe(0);
    expect(halfToNumber(numberToHalf(2 ** -14 - 2 ** -26))).toBe(2 ** -14);
    expect(numberToHalf(-0)).toBe(0x8000);
    expect(halfToNumber(numberToHalf(largestHalf + 15))).toBe(largestHalf);
    expect(halfToNumber(numberToHalf(-largestHalf - 16))).toBe(Number.NEGATIVE_INFINITY);
  });

  it('is never further off than half the distance of its neighbours', () => {
    fc.assert(
      fc.property(fc.float({ min: -largestHalf, max: largestHalf, noNaN: true }), (value) => {
        const bits = numberToHalf(value);
        const off = Math.abs(halfToNumber(bits) - value);
        const neighbours = [bits - 1, bits + 1].filter(
          (near) => (near & 0x7fff) <= 0x7bff && (near & 0x8000) === (bits & 0x8000),
        );
        for (const near of neighbours) expect(off).toBeLessThanOrEqual(Math.abs(halfToNumber(near) - value));
      }),
    );
  });
});
