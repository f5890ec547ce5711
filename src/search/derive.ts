import type { Cell } from '../models/index.js';
import { parseOperation } from '../models/index.js';
import { type Architecture, edgeNumber } from './architecture.js';
import type { OperationCosts } from './expected-cost.js';

/** A chain of nodes from the cell's input on: what it costs, and by how much its choices are weaker than the strongest. */
interface Chain {
  readonly cost: number;
  /** Sum over its choices of the logarithm of the strongest one's share over the chosen one's. */
  readonly regret: number;
  readonly steps: readonly { readonly node: number; readonly from: number; readonly operation: string }[];
}

interface Cells {
  readonly cost: number;
  readonly regret: number;
  readonly chains: readonly Chain[];
}

/**
 * The cells that an architecture settles on. Where no limit forbids it, as in the paper: an edge keeps its strongest operation other than none; a node the
 * edge whose share, times that of its operation, is largest (PC-DARTS); the output the node of the largest share. With a limit, of all cells within it
 * those whose choices are least weaker than these: the sum of the logarithms of the shares that are given up is least (ours).
 * @param limit of the cells' cost; null for none
 * @returns null when no cells of the space are within the limit
 */
export function derive(
  architecture: Architecture,
  shares: Float64Array,
  costs: OperationCosts,
  limit: number | null,
): Cell[] | null {
  const start: readonly Cells[] = [{ cost: 0, regret: 0, chains: [] }];
  const fronts = architecture.cells.reduce(
    (before, _, level) =>
      front(
        before.flatMap((cells) =>
          chainsOf(architecture, shares, costs, level).map((chain) => ({
            cost: cells.cost + chain.cost,
            regret: cells.regret + chain.regret,
            chains: [...cells.chains, chain],
          })),
        ),
        limit,
      ),
    start,
  );
  // Cheapest first: the last is the one that gives up least.
  return fronts.at(-1)?.chains.map(cellOf) ?? null;
}

/** Of a level's cells those that none is both as cheap and as strong as. */
function chainsOf({ space, cells }: Architecture, shares: Float64Array, costs: OperationCosts, level: number): Chain[] {
  const { operations, edges, attention } = cells[level]!;
  const kept = space.operations.flatMap((name, k) => (parseOperation(name).kind === 'none' ? [] : [{ name, k }]));
  const ending: (readonly Chain[])[] = [[{ cost: 0, regret: 0, steps: [] }]];
  for (let node = 1; node <= space.nodes; node++) {
    const choices = Array.from({ length: node }, (_, from) => {
      const edgeShare = shares[edges[node - 1]!.start + from]!;
      const { start } = operations[edgeNumber(from, node)]!;
      return kept.map(({ name, k }) => ({
        from,
        operation: name,
        strength: edgeShare * shares[start + k]!,
        cost: costs[level]![k]!,
      }));
    }).flat();
    const strongest = Math.max(...choices.map(({ strength }) => strength));
    const chains = choices.flatMap(({ from, operation, strength, cost }) =>
      ending[from]!.map((before) => ({
        cost: before.cost + cost,
        regret: before.regret + Math.log(strongest / strength),
        steps: [...before.steps, { node, from, operation }],
      })),
    );
    ending.push(front(chains, null));
  }
  const outputs = shares.subarray(attention.start, attention.start + attention.length);
  const strongest = Math.max(...outputs);
  const whole = ending
    .slice(1)
    .flatMap((chains, i) => chains.map((chain) => ({ ...chain, regret: chain.regret + Math.log(strongest / outputs[i]!) })));
  return front(whole, null);
}

/** Those within the limit that no other is both as cheap and as strong as, cheapest first. */
function front<T extends { readonly cost: number; readonly regret: number }>(all: readonly T[], limit: number | null): T[] {
  const within = limit === null ? [...all] : all.filter(({ cost }) => cost <= limit);
  within.sort((a, b) => a.cost - b.cost || a.regret - b.regret);
  let least = Number.POSITIVE_INFINITY;
  return within.filter(({ regret }) => {
    if (regret >= least) return false;
    least = regret;
    return true;
  });
}

/** The nodes of a chain, numbered anew. */
function cellOf({ steps }: Chain): Cell {
  return { nodes: steps.map(({ operation }, i) => ({ from: i, operation })), output: [steps.length] };
}
