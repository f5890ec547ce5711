/** Elementary functions: the same bits on every machine, since WebAssembly's arithmetic is. */

/**
 * e^x of four floats, to about one unit in the last place; NaN stays, overflow is infinite, underflow passes through the
 * subnormals to 0.
 *
 * x = n ln 2 + r with n whole and |r| <= ln(2) / 2, so e^x = 2^n e^r. ln 2 comes in two parts, the first with enough
 * trailing zeros that n times it is exact. e^r is its Taylor series to r^7: the rest is below 0.35^8 / 8! = 5e-9, a
 * tenth of a unit. 2^n goes in two factors, because neither 2^128 nor 2^-149 is a normal float.
 */
@inline
export function exponential(x: v128): v128 {
  // In this order pmax and pmin keep a NaN, and cost one instruction where max and min cost many.
  const bounded = f32x4.pmin(f32x4.pmax(x, f32x4.splat(-106)), f32x4.splat(90));
  const shifted = f32x4.add(f32x4.mul(bounded, f32x4.splat(1.4426950408889634)), f32x4.splat(ROUNDER));
  const n = f32x4.sub(shifted, f32x4.splat(ROUNDER));
  let r = f32x4.sub(bounded, f32x4.mul(n, f32x4.splat(LN2_HIGH)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(LN2_LOW)));
  let series = f32x4.splat(1.0 / 5040.0);
  series = f32x4.add(f32x4.mul(series, r), f32x4.splat(1.0 / 720.0));
  series = f32x4.add(f32x4.mul(series, r), f32x4.splat(1.0 / 120.0));
  series = f32x4.add(f32x4.mul(series, r), f32x4.splat(1.0 / 24.0));
  series = f32x4.add(f32x4.mul(series, r), f32x4.splat(1.0 / 6.0));
  series = f32x4.add(f32x4.mul(series, r), f32x4.splat(0.5));
  // 1 + (r + r² * series): the small part first, so that only the last addition rounds at the result's size.
  series = f32x4.add(f32x4.splat(1), f32x4.add(r, f32x4.mul(f32x4.mul(r, r), series)));
  const exponent = i32x4.sub(shifted, i32x4.splat(reinterpret<i32>(ROUNDER)));
  const half = i32x4.shr_s(exponent, 1);
  return f32x4.mul(f32x4.mul(series, powerOfTwo(half)), powerOfTwo(i32x4.sub(exponent, half)));
}

/** 1.5 * 2^23: floats of this size are whole, so adding it rounds, and the lowest bits of the sum are the whole number. */
const ROUNDER: f32 = 12582912;
/** ln 2 to 12 bits (2839 / 4096), and what is missing. */
const LN2_HIGH: f32 = 0.693115234375;
const LN2_LOW: f32 = 0.00003194618494530942;

/** 2^n for n in [-126, 127]: n in the exponent's place. */
@inline
function powerOfTwo(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);
}

/**
 * Natural logarithm of x >= 1, to about 1e-15; NaN and infinity stay.
 *
 * x = m 2^e with m in [sqrt(1/2), sqrt(2)); with t = (m - 1) / (m + 1), ln m = 2 (t + t³/3 + t⁵/5 + …), |t| < 0.172.
 */
export function logarithm(x: f64): f64 {
  if (!(x < Infinity)) return x;
  const bits = reinterpret<i64>(x);
  let exponent = <i32>(bits >> 52) - 1023;
  let m = reinterpret<f64>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    exponent++;
  }
  const t = (m - 1) / (m + 1);
  const square = t * t;
  let series: f64 = 0;
  for (let odd = 21; odd >= 1; odd -= 2) series = series * square + 1 / <f64>odd;
  return <f64>exponent * 0.6931471805599453 + 2 * t * series;
}
