import { item } from './simd';

/** Elements of a row from which on its neighbours below lie too far apart for the processor to foresee a walk down them. */
const FAR = 64;

/** Whether to `fetch` before a walk down the columns of `rows` rows: below eight, the walk itself is nearly in order. */
@inline
export function isFar(width: i32, rows: i32): bool {
  return width >= FAR && rows >= 8;
}

/**
 * Reads `count` elements in order, a cache line at a time, and does nothing with them: the processor foresees that, and what a walk down
 * columns reads next is near.
 */
@inline
export function fetch(start: usize, count: i32): void {
  const end = item(start, count);
  for (let at = start; at < end; at += 64) load<i32>(at);
}
