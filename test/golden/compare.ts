import { agreement, type Bound, networkBound } from '#dist/metrics/agreement.js';

export type { Bound } from '#dist/metrics/agreement.js';

export const OPERATOR_BOUND: Bound = { relative: 1e-4, absolute: 1e-6 };
export const NETWORK_BOUND = networkBound;
export const EXACT: Bound = { relative: 0, absolute: 0 };

/** One tensor that came out otherwise than it should. */
export interface Difference {
  readonly tensor: string;
  readonly detail: string;
}

/** What a case has compared so far, and which tensors differ. */
export class Comparison {
  readonly differences: Difference[] = [];
  compared = 0;

  check(tensor: string, got: ArrayLike<number>, expected: ArrayLike<number>, bound: Bound): void {
    this.compared++;
    if (got.length !== expected.length) {
      this.differences.push({ tensor, detail: `has ${got.length} elements instead of ${expected.length}` });
      return;
    }
    const { outside, worst } = agreement(got, expected, bound);
    if (outside > 0) {
      const error = Math.abs(got[worst]! - expected[worst]!);
      this.differences.push({
        tensor,
        detail: `${outside} of ${expected.length} outside the bound; farthest outside by ${error.toPrecision(3)} at ${worst} (got ${got[worst]}, expected ${expected[worst]})`,
      });
    }
  }
}
