import { type Genotype, parseGenotype } from '../../../src/models/index.js';
import type { Candidate, ComparedNetwork, Comparison, CoursePoint, SearchResult } from '../../../src/search/result.js';
import { edgesOf, genotypeOf, parseSpace, randomCells, type SearchSpace } from '../../../src/search/space.js';
import { Rng } from '../../../src/tensor/rng.js';

/** Searches and comparisons that were never run, of a seed. */

export const manyOperations = [
  ...['none', 'skip', 'conv', 'conv_2_0.5', 'conv_2_1.5', 'cdc', 'cdc@0.3', 'cdc_2_0.4', 'cdc_2_0.8', 'cdc_2_1.2'],
  ...['cdc_2_1.6', 'cdc_2_1.6@0.3', 'binary', 'binary@0.7', 'dynamic', 'dynamic@0.35'],
];
const fewOperations = ['none', 'skip', 'cdc', 'cdc_2_1.6', 'binary', 'dynamic'];

export function madeUpSpace(nodes: number, operations: readonly string[], task: 'classification' | 'depth-map'): SearchSpace {
  const frame =
    task === 'classification'
      ? { task, stem: [16], widths: [16, 32, 64] }
      : { task, stem: [32, 64], widths: [64, 64, 64], head: [64, 32], attention: [7, 5, 3] };
  return parseSpace({ frame, nodes, operations });
}

/** A genotype of which all nodes are used but perhaps one, the outputs several. */
export function madeUpGenotype(space: SearchSpace, seed: number): Genotype {
  const cells = randomCells(space, new Rng(seed)).map((cell, level) => ({
    ...cell,
    output: level === 0 ? [space.nodes] : Array.from({ length: space.nodes }, (_, i) => i + 1),
  }));
  return parseGenotype({ ...genotypeOf(space, randomCells(space, new Rng(seed))), cells });
}

interface Wanted {
  readonly nodes?: number;
  readonly operations?: readonly string[];
  readonly task?: 'classification' | 'depth-map';
  readonly seed?: number;
  readonly limit?: number | null;
}

/** @param points of the course */
export function madeUpCourse(points: number, { nodes = 3, operations = fewOperations, seed = 1 }: Wanted = {}): CoursePoint[] {
  const rng = new Rng(seed);
  const edges = edgesOf(nodes);
  const perLevel = <T>(make: () => T): T[] => Array.from({ length: 3 }, make);
  const drives = (count: number) => Array.from({ length: count }, () => rng.uniform(-2.5, 2.5));
  const operationDrives = perLevel(() => edges.map(() => drives(operations.length)));
  const edgeDrives = perLevel(() => drives(edges.length));
  const nodeDrives = perLevel(() => drives(nodes));
  return Array.from({ length: points }, (_, i) => {
    // The first third only the weights learn.
    const time = points < 2 ? 1 : Math.max(0, i / (points - 1) - 0.3) / 0.7;
    const shares = (values: readonly number[]) => {
      const powers = values.map((value) => Math.exp(value * time * 1.4));
      const sum = powers.reduce((a, b) => a + b, 0);
      return powers.map((power) => power / sum);
    };
    return {
      step: (i + 1) * 20,
      epoch: 1 + Math.floor(i / 4),
      operations: operationDrives.map((level) => level.map(shares)),
      edges: edgeDrives.map((level) =>
        Array.from({ length: nodes }, (_, node) => shares(level.filter((_, edge) => edges[edge]!.to === node + 1))).flat(),
      ),
      attention: nodeDrives.map(shares),
      trainLoss: 0.4 + 1.9 * Math.exp((-3 * i) / points) + 0.05 * rng.normal(),
      validationLoss: time === 0 ? null : 0.6 + 1.7 * Math.exp((-3 * i) / points) + 0.05 * rng.normal(),
      expectedCost: 2.6e7 - 1.4e7 * time,
    };
  });
}

function madeUpCandidates(count: number, space: SearchSpace, seed: number, milliseconds = true): Candidate[] {
  const rng = new Rng(seed);
  return Array.from({ length: count }, (_, i) => {
    const macs = Math.round(10 ** rng.uniform(6.3, 7.8));
    return {
      genotype: genotypeOf(space, randomCells(space, new Rng(seed + i))),
      cost: { macs, operations: Math.round(macs * 1.02), milliseconds: milliseconds ? macs / 4e6 : null },
      score: 0.35 + 0.055 * Math.log2(macs / 1e6) + 0.03 * rng.normal(),
      loss: 1.2 + 0.1 * rng.normal(),
      epochs: i % 3 === 0 ? 5 : 2,
      stopped: i % 3 !== 0,
    };
  });
}

export function madeUpSearch({
  nodes = 3,
  operations = fewOperations,
  task = 'classification',
  seed = 1,
  limit = 1.5e7,
}: Wanted = {}) {
  const space = madeUpSpace(nodes, operations, task);
  const shared = {
    ...{
      seed,
      recipe: 'search-tiny',
      task,
      unit: 'macs' as const,
      limit,
      seconds: 754,
      bytesPeak: 120 * 2 ** 20,
      operations,
      nodes,
    },
    cost: { macs: 12_345_678, operations: 12_400_000, milliseconds: 3.21 },
  };
  const differentiable: SearchResult = {
    ...shared,
    strategy: 'differentiable',
    genotype: madeUpGenotype(space, seed),
    candidates: [],
    course: madeUpCourse(40, { nodes, operations, seed }),
  };
  const candidates = madeUpCandidates(40, space, seed);
  const best = candidates.filter(({ stopped }) => !stopped).reduce((a, b) => (b.score > a.score ? b : a));
  const evolution: SearchResult = {
    ...shared,
    strategy: 'evolution',
    genotype: best.genotype,
    cost: best.cost,
    candidates,
    course: [],
  };
  return { space, differentiable, evolution };
}

export function madeUpComparison({ seed = 1, limit = 1.5e7, milliseconds = true } = {}): Comparison {
  const rng = new Rng(seed);
  const space = madeUpSpace(3, fewOperations, 'classification');
  const network = (name: string, searchSeed: number | null, skill: number): ComparedNetwork => {
    const macs = Math.round(rng.uniform(0.6e7, 1.5e7));
    return {
      name,
      searchSeed,
      searchSeconds: searchSeed === null ? null : Math.round(rng.uniform(400, 4000)),
      genotype: madeUpGenotype(space, rng.integer(1000)),
      cost: { macs, operations: macs + 1000, milliseconds: milliseconds ? macs / 4e6 : null },
      parameters: Math.round(macs / 90),
      scores: Array.from({ length: 3 }, () => skill + 0.006 * rng.normal()),
    };
  };
  return {
    ...{ recipe: 'search-tiny', task: 'classification', unit: 'macs', limit, epochs: 30 },
    networks: [
      ...[1, 2, 3].map((search) => network('differentiable', search, 0.905)),
      ...[1, 2, 3].map((search) => network('random', search, 0.897)),
      ...[1, 2, 3].map((search) => network('evolution', search, 0.9)),
      network('plain', null, 0.893),
      network('resnet20', null, 0.899),
    ],
    verdict: 'The differentiable search found better networks than chance did: by 0.8 points, more than twice their deviation.',
  };
}
