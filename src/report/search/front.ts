/** A network by what it costs and what it achieves. */
export interface Weighed {
  readonly cost: number;
  readonly score: number;
}

/** Those that no other beats: at most as costly with a higher score, or less costly with at least its score. By cost, ascending; of equals one. */
export function paretoFront<T extends Weighed>(networks: readonly T[]): T[] {
  const front: T[] = [];
  for (const network of [...networks].sort((a, b) => a.cost - b.cost || b.score - a.score)) {
    if (front.length === 0 || network.score > front.at(-1)!.score) front.push(network);
  }
  return front;
}
