import type { Cell } from '../../models/index.js';
import { type Comparison, type CostUnit, type NetworkCost, type SearchResult, unitNames } from '../../search/result.js';
import { shortLabel } from '../axis.js';
import { formatCount, formatDuration, formatMilliseconds, formatShare, formatShort } from '../format.js';
import { chosenCandidate } from './chosen.js';

/*
 * What pictures, pages and the terminal all say of a search, in the same words.
 */

/** Axes. */
export const unitTitles: Readonly<Record<CostUnit, string>> = {
  macs: 'MACs of one image',
  operations: 'OPs (1-bit MACs / 64 + real MACs) of one image',
  milliseconds: 'milliseconds for one image, frozen, on one thread',
};

/** What the names of units mean. */
export const unitNotes: Readonly<Record<CostUnit, string>> = {
  macs: 'real, for one image',
  operations: '1-bit MACs / 64 + real MACs',
  milliseconds: 'frozen, on one thread',
};

/** As the label of a tick: `2.5 M`, `0.8 ms`. */
export function costLabel(value: number, unit: CostUnit): string {
  return unit === 'milliseconds' ? `${Number(value.toPrecision(3))} ms` : shortLabel(value);
}

/** `12.3 M`, `3.21 ms`; `–` for what was not measured. */
export function formatCost(value: number | null, unit: CostUnit): string {
  if (value === null) return '–';
  return unit === 'milliseconds' ? formatMilliseconds(value) : formatShort(value);
}

/** With the unit's name: `12.3 M MACs`, `3.21 ms`. */
function costInWords(cost: NetworkCost, unit: CostUnit): string {
  if (cost[unit] === null) return 'a cost that was not measured';
  const value = formatCost(cost[unit], unit);
  return unit === 'milliseconds' ? value : `${value} ${unitNames[unit]}`;
}

type Task = 'classification' | 'depth-map';

/** What a network is judged by while it is searched for. */
export function candidateScoreTitle(task: Task): string {
  return task === 'classification' ? 'accuracy on the held-out half' : '1 - equal error rate on the held-out half';
}

/** What a network of a comparison is judged by. */
export function testScoreTitle(task: Task): string {
  return task === 'classification' ? 'accuracy on the test images' : '1 - ACER on the test images';
}

export function networksTried(count: number): string {
  return `${formatCount(count)} ${count === 1 ? 'network' : 'networks'} tried`;
}

/** A cell on one line: `cdc(0), skip(1), binary(1); output 2 + 3`: what each node does, in its order, and to which. */
export function cellText({ nodes, output }: Cell): string {
  return `${nodes.map(({ operation, from }) => `${operation}(${from})`).join(', ')}; output ${output.join(' + ')}`;
}

/** What a search came to, in one or two sentences. */
export function searchVerdict(result: SearchResult): string {
  const { strategy, candidates, seconds, cost, unit } = result;
  const time = formatDuration(seconds);
  const found = `${costInWords(cost, unit)} for one image${limitClause(result)}`;
  if (strategy === 'differentiable') return `In ${time}, the differentiable search found a network of ${found}.`;
  const stopped = candidates.filter((candidate) => candidate.stopped).length;
  const early = stopped > 0 ? `, ${formatCount(stopped)} of them given up early` : '';
  const searched = strategy === 'random' ? 'random search' : 'evolution';
  const chosen = chosenCandidate(result);
  const score = chosen
    ? `: ${formatShare(chosen.score)} ${candidateScoreTitle(result.task)} after ${epochsText(chosen.epochs)}`
    : '';
  return `In ${time}, ${searched} tried ${formatCount(candidates.length)} ${candidates.length === 1 ? 'network' : 'networks'}${early}. It chose one of ${found}${score}.`;
}

function limitClause({ cost, unit, limit }: SearchResult): string {
  const value = cost[unit];
  if (limit === null || value === null) return '';
  return `, ${value <= limit ? 'within' : 'above'} the limit of ${formatCost(limit, unit)}`;
}

function epochsText(epochs: number): string {
  return `${formatCount(epochs)} ${epochs === 1 ? 'epoch' : 'epochs'}`;
}

/** What a search had to choose from. */
export function spaceSentence({ operations, nodes }: SearchResult): string {
  return `Each of the three cells has up to ${nodes} ${nodes === 1 ? 'node' : 'nodes'}, each of them one of ${operations.length} operations on a node before it: ${operations.join(', ')}.`;
}

/** What was compared, and how. */
export function comparisonSentence({ networks, epochs, limit, unit }: Comparison): string {
  const allowed =
    limit === null
      ? ''
      : ` The searches were allowed ${formatCost(limit, unit)}${unit === 'milliseconds' ? '' : ` ${unitNames[unit]}`} for one image.`;
  return `${formatCount(networks.length)} ${networks.length === 1 ? 'network' : 'networks'}, each trained from scratch for ${epochsText(epochs)} by the same recipe.${allowed}`;
}

/** What the scores of a comparison are. */
export function scoreSentence({ task }: Comparison): string {
  return `Score: ${testScoreTitle(task)}.`;
}
