import type { Packing } from './pack.js';
import type { Trace, TracedCall } from './trace.js';

/** A call of the model's forward pass that a step stands for. */
export interface FrozenPart {
  /** Path of the module whose parameters it reads, or ''. */
  readonly layer: string;
  readonly operator: TracedCall['operator'];
}

/**
 * The calls that each step of a packing stands for, in their order: of a convolution its transform of the weights, itself, and the batch norm, addition
 * and activation that became its finish. None for signs, which are a form of what is there already.
 */
export function partsOf({ calls }: Trace, { graph, origins }: Packing): readonly (readonly FrozenPart[])[] {
  const makerOf = new Map(calls.map((call) => [call.output.id, call]));
  return graph.steps.map((step) => {
    const found = new Map<number, TracedCall>();
    const known = new Set(step.inputs.map((input) => origins[input]!));
    const visit = (id: number): void => {
      const call = makerOf.get(id);
      if (!call || known.has(id) || found.has(id)) return;
      found.set(id, call);
      for (const input of call.inputs) visit(input.id);
    };
    visit(origins[step.output]!);
    return [...found].sort(([a], [b]) => a - b).map(([, { layer, operator }]) => ({ layer, operator }));
  });
}

/** Paths of what a model keeps that its evaluation does not read: training's counters, layers that are switched off. */
export function unusedOf(paths: Iterable<string>, { calls }: Trace): readonly string[] {
  const read = new Set(calls.flatMap(({ inputs }) => inputs.map(({ constant }) => constant)));
  return [...paths].filter((path) => !read.has(path));
}
