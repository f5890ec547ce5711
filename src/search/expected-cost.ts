import { type Architecture, edgeNumber } from './architecture.js';

/** What an operation costs at a level: [level][operation], in one unit, as they are numbered in the space. */
export type OperationCosts = readonly (readonly number[])[];

/** A cost and its gradient towards the shares. */
export interface ExpectedCost {
  readonly cost: number;
  readonly towardsShares: Float64Array;
}

/**
 * The mean cost of the cells when each node draws its source and operation, and each cell its output, by their shares.
 *
 * A node keeps one incoming edge, so what the output depends on is a chain. Let a_n be the share of node n in the output, b_in that of the edge
 * from i among those into n, c_in the mean cost of what stands on it. Node n is on the chain with probability
 *
 *     u_n = a_n + sum over m > n of u_m b_nm,        and the cost is    sum over n of u_n e_n,   e_n = sum over i < n of b_in c_in.
 *
 * What a node costs with all that leads to it is v_n = e_n + sum over 1 <= i < n of b_in v_i; and so the gradients are v_n towards a_n,
 * u_n (c_in + v_i) towards b_in (v_0 = 0), and u_n b_in times its cost towards the share of an operation.
 */
export function expectedCost({ space, cells }: Architecture, shares: Float64Array, costs: OperationCosts): ExpectedCost {
  const towardsShares = new Float64Array(shares.length);
  const { nodes } = space;
  let cost = 0;
  for (const [level, { operations, edges, attention }] of cells.entries()) {
    const edgeShare = (from: number, to: number) => shares[edges[to - 1]!.start + from]!;
    const mean = operations.map(({ start, length }) => {
      let sum = 0;
      for (let k = 0; k < length; k++) sum += shares[start + k]! * costs[level]![k]!;
      return sum;
    });
    const reached = new Float64Array(nodes + 1);
    for (let node = nodes; node > 0; node--) {
      reached[node] = reached[node]! + shares[attention.start + node - 1]!;
      for (let from = 1; from < node; from++) reached[from] = reached[from]! + reached[node]! * edgeShare(from, node);
    }
    const whole = new Float64Array(nodes + 1);
    for (let node = 1; node <= nodes; node++) {
      for (let from = 0; from < node; from++) {
        const edge = edgeNumber(from, node);
        const behind = mean[edge]! + whole[from]!;
        const share = edgeShare(from, node);
        whole[node] = whole[node]! + share * behind;
        cost += reached[node]! * share * mean[edge]!;
        towardsShares[edges[node - 1]!.start + from] = reached[node]! * behind;
        const { start, length } = operations[edge]!;
        for (let k = 0; k < length; k++) towardsShares[start + k] = reached[node]! * share * costs[level]![k]!;
      }
      towardsShares[attention.start + node - 1] = whole[node]!;
    }
  }
  return { cost, towardsShares };
}
