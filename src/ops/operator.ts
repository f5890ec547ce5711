import type { DType } from '../engine/engine.js';
import type { Kernels } from '../engine/kernels.js';
import type { Shape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';

/** Work of one call. Real multiply-accumulates, binary ones, and elements that pass through element-wise or pooling arithmetic. */
export interface Cost {
  readonly macs: number;
  readonly binaryMacs: number;
  readonly elements: number;
}

export interface ForwardCall {
  readonly kernels: Kernels;
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  /** A tensor that the gradient will find in `saved`; freed at once when nothing is recorded. */
  save(shape: Shape, dtype?: DType): Tensor;
}

export interface BackwardCall {
  readonly kernels: Kernels;
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  readonly saved: readonly Tensor[];
  readonly dy: Tensor;
  /** Which inputs want a gradient. */
  readonly needed: readonly boolean[];
  /** A new tensor of undefined content, for a gradient. */
  make(shape: Shape): Tensor;
  /** Workspace that is freed after the call. */
  scratch(shape: Shape): Tensor;
}

/** A wanted absence in the operator table. */
export interface Unsupported {
  readonly unsupported: string;
}

export function unsupported(why: string): Unsupported {
  return { unsupported: why };
}

/** Everything that is known of an operator, in one place: eager running, the tape, cost tables and traces all come from here. */
export interface Operator<Attributes> {
  /** Places of the inputs that hold int32; all others hold float32. */
  readonly integerInputs?: readonly number[];
  /** Shape of the output. @throws ShapeError, ConfigError when inputs or attributes do not fit */
  shape(inputs: readonly Shape[], attributes: Attributes): Shape;
  forward(call: ForwardCall, attributes: Attributes): void;
  /** Gradients towards the inputs, null where there is none or none is needed. */
  readonly backward: ((call: BackwardCall, attributes: Attributes) => readonly (Tensor | null)[]) | Unsupported;
  cost(inputs: readonly Shape[], output: Shape, attributes: Attributes): Cost;
}

/** Work of an operator that only passes over elements. */
export function elementwise(elements: number): Cost {
  return { macs: 0, binaryMacs: 0, elements };
}
