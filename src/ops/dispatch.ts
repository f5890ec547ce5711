import type { Engine } from '../engine/engine.js';
import { LifetimeError, UnsupportedError } from '../errors.js';
import type { Shape } from '../tensor/shape.js';
import type { Tape } from '../tensor/tape.js';
import { Tensor } from '../tensor/tensor.js';
import type { Cost, Operator } from './operator.js';

/** One call of an operator, as an observer sees it. */
export interface OperatorCall {
  readonly operator: string;
  readonly attributes: unknown;
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  readonly cost: Cost;
}

export type Observer = (call: OperatorCall) => void;

const observers = new WeakMap<Engine, Observer[]>();

/** Calls `observer` after every operator that `body` runs on `engine`. */
export function observe<T>(engine: Engine, observer: Observer, body: () => T): T {
  const list = observers.get(engine) ?? [];
  observers.set(engine, [...list, observer]);
  try {
    return body();
  } finally {
    observers.set(engine, list);
  }
}

/** The one way to run an operator: checks, runs, records on the inputs' tape, tells observers. */
export function dispatch<Attributes>(
  name: string,
  operator: Operator<Attributes>,
  inputs: readonly Tensor[],
  attributes: Attributes,
): Tensor {
  const engine = engineOf(name, inputs);
  const tape = tapeOf(name, inputs);
  const shapes = inputs.map((input) => input.shape);
  const shape = operator.shape(shapes, attributes);
  const output = Tensor.empty(engine, shape, 'float32', name);
  const saved: Tensor[] = [];
  if (!engine.shapesOnly) {
    operator.forward(
      {
        kernels: engine.kernels,
        inputs,
        output,
        save: (savedShape, dtype = 'float32') => {
          const tensor = Tensor.empty(engine, savedShape, dtype, `${name} (saved)`);
          saved.push(tensor);
          return tensor;
        },
      },
      attributes,
    );
  }
  if (tape) recordCall(tape, name, operator, inputs, output, saved, attributes);
  else for (const tensor of saved) tensor.dispose();
  notify(engine, () => ({ operator: name, attributes, inputs, output, cost: operator.cost(shapes, shape, attributes) }));
  return output;
}

/** Tells observers of a call that `dispatch` did not make (a view). */
export function notify(engine: Engine, describe: () => OperatorCall): void {
  const list = observers.get(engine);
  if (!list || list.length === 0) return;
  const call = describe();
  for (const observer of list) observer(call);
}

/** @throws LifetimeError when the inputs live in different engines */
function engineOf(name: string, inputs: readonly Tensor[]): Engine {
  const engine = inputs[0]!.engine;
  if (inputs.some((input) => input.engine !== engine)) {
    throw new LifetimeError(`${name}: its inputs live in different engines. Make all of them, and the model, on one.`);
  }
  return engine;
}

/** @throws LifetimeError when the inputs are on different tapes */
function tapeOf(name: string, inputs: readonly Tensor[]): Tape | null {
  let tape: Tape | null = null;
  for (const input of inputs) {
    if (tape && input.tape && input.tape !== tape) throw new LifetimeError(`${name}: its inputs are on different tapes.`);
    tape ??= input.tape;
  }
  return tape;
}

function recordCall<Attributes>(
  tape: Tape,
  name: string,
  operator: Operator<Attributes>,
  inputs: readonly Tensor[],
  output: Tensor,
  saved: readonly Tensor[],
  attributes: Attributes,
): void {
  const { backward } = operator;
  if (typeof backward !== 'function') throw new UnsupportedError(`the gradient of ${name}`, backward.unsupported);
  const { engine } = output;
  const make = (shape: Shape) => Tensor.empty(engine, shape, 'float32', `gradient of ${name}`);
  tape.record({
    inputs,
    output,
    saved,
    backward: (dy, needed) => {
      if (engine.shapesOnly) return inputs.map((input, i) => (needed[i] ? make(input.shape) : null));
      const workspace: Tensor[] = [];
      const scratch = (shape: Shape) => {
        const tensor = make(shape);
        workspace.push(tensor);
        return tensor;
      };
      const gradients = backward({ kernels: engine.kernels, inputs, output, saved, dy, needed, make, scratch }, attributes);
      for (const tensor of workspace) tensor.dispose();
      return gradients;
    },
  });
}
