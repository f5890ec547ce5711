/** Memory that something needs from one step to another, both included. */
export interface Lifetime {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

export interface ArenaLayout {
  /** Where each lifetime's memory begins, in the order of the lifetimes. */
  readonly offsets: readonly number[];
  readonly bytes: number;
}

const ALIGNMENT = 64;

/** Places lifetimes in one block of memory, the largest first, each at the lowest offset where nothing lies that lives at the same time. */
export function planArena(lifetimes: readonly Lifetime[]): ArenaLayout {
  const order = [...lifetimes.keys()]
    .filter((i) => lifetimes[i]!.bytes > 0)
    .sort((a, b) => lifetimes[b]!.bytes - lifetimes[a]!.bytes || a - b);
  const offsets = new Array<number>(lifetimes.length).fill(0);
  const placed: number[] = [];
  let bytes = 0;
  for (const i of order) {
    const { first, last, bytes: size } = lifetimes[i]!;
    const beside = placed
      .filter((other) => lifetimes[other]!.first <= last && lifetimes[other]!.last >= first)
      .sort((a, b) => offsets[a]! - offsets[b]!);
    let offset = 0;
    for (const other of beside) {
      if (offsets[other]! >= offset + size) break;
      offset = Math.max(offset, align(offsets[other]! + lifetimes[other]!.bytes));
    }
    offsets[i] = offset;
    placed.push(i);
    bytes = Math.max(bytes, offset + size);
  }
  return { offsets, bytes: align(bytes) };
}

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
