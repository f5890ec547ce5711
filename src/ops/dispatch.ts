import type { DType, Engine } from '../engine/engine.js';
import { LifetimeError, ShapeError, UnsupportedError } from '../errors.js';
import type { Shape } from '../tensor/shape.js';
import type { Tape } from '../tensor/tape.js';
import { expectDType, Tensor } from '../tensor/tensor.js';
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

/**
 * The one way to run an operator: checks, runs, records on the inputs' tape, tells observers. What fails leaves nothing behind.
 * @throws LifetimeError for inputs that were disposed of, or that live on different engines or tapes
 * @throws DTypeError for elements of another type than the operator declares
 * @throws ShapeError, ConfigError as the operator's shape rule
 */
export function dispatch<Attributes>(
  name: string,
  operator: Operator<Attributes>,
  inputs: readonly Tensor[],
  attributes: Attributes,
): Tensor {
  const engine = engineOf(name, inputs);
  const tape = tapeOf(name, inputs);
  checkElements(name, operator, inputs);
  const shapes = inputs.map((input) => input.shape);
  const shape = operator.shape(shapes, attributes);
  const output = Tensor.empty(engine, shape, 'float32', name);
  const saved: Tensor[] = [];
  const save = (savedShape: Shape, dtype: DType = 'float32') => {
    const tensor = Tensor.empty(engine, savedShape, dtype, `${name} (saved)`);
    saved.push(tensor);
    return tensor;
  };
  try {
    if (!engine.shapesOnly) {
      operator.forward({ kernels: engine.kernels, inputs, output, recorded: tape !== null, save }, attributes);
    }
    if (tape) recordCall(tape, name, operator, inputs, output, saved, attributes);
  } catch (error) {
    for (const tensor of [output, ...saved]) tensor.dispose();
    throw error;
  }
  if (!tape) for (const tensor of saved) tensor.dispose();
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

/** @throws LifetimeError when the inputs live in different engines; ShapeError when there are none */
function engineOf(name: string, inputs: readonly Tensor[]): Engine {
  const engine = inputs[0]?.engine;
  if (!engine) throw new ShapeError(name, 'no tensors', 'at least one');
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

/** @throws LifetimeError for a tensor that was disposed of, DTypeError for one of other elements than the operator reads */
function checkElements<Attributes>(name: string, { integerInputs }: Operator<Attributes>, inputs: readonly Tensor[]): void {
  for (const [place, input] of inputs.entries()) {
    input.expectHeld();
    expectDType(`${name}, input ${place + 1} (${input.label})`, input, integerInputs?.includes(place) ? 'int32' : 'float32');
  }
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
  const needed = inputs.map((input) => input.tape === tape);
  const read = operator.reads(needed, attributes);
  tape.record({
    inputs,
    output,
    saved,
    needed,
    reads: [...read.inputs.map((place) => inputs[place]!), ...(read.output ? [output] : [])],
    backward: (dy, gathered) => {
      if (engine.shapesOnly) return inputs.map((input, i) => (needed[i] ? make(input.shape) : null));
      const workspace: Tensor[] = [];
      const scratch = (shape: Shape) => {
        const tensor = make(shape);
        workspace.push(tensor);
        return tensor;
      };
      const reuse = () => (dy.ownsMemory ? dy.alias() : make(dy.shape));
      try {
        return backward(
          { kernels: engine.kernels, inputs, output, saved, dy, needed, make, reuse, gathered, scratch },
          attributes,
        );
      } finally {
        for (const tensor of workspace) tensor.dispose();
      }
    },
  });
}
