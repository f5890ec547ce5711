import type { SearchSpace } from './space.js';
import { type Edge, edgesOf } from './space.js';

/** Where a group of numbers of an architecture lies: those of one softmax. */
export interface Group {
  readonly start: number;
  readonly length: number;
}

/** The groups of one cell. */
export interface CellGroups {
  /** One an edge, of as many numbers as there are operations. */
  readonly operations: readonly Group[];
  /** One a node: of its incoming edges, from node 0 on. */
  readonly edges: readonly Group[];
  /** Of the nodes in the cell's output. */
  readonly attention: Group;
}

/**
 * The numbers that a differentiable search learns besides weights: for each edge one an operation (DARTS), for each node one an incoming edge (edge
 * normalisation, PC-DARTS, equation 3), for each cell one a node ("node attention", CDCN, section 3.2). A softmax over each group makes shares of them.
 */
export class Architecture {
  readonly edges: readonly Edge[];
  /** Low, mid, high. */
  readonly cells: readonly CellGroups[];
  /** All numbers, of which none is more than another at the start. */
  readonly values: Float64Array;

  constructor(readonly space: SearchSpace) {
    this.edges = edgesOf(space.nodes);
    let size = 0;
    const take = (length: number): Group => {
      const start = size;
      size += length;
      return { start, length };
    };
    this.cells = space.frame.widths.map(() => ({
      operations: this.edges.map(() => take(space.operations.length)),
      edges: Array.from({ length: space.nodes }, (_, node) => take(node + 1)),
      attention: take(space.nodes),
    }));
    this.values = new Float64Array(size);
  }

  /** Of every number its share of its group, in the places of the numbers. */
  shares(): Float64Array {
    const shares = new Float64Array(this.values.length);
    for (const { start, length } of this.groups()) {
      const numbers = this.values.subarray(start, start + length);
      const largest = Math.max(...numbers);
      const powers = numbers.map((number) => Math.exp(number - largest));
      const total = powers.reduce((sum, power) => sum + power, 0);
      for (const [i, power] of powers.entries()) shares[start + i] = power / total;
    }
    return shares;
  }

  /**
   * Gradient towards the numbers from that towards their shares: through a softmax p it is p_i (g_i - sum over j of p_j g_j).
   * @param shares what `shares` gave
   */
  gradient(shares: Float64Array, towardsShares: Float64Array): Float64Array {
    const gradient = new Float64Array(shares.length);
    for (const { start, length } of this.groups()) {
      let mean = 0;
      for (let i = start; i < start + length; i++) mean += shares[i]! * towardsShares[i]!;
      for (let i = start; i < start + length; i++) gradient[i] = shares[i]! * (towardsShares[i]! - mean);
    }
    return gradient;
  }

  private groups(): Group[] {
    return this.cells.flatMap(({ operations, edges, attention }) => [...operations, ...edges, attention]);
  }
}

/** The shares of a group. */
export function sharesOf(shares: Float64Array, { start, length }: Group): number[] {
  return [...shares.subarray(start, start + length)];
}

/** Number of the edge from node `from` to node `to`, in the order of `edgesOf`. */
export function edgeNumber(from: number, to: number): number {
  return (to * (to - 1)) / 2 + from;
}
