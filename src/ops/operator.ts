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
  /** Whether a gradient may follow; otherwise nothing need be put aside for one. */
  readonly recorded: boolean;
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
  /**
   * The same in the shape of dy, and in its very memory where nobody else looks at that: for a kernel that reads an element of dy before it
   * writes that of the gradient.
   */
  reuse(): Tensor;
  /**
   * What other calls have already sent towards an input, if its memory is nobody else's, else null: a kernel may add its gradient to it, in one
   * pass, and hand back this very tensor. The sum has the bits of one made apart, `gathered + own`. For one place of a tensor that is several inputs.
   */
  gathered(place: number): Tensor | null;
  /** Workspace that is freed after the call. */
  scratch(shape: Shape): Tensor;
}

/** What of a call `backward` reads. Its own saved tensors and all shapes are there in any case. */
export interface GradientReads {
  /** Places of the inputs whose content it reads. */
  readonly inputs: readonly number[];
  /** Whether it reads the output's content. */
  readonly output: boolean;
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
  /**
   * What `backward` reads when the inputs that `needed` tells want a gradient. The memory of everything else is given back as soon as
   * the forward pass is done with it: a gradient that reads more than this finds it gone.
   */
  reads(needed: readonly boolean[], attributes: Attributes): GradientReads;
  cost(inputs: readonly Shape[], output: Shape, attributes: Attributes): Cost;
}

/** For `reads`: the content of these inputs. */
export function readsInputs(...inputs: number[]): GradientReads {
  return { inputs, output: false };
}

/** `reads` of an operator that is linear in each of its first two inputs: the gradient towards the one reads the other. */
export function readsOther([first, second]: readonly boolean[]): GradientReads {
  return readsInputs(...(second ? [0] : []), ...(first ? [1] : []));
}

/** Work of an operator that only passes over elements. */
export function elementwise(elements: number): Cost {
  return { macs: 0, binaryMacs: 0, elements };
}
