import { type ComparedNetwork, type Comparison, type SearchResult, type Strategy, strategies } from '../../search/result.js';
import { printable } from '../terminal.js';
import { chosenCandidate } from './chosen.js';
import type { ParetoChart, ParetoKind } from './pareto-drawing.js';
import { candidateScoreTitle, networksTried, testScoreTitle } from './words.js';

/** The networks that a search tried, of which it chose one. Those without a cost in the search's unit are left out. */
export function candidatesChart(result: SearchResult): ParetoChart {
  const { strategy, unit, limit, candidates, task } = result;
  const chosen = chosenCandidate(result);
  return {
    title: networksTried(candidates.length),
    ...{ unit, limit, scoreTitle: candidateScoreTitle(task) },
    points: candidates.flatMap((candidate) => {
      const { cost, score, stopped } = candidate;
      const value = cost[unit];
      if (value === null || !Number.isFinite(score)) return [];
      const isChosen = candidate === chosen;
      return [{ kind: strategy, label: isChosen ? 'chosen' : null, cost: value, scores: [score], stopped, chosen: isChosen }];
    }),
  };
}

/** The networks of a comparison. Those without a cost in its unit, or without a score, are left out. */
export function comparisonChart({ networks, unit, limit, task }: Comparison): ParetoChart {
  return {
    title: 'What was found, trained from scratch by one recipe',
    ...{ unit, limit, scoreTitle: testScoreTitle(task) },
    points: networks.flatMap((network) => {
      const cost = network.cost[unit];
      if (cost === null || network.scores.length === 0) return [];
      return [{ kind: kindOf(network), label: networkLabel(network), cost, scores: network.scores }];
    }),
  };
}

/** `evolution 2`, with the seed of the search, or the name of a network made by hand. */
export function networkLabel({ name, searchSeed }: ComparedNetwork): string {
  // ECharts would let through what steers a terminal and what XML cannot hold.
  const text = printable(name);
  return searchSeed === null ? text : `${text} ${searchSeed}`;
}

function kindOf({ name, searchSeed }: ComparedNetwork): ParetoKind {
  return searchSeed !== null && isStrategy(name) ? name : 'made by hand';
}

function isStrategy(name: string): name is Strategy {
  return (strategies as readonly string[]).includes(name);
}
