import type { SearchContext, StrategyOutcome } from './context.js';
import { randomCells } from './space.js';
import { isBehind } from './stopping.js';
import { tryNetworks } from './try-networks.js';

/**
 * Random search with early stopping: `random.candidates` different networks of the space by chance (as many as `random.epochs` allow), each trained for `trial.epochs`, but given up as soon
 * as it is behind those before it ({@link isBehind}).
 * @throws as {@link tryNetworks}
 */
export function randomSearch(context: SearchContext): Promise<StrategyOutcome> {
  const { space, random } = context.recipe;
  return tryNetworks(context, {
    strategy: 'random',
    count: random.candidates,
    epochs: random.epochs,
    propose: (_, rng) => randomCells(space, rng),
    isHopeless: (scores, tried) =>
      isBehind(
        scores,
        tried.map((one) => one.scores),
        random.stopBelow,
      ),
  });
}
