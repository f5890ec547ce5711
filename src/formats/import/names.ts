/*
 * How entries of our state are called in other people's PyTorch checkpoints.
 */

/** Where an entry of our state lies in a PyTorch state. */
export interface Place {
  /** One name; or several, whose tensors lie one after another along the first axis of ours. */
  readonly names: readonly string[];
  /** `matrix`: our [out, 1, 1, in] is their [out, in]; `ours`: our axes. Anything else has the same axes, in PyTorch's order. */
  readonly form?: 'matrix' | 'ours';
}

/** The place of the entry at a path of our state; null when the names of such an entry are not known. */
export type NameMap = (path: string) => Place | null;

/** A pattern of our paths, and what they are there; `place` takes what the groups of the pattern held. */
export type NameRule = readonly [pattern: RegExp, place: (...groups: string[]) => string | Place | null];

const normFields: Readonly<Record<string, string>> = {
  weight: 'weight',
  bias: 'bias',
  runningMean: 'running_mean',
  runningVariance: 'running_var',
};

/** Pattern of a batch norm's four entries, as a group. */
export const NORM = Object.keys(normFields).join('|');

/** A batch norm's entry in PyTorch's words. */
export function normField(name: string): string {
  return normFields[name]!;
}

/** A place whose names stand below `module`. */
export function within(module: string, place: Place | null): Place | null {
  return place && { ...place, names: place.names.map((name) => `${module}.${name}`) };
}

/** The map that takes the first rule whose pattern is the whole path. */
export function mapByRules(rules: readonly NameRule[]): NameMap {
  return (path) => {
    for (const [pattern, place] of rules) {
      const match = new RegExp(`^(?:${pattern.source})$`).exec(path);
      if (!match) continue;
      const found = place(...match.slice(1));
      return typeof found === 'string' ? { names: [found] } : found;
    }
    return null;
  };
}
