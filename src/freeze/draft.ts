import type { PackedValue, Step, StepOperator } from '../formats/packed/graph.js';
import type { TracedConstant } from './constants.js';

/** A weight of a graph under work. */
export interface Constant extends TracedConstant {
  /** All elements are +1 or -1, and are stored as a bit each. */
  readonly isSigns: boolean;
}

/** A graph under work: values are known by identity. */
export type DraftStep<Operator extends StepOperator = StepOperator> = Step<PackedValue, Constant, Operator>;

export interface Draft {
  readonly image: PackedValue;
  readonly output: PackedValue;
  /** In an order in which each value is made before it is read. */
  readonly steps: readonly DraftStep[];
  /** The traced value whose numbers each value has; of signs the one whose signs they are. */
  readonly origins: ReadonlyMap<PackedValue, number>;
}

/** The steps that read each value; the graph's output counts as read by nobody. */
export function readersOf({ steps }: Draft): ReadonlyMap<PackedValue, readonly DraftStep[]> {
  const readers = new Map<PackedValue, DraftStep[]>();
  for (const step of steps) {
    for (const input of step.inputs) readers.set(input, [...(readers.get(input) ?? []), step]);
  }
  return readers;
}
