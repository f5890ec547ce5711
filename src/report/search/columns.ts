import { spreadOf } from '../../metrics/spread.js';
import {
  type Candidate,
  type ComparedNetwork,
  type Comparison,
  type CostUnit,
  costUnits,
  type NetworkCost,
  type SearchResult,
  unitNames,
} from '../../search/result.js';
import { formatCount, formatDuration, formatLoss, formatShare, formatSpread } from '../format.js';
import { chosenCandidate } from './chosen.js';
import { networkLabel } from './pareto-points.js';
import { formatCost } from './words.js';

/*
 * The tables of a search and of a comparison, for pages and for the terminal.
 */

export interface TextColumn<Row> {
  readonly header: string;
  readonly cell: (row: Row) => string;
  readonly align?: 'left';
  /** The lowest are left out first where a terminal is too narrow; those without one stay. */
  readonly rank?: number;
}

/** All units; the one that counts stays. */
function costColumns<Row>(unit: CostUnit, costOf: (row: Row) => NetworkCost): TextColumn<Row>[] {
  const ranks: Readonly<Record<CostUnit, number>> = { macs: 5, operations: 1, milliseconds: 6 };
  return costUnits.map((each) => ({
    header: unitNames[each],
    cell: (row: Row) => formatCost(costOf(row)[each], each),
    ...(each === unit ? {} : { rank: ranks[each] }),
  }));
}

/** A candidate with its place in the order of training, from 1. */
export interface RankedCandidate extends Candidate {
  readonly number: number;
  readonly chosen: boolean;
}

/** Highest score first; those that were given up early behind all others, whose scores are of another age. */
export function rankedCandidates(result: SearchResult): RankedCandidate[] {
  const chosen = chosenCandidate(result);
  return result.candidates
    .map((candidate, i) => ({ ...candidate, number: i + 1, chosen: candidate === chosen }))
    .sort((a, b) => Number(a.stopped) - Number(b.stopped) || b.score - a.score);
}

export function candidateColumns(unit: CostUnit): TextColumn<RankedCandidate>[] {
  return [
    { header: 'number', cell: ({ number }) => String(number) },
    { header: 'score', cell: ({ score }) => formatShare(score, 2) },
    { header: 'loss', cell: ({ loss }) => formatLoss(loss), rank: 2 },
    { header: 'epochs', cell: ({ epochs }) => formatCount(epochs) },
    ...costColumns<RankedCandidate>(unit, ({ cost }) => cost),
    { header: '', cell: ({ chosen, stopped }) => (chosen ? 'chosen' : stopped ? 'given up' : ''), align: 'left', rank: 4 },
  ];
}

export function networkColumns({ unit }: Comparison): TextColumn<ComparedNetwork>[] {
  return [
    { header: 'network', cell: networkLabel, align: 'left' },
    { header: 'score', cell: ({ scores }) => formatSpread(spreadOf(scores)) },
    { header: 'seeds', cell: ({ scores }) => String(scores.length), rank: 2 },
    ...costColumns<ComparedNetwork>(unit, ({ cost }) => cost),
    { header: 'parameters', cell: ({ parameters }) => formatCount(parameters), rank: 4 },
    { header: 'search', cell: ({ searchSeconds }) => (searchSeconds === null ? '–' : formatDuration(searchSeconds)), rank: 3 },
  ];
}

/** The networks of a comparison that came about in the same way. */
export interface Way {
  readonly name: string;
  readonly networks: readonly ComparedNetwork[];
}

/** Best mean first. */
export function waysOf({ networks }: Comparison): Way[] {
  const ways = [...new Set(networks.map(({ name }) => name))].map((name) => ({
    name,
    networks: networks.filter((network) => network.name === name),
  }));
  return ways.sort((a, b) => (scoreOf(b)?.mean ?? -1) - (scoreOf(a)?.mean ?? -1));
}

/** Over networks, each by its mean. */
function scoreOf({ networks }: Way) {
  return spreadOf(networks.flatMap(({ scores }) => spreadOf(scores)?.mean ?? []));
}

export function wayColumns({ unit }: Comparison): TextColumn<Way>[] {
  const mean = (values: readonly (number | null)[]) => {
    const known = values.filter((value) => value !== null);
    return known.length === values.length ? (spreadOf(known)?.mean ?? null) : null;
  };
  const meanCost = ({ networks }: Way): NetworkCost => ({
    macs: mean(networks.map(({ cost }) => cost.macs))!,
    operations: mean(networks.map(({ cost }) => cost.operations))!,
    milliseconds: mean(networks.map(({ cost }) => cost.milliseconds)),
  });
  return [
    { header: 'found by', cell: ({ name }) => name, align: 'left' },
    { header: 'networks', cell: ({ networks }) => String(networks.length) },
    { header: 'score', cell: (way) => formatSpread(scoreOf(way)) },
    ...costColumns<Way>(unit, meanCost),
    {
      header: 'search',
      cell: ({ networks }) => {
        const seconds = mean(networks.map(({ searchSeconds }) => searchSeconds));
        return seconds === null ? '–' : formatDuration(seconds);
      },
      rank: 3,
    },
  ];
}
