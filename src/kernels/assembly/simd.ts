/** Vectors of four floats at the ends of rows, and as doubles. */

/** The first `count` (1 to 3) floats at an address, zeros behind them: reads nothing beyond. */
@inline
export function loadPart(at: usize, count: i32): v128 {
  let vector = v128.load32_zero(at);
  if (count > 1) vector = v128.load32_lane(at, vector, 1, 4);
  if (count > 2) vector = v128.load32_lane(at, vector, 2, 8);
  return vector;
}

/** Writes the first `count` (1 to 3) floats and nothing beyond. */
@inline
export function storePart(at: usize, vector: v128, count: i32): void {
  v128.store32_lane(at, vector, 0);
  if (count > 1) v128.store32_lane(at, vector, 1, 4);
  if (count > 2) v128.store32_lane(at, vector, 2, 8);
}

/** A whole vector, or the first `count` floats of one; `whole` is known when compiled. */
@inline
export function loadSome(whole: bool, at: usize, count: i32): v128 {
  return whole ? v128.load(at) : loadPart(at, count);
}

@inline
export function storeSome(whole: bool, at: usize, vector: v128, count: i32): void {
  if (whole) v128.store(at, vector);
  else storePart(at, vector, count);
}

/** Lanes 0 and 1 as doubles. */
@inline
export function lowDoubles(vector: v128): v128 {
  return f64x2.promote_low_f32x4(vector);
}

/** Lanes 2 and 3 as doubles. */
@inline
export function highDoubles(vector: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<i64>(vector, vector, 1, 1));
}

@inline
export function sumDoubles(vector: v128): f64 {
  return f64x2.extract_lane(vector, 0) + f64x2.extract_lane(vector, 1);
}

/** Address of the index-th float (or 32-bit integer) from `start`. */
@inline
export function item(start: usize, index: i32): usize {
  return start + (<usize>index << 2);
}
