import { createShapeEngine } from '../engine/shapes.js';
import { ShapeError } from '../errors.js';
import { type Buffer, type Module, type Parameter, StoredNumber } from '../nn/index.js';
import { restoring } from '../nn/restoring.js';
import { type OperatorAttributes, type OperatorCall, type OperatorName, observe } from '../ops/index.js';
import { formatShape, type Shape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';

/** What a call of the forward pass takes or makes. */
export interface TracedValue {
  /** Place in the order of making: the image is 0. Constants have numbers too. */
  readonly id: number;
  /** With the batch, which is 1; of a constant as it is stored. */
  readonly shape: Shape;
  /** Path of the parameter or buffer that it is, or null. */
  readonly constant: string | null;
}

interface CallOf<Name extends OperatorName> {
  readonly operator: Name;
  readonly attributes: OperatorAttributes[Name];
}

type TracedOperator =
  | { [Name in OperatorName]: CallOf<Name> }[OperatorName]
  | { readonly operator: 'reshape'; readonly attributes: { readonly shape: Shape } };

/** One call of an operator, of the operator's own attributes. */
export type TracedCall = TracedOperator & {
  readonly inputs: readonly TracedValue[];
  readonly output: TracedValue;
  /** Path of the module whose parameters it reads, as they are or transformed (`blocks.3.conv`), or ''. */
  readonly layer: string;
};

/** The forward pass of a model in evaluation, as the calls of operators that it is made of, in their order. */
export interface Trace {
  readonly input: TracedValue;
  readonly output: TracedValue;
  readonly calls: readonly TracedCall[];
}

/**
 * What `model` does to one image of `input` [height, width, channels] in evaluation, as it stands. Nothing is computed, and the model does not
 * change.
 * @throws ShapeError when the model cannot take such an image
 */
export function trace(model: Module, input: Shape): Trace {
  if (input.length !== 3) throw new ShapeError('trace', `input ${formatShape(input)}`, '[height, width, channels]');
  const engine = createShapeEngine();
  return restoring(model, () =>
    model.withStandIns(engine, () => {
      model.eval();
      const image = Tensor.empty(engine, [1, ...input], 'float32', 'image');
      const tracer = new Tracer(model, image);
      const output = observe(
        engine,
        (call) => tracer.add(call),
        () => model.forward(image),
      );
      return { input: tracer.valueOf(image), output: tracer.valueOf(output), calls: tracer.calls };
    }),
  );
}

class Tracer {
  readonly calls: TracedCall[] = [];
  private readonly values = new Map<Tensor, TracedValue>();
  /** Of what is computed of parameters and buffers alone, the path of the first. */
  private readonly computed = new Map<TracedValue, string>();

  constructor(model: Module, image: Tensor) {
    this.define(image, null);
    for (const [path, entry] of model.state()) {
      if (!(entry instanceof StoredNumber)) this.define((entry as Parameter | Buffer).value, path);
    }
  }

  valueOf(tensor: Tensor): TracedValue {
    return this.values.get(tensor) ?? this.define(tensor, null);
  }

  add({ operator, attributes, inputs, output }: OperatorCall): void {
    const values = inputs.map((input) => this.valueOf(input));
    const paths = values.map((value) => value.constant ?? this.computed.get(value));
    const [path = ''] = paths.filter((known) => known !== undefined);
    const made = this.define(output, null);
    if (!paths.includes(undefined)) this.computed.set(made, path);
    this.calls.push({ operator, attributes, inputs: values, output: made, layer: path.replace(/\.?[^.]*$/, '') } as TracedCall);
  }

  private define(tensor: Tensor, constant: string | null): TracedValue {
    const value = { id: this.values.size, shape: tensor.shape, constant };
    this.values.set(tensor, value);
    return value;
  }
}
