import type { Engine } from '../engine/engine.js';
import { type Buffer, type Module, type Parameter, StoredNumber } from '../nn/index.js';
import { dispatch } from '../ops/dispatch.js';
import { type Operator, operators } from '../ops/index.js';
import { scope } from '../tensor/scope.js';
import type { Shape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import type { Trace, TracedCall } from './trace.js';

/** Numbers that are known before any image is. */
export interface TracedConstant {
  /** Path of the parameter or buffer; of what was computed of some, that of the first and the operator. */
  readonly path: string;
  /** Paths of the parameters and buffers whose numbers they are, or are computed of. */
  readonly sources: readonly string[];
  readonly shape: Shape;
  readonly data: Float32Array;
}

/**
 * What of a trace no image changes, by the ids of its values: parameters, buffers, and what is computed of these alone (the weights of a central
 * difference). The engine computes it, so that it has the bits that the model's own forward pass takes.
 * @param model that was traced, on an engine
 */
export function constantsOf(model: Module, { calls }: Trace): ReadonlyMap<number, TracedConstant> {
  const stored = new Map(
    [...model.state()].filter((entry): entry is [string, Parameter | Buffer] => !(entry[1] instanceof StoredNumber)),
  );
  const constants = new Map<number, TracedConstant>();
  for (const call of calls) {
    for (const { id, constant: path } of call.inputs) {
      if (path === null || constants.has(id)) continue;
      const { shape, value } = stored.get(path)!;
      constants.set(id, { path, sources: [path], shape, data: Float32Array.from(value.view()) });
    }
    const inputs = call.inputs.map(({ id }) => constants.get(id));
    if (!inputs.every((input) => input !== undefined)) continue;
    const { engine } = stored.values().next().value!.value;
    constants.set(call.output.id, computed(call, inputs, engine));
  }
  return constants;
}

function computed(
  { operator, attributes, output }: TracedCall,
  inputs: readonly TracedConstant[],
  engine: Engine,
): TracedConstant {
  const [{ path: first, data }] = inputs as [TracedConstant];
  const { shape, id } = output;
  const path = `${first}.${operator}_${id}`;
  const sources = inputs.flatMap((input) => input.sources);
  if (operator === 'reshape') return { path, sources, shape, data };
  const result = scope(engine, () => {
    const tensors = inputs.map((input) => Tensor.from(engine, input.data, input.shape));
    return dispatch(operator, operators[operator] as Operator<unknown>, tensors, attributes).toArray();
  });
  return { path, sources, shape, data: Float32Array.from(result) };
}
