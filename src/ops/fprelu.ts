import { ShapeError } from '../errors.js';
import { formatShape, rowsAndChannels, type Shape, sizeOf } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { type BackwardCall, elementwise, type ForwardCall, type Operator, readsInputs } from './operator.js';

type NoAttributes = Record<never, never>;

/** PReLU: inputs x, negative slopes [channels]. y = x where x >= 0, slope * x elsewhere. */
export const prelu: Operator<NoAttributes> = {
  shape: ([x, negative]) => checkSlopes('prelu', x!, [negative!]),
  forward: (call) => forward(call, null, call.inputs[1]!),
  backward(call) {
    const [dx, , dnegative] = backward(call, null, call.inputs[1]!, [call.needed[0]!, false, call.needed[1]!]);
    return [dx!, dnegative!];
  },
  reads: () => readsInputs(0, 1),
  cost: ([x]) => elementwise(sizeOf(x!)),
};

/**
 * FPReLU: inputs x, positive slopes, negative slopes (both [channels], both learned). y = positive * x where x >= 0,
 * negative * x elsewhere. Rescaling the positive side too lets a 1-bit block choose how non-linear it is.
 */
export const fprelu: Operator<NoAttributes> = {
  shape: ([x, positive, negative]) => checkSlopes('fprelu', x!, [positive!, negative!]),
  forward: (call) => forward(call, call.inputs[1]!, call.inputs[2]!),
  backward: (call) => backward(call, call.inputs[1]!, call.inputs[2]!, call.needed),
  reads: () => readsInputs(0, 1, 2),
  cost: ([x]) => elementwise(sizeOf(x!)),
};

function checkSlopes(operation: string, x: Shape, slopes: readonly Shape[]): Shape {
  const [, channels] = rowsAndChannels(operation, x);
  for (const slope of slopes) {
    if (slope.length !== 1 || slope[0] !== channels) {
      throw new ShapeError(operation, `input ${formatShape(x)} with slopes ${formatShape(slope)}`, `slopes [${channels}]`);
    }
  }
  return x;
}

function forward({ kernels, inputs: [x], output }: ForwardCall, positive: Tensor | null, negative: Tensor): void {
  const [rows, channels] = rowsAndChannels('fprelu', x!.shape);
  kernels.fprelu(rows, channels, x!.address, positive?.address ?? 0, negative.address, output.address);
}

function backward(
  { kernels, inputs: [x], dy, make, reuse, scratch }: BackwardCall,
  positive: Tensor | null,
  negative: Tensor,
  needed: readonly boolean[],
): (Tensor | null)[] {
  const [rows, channels] = rowsAndChannels('fprelu', x!.shape);
  const dx = needed[0] ? reuse() : scratch(x!.shape);
  const dpositive = positive && (needed[1] ? make([channels]) : scratch([channels]));
  const dnegative = needed[2] ? make([channels]) : scratch([channels]);
  kernels.fpreluGradient(
    rows,
    channels,
    x!.address,
    positive?.address ?? 0,
    negative.address,
    dy.address,
    dx.address,
    dpositive?.address ?? 0,
    dnegative.address,
  );
  return [needed[0] ? dx : null, needed[1] ? dpositive : null, needed[2] ? dnegative : null];
}
