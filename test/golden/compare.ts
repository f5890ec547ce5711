/** How near a number has to come: |got - expected| <= absolute + relative * max(|expected|, rms(expected)), element by element. */
export interface Bound {
  readonly relative: number;
  readonly absolute: number;
}

export const OPERATOR_BOUND: Bound = { relative: 1e-4, absolute: 1e-6 };
export const NETWORK_BOUND: Bound = { relative: 1e-3, absolute: 1e-5 };
export const EXACT: Bound = { relative: 0, absolute: 0 };

/** One tensor that came out otherwise than it should. */
export interface Difference {
  readonly tensor: string;
  readonly detail: string;
}

/** What a case has compared so far: which tensors differ, and the largest share of a bound that was used up. */
export class Comparison {
  readonly differences: Difference[] = [];
  compared = 0;

  check(tensor: string, got: ArrayLike<number>, expected: ArrayLike<number>, bound: Bound): void {
    this.compared++;
    if (got.length !== expected.length) {
      this.differences.push({ tensor, detail: `has ${got.length} elements instead of ${expected.length}` });
      return;
    }
    const rms = rootMeanSquare(expected);
    let worst = -1;
    let worstExcess = 0;
    let outside = 0;
    for (let i = 0; i < expected.length; i++) {
      const error = Math.abs(got[i]! - expected[i]!);
      const allowed = bound.absolute + bound.relative * Math.max(Math.abs(expected[i]!), rms);
      if (error <= allowed) continue;
      outside++;
      const excess = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error - allowed;
      if (worst < 0 || excess > worstExcess) {
        worst = i;
        worstExcess = excess;
      }
    }
    if (outside > 0) {
      const error = Math.abs(got[worst]! - expected[worst]!);
      this.differences.push({
        tensor,
        detail: `${outside} of ${expected.length} outside the bound; largest error ${error.toPrecision(3)} at ${worst} (got ${got[worst]}, expected ${expected[worst]})`,
      });
    }
  }
}

function rootMeanSquare(values: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += values[i]! * values[i]!;
  return Math.sqrt(squares / Math.max(1, values.length));
}
