/** One of `count` stretches of a list, in its order: `index` from 0 on. */
export interface Part {
  readonly index: number;
  readonly count: number;
}

/** Where a part of `length` items begins and ends: parts differ by one item at most. */
export function stretchOf({ index, count }: Part, length: number): readonly [start: number, end: number] {
  return [Math.floor((index * length) / count), Math.floor(((index + 1) * length) / count)];
}
