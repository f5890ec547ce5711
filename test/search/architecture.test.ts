import { describe, expect, it } from 'vitest';
import type { Cell } from '../../src/models/index.js';
import { Architecture } from '../../src/search/architecture.js';
import { ArchitectureOptimizer } from '../../src/search/architecture-optimizer.js';
import { derive } from '../../src/search/derive.js';
import { expectedCost, type OperationCosts } from '../../src/search/expected-cost.js';
import { genotypeOf, parseSpace, randomCells } from '../../src/search/space.js';
import { Rng } from '../../src/tensor/rng.js';

const space = parseSpace({
  frame: { task: 'classification', stem: [4], widths: [4, 8, 8] },
  nodes: 3,
  operations: ['none', 'skip', 'conv', 'cdc_2_1.5'],
});

const costs: OperationCosts = [
  [0, 0, 3, 5],
  [0, 0, 2, 7],
  [0, 0, 11, 13],
];

function drawn(seed: number, spread = 1): Architecture {
  const architecture = new Architecture(space);
  const rng = new Rng(seed);
  for (const [i] of architecture.values.entries()) architecture.values[i] = spread * rng.normal();
  return architecture;
}

/** Every chain of a level: probability that shares draw it, cost, and cell. `none` may be drawn, and costs nothing. */
function allChains(architecture: Architecture, shares: Float64Array, level: number) {
  const { operations, edges, attention } = architecture.cells[level]!;
  const walk = (node: number): { probability: number; cost: number; steps: [from: number, operation: number][] }[] =>
    node === 0
      ? [{ probability: 1, cost: 0, steps: [] }]
      : Array.from({ length: node }, (_, from) =>
          space.operations.flatMap((_name, k) =>
            walk(from).map(({ probability, cost, steps }) => {
              const edge = architecture.edges.findIndex((one) => one.from === from && one.to === node);
              const share = shares[edges[node - 1]!.start + from]! * shares[operations[edge]!.start + k]!;
              return {
                probability: probability * share,
                cost: cost + costs[level]![k]!,
                steps: [...steps, [from, k] as [number, number]],
              };
            }),
          ),
        ).flat();
  return [1, 2, 3].flatMap((output) =>
    walk(output).map((chain) => ({ ...chain, output, probability: chain.probability * shares[attention.start + output - 1]! })),
  );
}

describe('an architecture', () => {
  it('has shares that are 1 together in every group, equal at the start', () => {
    const even = new Architecture(space).shares();
    expect(even[0]).toBe(1 / 4);
    const architecture = drawn(1);
    const shares = architecture.shares();
    for (const { operations, edges, attention } of architecture.cells) {
      for (const { start, length } of [...operations, ...edges, attention]) {
        expect(shares.subarray(start, start + length).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
      }
    }
    expect(architecture.cells[2]!.attention).toEqual({ start: shares.length - 3, length: 3 });
  });

  it('stays finite where numbers are large', () => {
    const architecture = drawn(2, 1e3);
    expect(architecture.shares().every((share) => share >= 0 && share <= 1)).toBe(true);
  });

  it('has the gradient that finite differences show', () => {
    const architecture = drawn(3);
    const rng = new Rng(4);
    const weights = Float64Array.from(architecture.values, () => rng.normal());
    const value = () => architecture.shares().reduce((sum, share, i) => sum + share * weights[i]!, 0);
    const gradient = architecture.gradient(architecture.shares(), weights);
    for (const [i, before] of architecture.values.entries()) {
      architecture.values[i] = before + 1e-6;
      const above = value();
      architecture.values[i] = before - 1e-6;
      expect(gradient[i]).toBeCloseTo((above - value()) / 2e-6, 6);
      architecture.values[i] = before;
    }
  });
});

describe('expectedCost', () => {
  it('is the mean over all cells that the shares can draw', () => {
    const architecture = drawn(5);
    const shares = architecture.shares();
    const mean = [0, 1, 2].reduce(
      (sum, level) =>
        sum + allChains(architecture, shares, level).reduce((all, { probability, cost }) => all + probability * cost, 0),
      0,
    );
    expect(expectedCost(architecture, shares, costs).cost).toBeCloseTo(mean, 10);
  });

  it('has the gradient that finite differences show, towards every share by itself', () => {
    const shares = drawn(6).shares();
    const architecture = new Architecture(space);
    const { towardsShares } = expectedCost(architecture, shares, costs);
    for (const [i, before] of shares.entries()) {
      shares[i] = before + 1e-6;
      const above = expectedCost(architecture, shares, costs).cost;
      shares[i] = before - 1e-6;
      expect(towardsShares[i]).toBeCloseTo((above - expectedCost(architecture, shares, costs).cost) / 2e-6, 6);
      shares[i] = before;
    }
  });
});

describe('derive', () => {
  /** The paper's rule, read off directly. */
  function strongest(architecture: Architecture, shares: Float64Array): Cell[] {
    const largest = (numbers: number[]) => numbers.indexOf(Math.max(...numbers));
    return architecture.cells.map(({ operations, edges, attention }) => ({
      nodes: [1, 2, 3].map((node) => {
        const incoming = Array.from({ length: node }, (_, from) => {
          const { start } = operations[architecture.edges.findIndex((edge) => edge.from === from && edge.to === node)]!;
          const kept = largest([-1, ...shares.subarray(start + 1, start + 4)]);
          return {
            from,
            operation: space.operations[kept]!,
            strength: shares[edges[node - 1]!.start + from]! * shares[start + kept]!,
          };
        });
        const { from, operation } = incoming[largest(incoming.map(({ strength }) => strength))]!;
        return { from, operation };
      }),
      output: [1 + largest([...shares.subarray(attention.start, attention.start + 3)])],
    }));
  }

  it('takes what is strongest where nothing limits it', () => {
    for (let seed = 0; seed < 30; seed++) {
      const architecture = drawn(seed);
      const shares = architecture.shares();
      const derived = genotypeOf(space, derive(architecture, shares, costs, null)!);
      expect(derived).toEqual(genotypeOf(space, strongest(architecture, shares)));
    }
  });

  it('gives up least of all cells within a limit', () => {
    const architecture = drawn(11);
    const shares = architecture.shares();
    const costOf = (cells: readonly Cell[]) =>
      cells.reduce(
        (sum, { nodes }, level) =>
          sum + nodes.reduce((all, { operation }) => all + costs[level]![space.operations.indexOf(operation)]!, 0),
        0,
      );
    const free = costOf(derive(architecture, shares, costs, null)!);
    let before = Number.POSITIVE_INFINITY;
    for (let limit = 0; limit <= free; limit++) {
      const cells = derive(architecture, shares, costs, limit)!;
      expect(costOf(cells)).toBeLessThanOrEqual(limit);
      const given = regret(architecture, shares, cells);
      expect(given).toBeLessThanOrEqual(before + 1e-12);
      before = given;
      for (let seed = 0; seed < 200; seed++) {
        const other = genotypeOf(space, randomCells(space, new Rng(seed))).cells;
        if (costOf(other) <= limit) expect(given).toBeLessThanOrEqual(regret(architecture, shares, other) + 1e-12);
      }
    }
    expect(before).toBeCloseTo(0, 12);
  });

  it('finds nothing below the least cost', () => {
    const architecture = drawn(12);
    expect(derive(architecture, architecture.shares(), [[1, 1, 1, 1], ...costs.slice(1)], 0)).toBeNull();
  });

  /** Of cells that are one chain each, numbered in its order, the least regret of all ways to number them. */
  function regret(architecture: Architecture, shares: Float64Array, cells: readonly Cell[]): number {
    return cells.reduce((sum, cell, level) => {
      const { operations, edges, attention } = architecture.cells[level]!;
      const names = cell.nodes.map(({ operation }) => space.operations.indexOf(operation));
      const edge = (from: number, to: number) => architecture.edges.findIndex((one) => one.from === from && one.to === to);
      const strength = (from: number, to: number, k: number) =>
        shares[edges[to - 1]!.start + from]! * shares[operations[edge(from, to)]!.start + k]!;
      const best = (to: number) =>
        Math.max(...Array.from({ length: to }, (_, from) => [1, 2, 3].map((k) => strength(from, to, k))).flat());
      const outputs = shares.subarray(attention.start, attention.start + 3);
      const ways = [[1], [2], [3], [1, 2], [1, 3], [2, 3], [1, 2, 3]].filter((way) => way.length === names.length);
      const given = ways.map((way) =>
        way.reduce(
          (all, node, i) => all + Math.log(best(node) / strength(i === 0 ? 0 : way[i - 1]!, node, names[i]!)),
          Math.log(Math.max(...outputs) / outputs[way.at(-1)! - 1]!),
        ),
      );
      return sum + Math.min(...given);
    }, 0);
  }
});

describe('the optimiser of an architecture', () => {
  it('takes the steps of Adam: the first is the learning rate against the sign of the gradient', () => {
    const architecture = new Architecture(space);
    const optimizer = new ArchitectureOptimizer(architecture, { learningRate: 0.1, beta1: 0.5, beta2: 0.999, weightDecay: 0 });
    const gradient = architecture.values.map((_, i) => (i % 2 === 0 ? 3 : -0.01));
    optimizer.step(gradient);
    expect(architecture.values[0]).toBeCloseTo(-0.1, 6);
    expect(architecture.values[1]).toBeCloseTo(0.1, 6);
    optimizer.step(gradient.map(() => 0));
    // Mean 0.5 * 1.5 / (1 - 0.25) = 1, mean square 0.999 * 0.009 / (1 - 0.998001) = 4.4978 of a gradient of 3.
    expect(architecture.values[0]).toBeCloseTo(-0.1 - 0.1 / Math.sqrt(4.49775), 4);
  });
});
