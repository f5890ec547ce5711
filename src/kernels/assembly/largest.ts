import { item } from './simd';

/** NaN counts as larger than any number, so that a diverged network shows. */

/** Lanes whose value is larger than the best so far: not (value <= best), unless the best is NaN. */
@inline
export function beats(value: v128, best: v128): v128 {
  return v128.andnot(f32x4.eq(best, best), f32x4.le(value, best));
}

/** Index of the largest of count floats, the first on a tie. */
export function firstLargest(x: usize, count: i32): i32 {
  let place = 0;
  let best = load<f32>(x);
  let i = 1;
  if (best != best) return 0;
  if (count >= 8) {
    let bestLanes = v128.load(x);
    let places = i32x4(0, 1, 2, 3);
    let current = places;
    let unordered = f32x4.ne(bestLanes, bestLanes);
    for (i = 4; i + 4 <= count; i += 4) {
      current = i32x4.add(current, i32x4.splat(4));
      const value = v128.load(item(x, i));
      places = v128.bitselect(current, places, f32x4.gt(value, bestLanes));
      bestLanes = f32x4.pmax(bestLanes, value);
      unordered = v128.or(unordered, f32x4.ne(value, value));
    }
    if (v128.any_true(unordered)) return firstUnordered(x);
    best = f32x4.extract_lane(bestLanes, 0);
    place = i32x4.extract_lane(places, 0);
    // The lanes' firsts are not in order: on a tie the lower place counts.
    let value = f32x4.extract_lane(bestLanes, 1);
    let other = i32x4.extract_lane(places, 1);
    if (precedes(value, other, best, place)) { best = value; place = other; }
    value = f32x4.extract_lane(bestLanes, 2);
    other = i32x4.extract_lane(places, 2);
    if (precedes(value, other, best, place)) { best = value; place = other; }
    value = f32x4.extract_lane(bestLanes, 3);
    other = i32x4.extract_lane(places, 3);
    if (precedes(value, other, best, place)) { best = value; place = other; }
  }
  for (; i < count; i++) {
    const value = load<f32>(item(x, i));
    if (value != value) return i;
    if (value > best) { best = value; place = i; }
  }
  return place;
}

@inline
function precedes(value: f32, place: i32, best: f32, bestPlace: i32): bool {
  return value > best || (value == best && place < bestPlace);
}

/** Index of the first NaN; there is one. */
function firstUnordered(x: usize): i32 {
  let i = 0;
  while (load<f32>(item(x, i)) == load<f32>(item(x, i))) i++;
  return i;
}
