/*
 * How near numbers come to those that they should be.
 */

/** |got - expected| <= absolute + relative * max(|expected|, rms(expected)), element by element. */
export interface Bound {
  readonly relative: number;
  readonly absolute: number;
}

/** For the output of a whole network. */
export const networkBound: Bound = { relative: 1e-3, absolute: 1e-5 };

/** Shares of this are differences relative to an element's size. */
export const relativeToSize: Bound = { relative: 1, absolute: 0 };

export interface Agreement {
  /** Elements outside the bound; what is not a number is outside. */
  readonly outside: number;
  /** Of |got - expected|; NaN when one is not a number. */
  readonly largestDifference: number;
  /** The largest share of its bound that an element used up: 1 and less is inside. */
  readonly largestShare: number;
  /** The element of the largest share; -1 for none at all. */
  readonly worst: number;
}

/** Compares as many numbers as `expected` has. */
export function agreement(got: ArrayLike<number>, expected: ArrayLike<number>, { relative, absolute }: Bound): Agreement {
  const rms = rootMeanSquare(expected);
  let [outside, largestDifference, largestShare, worst] = [0, 0, -1, -1];
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(got[i]! - expected[i]!);
    const allowed = absolute + relative * Math.max(Math.abs(expected[i]!), rms);
    const share = shareOf(difference, allowed);
    if (share > 1) outside++;
    // NaN stays once it is there.
    if (!(difference <= largestDifference)) largestDifference = Number.isNaN(largestDifference) ? Number.NaN : difference;
    if (share > largestShare) [largestShare, worst] = [share, i];
  }
  return { outside, largestDifference, largestShare: Math.max(0, largestShare), worst };
}

function shareOf(difference: number, allowed: number): number {
  if (difference === 0) return 0;
  return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference / allowed;
}

function rootMeanSquare(values: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += values[i]! * values[i]!;
  return Math.sqrt(squares / Math.max(1, values.length));
}
