import { csvLine } from '../../data/csv.js';
import { genotypeText } from '../../models/index.js';
import type { ComparedNetwork, Comparison } from '../../search/result.js';

interface Training {
  readonly comparison: Comparison;
  readonly network: ComparedNetwork;
  /** From 1. */
  readonly run: number;
  readonly score: number;
}

const columns: readonly (readonly [header: string, cell: (training: Training) => string | number | null])[] = [
  ['recipe', ({ comparison }) => comparison.recipe],
  ['task', ({ comparison }) => comparison.task],
  ['unit', ({ comparison }) => comparison.unit],
  ['limit', ({ comparison }) => comparison.limit],
  ['epochs', ({ comparison }) => comparison.epochs],
  ['network', ({ network }) => network.name],
  ['search_seed', ({ network }) => network.searchSeed],
  ['search_seconds', ({ network }) => network.searchSeconds],
  ['parameters', ({ network }) => network.parameters],
  ['macs', ({ network }) => network.cost.macs],
  ['ops', ({ network }) => network.cost.operations],
  ['milliseconds', ({ network }) => network.cost.milliseconds],
  ['run', ({ run }) => run],
  ['score', ({ score }) => score],
  ['genotype', ({ network }) => genotypeText(network.genotype)],
];

/** A line a training from scratch, numbers in full; what was not measured is empty. Scores are shares. */
export function comparisonCsv(comparison: Comparison): string {
  const trainings = comparison.networks.flatMap((network) =>
    network.scores.map((score, i): Training => ({ comparison, network, run: i + 1, score })),
  );
  const lines = trainings.map((training) => csvLine(columns.map(([, cell]) => String(cell(training) ?? ''))));
  return [csvLine(columns.map(([header]) => header)), ...lines].join('');
}
