import type { StoredTensor } from '../formats/dtypes.js';
import { packBits } from '../formats/packed/bits.js';
import type { Finish, PackedGraph, PackedValue, Step } from '../formats/packed/graph.js';
import type { Constant, Draft, DraftStep } from './draft.js';

/** A graph and its tensors, as a file holds them: weights by names, values by places, 1-bit weights as bits. */
export interface Packing {
  readonly graph: PackedGraph;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** The traced value behind each value of the graph (`Draft.origins`). */
  readonly origins: readonly number[];
}

/** The fields of steps that hold a weight, besides their finish. */
const weightFields = ['weight', 'thresholds', 'ranking'] as const;
const finishFields = ['scale', 'bias', 'positive', 'negative'] as const;

export function pack({ image, output, steps, origins }: Draft): Packing {
  const values: PackedValue[] = [image];
  const places = new Map<PackedValue, number>([[image, 0]]);
  const tensors = new Map<string, StoredTensor>();
  const store = (name: string, constant: Constant): string => {
    tensors.set(name, stored(constant));
    return name;
  };
  const packed = steps.map((step, i): Step => {
    const fields: Record<string, unknown> = { ...step };
    for (const field of weightFields) {
      const constant = (step as { readonly [key: string]: unknown })[field] as Constant | null | undefined;
      if (constant) fields[field] = store(`${i}/${field}`, constant);
    }
    if ('finish' in step) fields.finish = packFinish(step, (field, constant) => store(`${i}/${field}`, constant));
    places.set(step.output, values.push(step.output) - 1);
    const inputs = step.inputs.map((input) => places.get(input)!);
    return { ...fields, inputs, output: places.get(step.output)! } as unknown as Step;
  });
  const graph = { values, steps: packed, output: places.get(output)! };
  return { graph, tensors, origins: values.map((value) => origins.get(value)!) };
}

function packFinish(
  { finish }: Extract<DraftStep, { readonly finish: Finish<Constant> }>,
  store: (field: string, constant: Constant) => string,
): Finish<string> {
  const names = finishFields.map((field) => {
    const constant = finish[field];
    return [field, constant && store(field, constant)] as const;
  });
  return { ...finish, ...Object.fromEntries(names) } as Finish<string>;
}

function stored({ shape, data, isSigns }: Constant): StoredTensor {
  if (!isSigns) return { dtype: 'F32', shape, data };
  const row = shape.at(-1)!;
  return { dtype: 'U8', shape: [...shape.slice(0, -1), Math.ceil(row / 8)], data: packBits(data, row) };
}
