import type { Cell } from '../models/index.js';
import type { Rng } from '../tensor/rng.js';
import type { SearchContext, StrategyOutcome } from './context.js';
import type { SearchRecipe } from './recipe.js';
import { mutatedCells, randomCells, type SearchSpace } from './space.js';
import { bestOf, type Tried, tryNetworks } from './try-networks.js';

/*
 * Regularised evolution (Real et al., 2019, algorithm 1). Every network dies of age, however good it is, so that what lives on is what trains well again
 * and again, not what was lucky once. The best of all that ever lived is the answer.
 */

/** Draws after which a parent is changed once more at a time: all of its neighbours may be known, or too costly. */
const patience = 100;

/**
 * Regularised evolution: the first `evolution.population` networks by chance, the same as in random search; then always one changed in one thing, the
 * best of `evolution.sample` of those alive, until there were `evolution.candidates`. Each is trained for the whole of `trial.epochs`: a score at another
 * age says nothing about who is the best of a sample.
 * @throws as {@link tryNetworks}
 */
export function evolve(context: SearchContext): Promise<StrategyOutcome> {
  const { space, evolution } = context.recipe;
  return tryNetworks(context, {
    strategy: 'evolution',
    count: evolution.candidates,
    propose: (tried, rng, draw) => nextCells(space, evolution, { tried, rng, draw }),
    isHopeless: () => false,
  });
}

export interface NextOptions {
  /** In the order in which they were born. */
  readonly tried: readonly Tried[];
  readonly rng: Rng;
  /** From 0. */
  readonly draw: number;
}

/** Cells by chance while the population is not complete, a change of the best of a sample from then on. Alive are the youngest, one population of them. */
export function nextCells(
  space: SearchSpace,
  { population, sample }: SearchRecipe['evolution'],
  { tried, rng, draw }: NextOptions,
): readonly Cell[] {
  if (tried.length < population) return randomCells(space, rng);
  const living = tried.slice(-population);
  const places = rng.shuffle([...living.keys()]).slice(0, sample);
  // In the order of their age again: of equals the oldest is taken.
  const parent = bestOf(living.filter((_, place) => places.includes(place)));
  const changes = 1 + Math.floor(draw / patience);
  return Array.from({ length: changes }).reduce<readonly Cell[]>((cells) => mutatedCells(space, cells, rng), parent.cells);
}
