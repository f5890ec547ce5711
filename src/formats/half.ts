/*
 * Half precision: IEEE 754 binary16, 1 sign bit, 5 exponent bits (bias 15), 10 fraction bits. JavaScript (Node 20) has no such numbers:
 * they are kept as their bits.
 */

/** The largest finite half. */
export const largestHalf = 65504;

/** The smallest half above zero. */
const smallestHalf = 2 ** -24;

/** The value of a half. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * smallestHalf;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/**
 * The nearest half, of two as near the one with an even last bit. What is beyond the largest becomes infinite.
 *
 * From 2^-14 on halves of one binade are 2^(e-10) apart, below it they are 2^-24 apart: the value in units of that distance, rounded, is the
 * fraction. Rounded up to 1024 it carries into the exponent by itself, for the bits follow one another.
 */
export function numberToHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  if (Number.isNaN(value)) return 0x7e00;
  const size = Math.abs(value);
  if (size >= largestHalf + 16) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | roundToEven(size / smallestHalf);
  const exponent = exponentOf(size);
  return sign | (((exponent + 14) << 10) + roundToEven(size / 2 ** (exponent - 10)));
}

/** floor(log2 x) of a number from 2^-14 up: `Math.log2` may be off by one just below a power of two. */
function exponentOf(x: number): number {
  const near = Math.floor(Math.log2(x));
  if (2 ** near > x) return near - 1;
  return 2 ** (near + 1) <= x ? near + 1 : near;
}

function roundToEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
