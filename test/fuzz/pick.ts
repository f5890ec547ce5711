import type { Rng } from '#dist/tensor/rng.js';

export function pick<T>(rng: Rng, items: readonly T[]): T {
  return items[rng.integer(items.length)]!;
}
