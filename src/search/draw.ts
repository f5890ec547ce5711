import { ConfigError } from '../errors.js';
import { type Cell, genotypeText } from '../models/index.js';
import { Rng } from '../tensor/rng.js';
import type { SearchContext } from './context.js';
import { costIn, costOf, within } from './cost/table.js';
import type { NetworkCost } from './result.js';
import { genotypeOf, type SearchSpace } from './space.js';

/** Draws for one network before the space counts as exhausted. */
export const mostDraws = 1000;

/** Not the stream of weights, orders or halves. */
const stream = 0x5ea7c4;

/** What is drawn next: cells by chance from `rng`; `draw` counts the draws for this network, from 0. */
export type Propose = (rng: Rng, draw: number) => readonly Cell[];

export interface Drawn {
  /** Nothing pruned. */
  readonly cells: readonly Cell[];
  readonly cost: NetworkCost;
  /** Spent on drawing it and on its cost, those that were not taken included. */
  readonly seconds: number;
}

/** Two lists of cells give the same text when, without what their outputs do not depend on, they are the same network. */
export function networkText(space: SearchSpace, cells: readonly Cell[]): string {
  return genotypeText(genotypeOf(space, cells));
}

/**
 * The first network that `propose` gives that is not among the texts `seen` and costs no more than the recipe's limit. What is drawn depends on the
 * recipe's seed, the number, `propose` and the costs alone.
 * @returns null when none of {@link mostDraws} is such
 * @throws ConfigError when nothing was seen yet: every network that was drawn costs too much
 */
export function drawNew(context: SearchContext, number: number, seen: ReadonlySet<string>, propose: Propose): Drawn | null {
  const { seed, space, cost } = context.recipe;
  const rng = Rng.for(seed, stream, number);
  const began = performance.now();
  const tooCostly = new Set<string>();
  let cheapest = Number.POSITIVE_INFINITY;
  for (let draw = 0; draw < mostDraws; draw++) {
    const cells = propose(rng, draw);
    const text = networkText(space, cells);
    if (seen.has(text) || tooCostly.has(text)) continue;
    const networkCost = costOf(context.costs, cells);
    if (within(networkCost, cost.unit, cost.limit)) {
      return { cells, cost: networkCost, seconds: (performance.now() - began) / 1000 };
    }
    tooCostly.add(text);
    cheapest = Math.min(cheapest, costIn(networkCost, cost.unit));
  }
  if (seen.size > 0) return null;
  const detail =
    `got ${cost.limit}, but the cheapest of ${mostDraws} networks that were drawn by chance costs ${cheapest} ${cost.unit}. ` +
    'Raise the limit, or give the space cheaper operations or fewer channels.';
  throw new ConfigError('cost.limit', detail);
}
