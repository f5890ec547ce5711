import type { BroadcastGeometry } from '../engine/kernels.js';
import { ShapeError } from '../errors.js';
import { formatShape, type Shape, sameShape, sizeOf } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { type BackwardCall, elementwise, type Operator, readsInputs, readsOther } from './operator.js';

type NoAttributes = Record<never, never>;

/**
 * How b repeats over a. For a [batch, height, width, channels], b may be a's shape, [channels], [batch, 1, 1, channels] or
 * [1, 1, 1, channels] (over space), [batch, height, width, 1] (over channels), or one number. For any other rank: a's shape, [channels] or
 * one number.
 */
function geometry(operation: string, a: Shape, b: Shape): BroadcastGeometry {
  const channels = a.at(-1) ?? 1;
  const batch = a.length > 1 ? a[0]! : 1;
  const sizes = { batch, channels, pixels: sizeOf(a) / channels / batch };
  const repeats = (overBatch: boolean, overPixels: boolean, overChannels: boolean) => ({
    ...sizes,
    overBatch,
    overPixels,
    overChannels,
  });
  if (sameShape(a, b)) return repeats(false, false, false);
  if (sizeOf(b) === 1) return repeats(true, true, true);
  if (b.length === 1 && b[0] === channels) return repeats(true, true, false);
  if (a.length === 4 && b.length === 4) {
    const space = b[1] === a[1] && b[2] === a[2];
    const noSpace = b[1] === 1 && b[2] === 1;
    if (b[0] === batch && space && b[3] === 1) return repeats(false, false, true);
    if (b[0] === batch && noSpace && b[3] === channels) return repeats(false, true, false);
    if (b[0] === 1 && noSpace && b[3] === channels) return repeats(true, true, false);
  }
  throw new ShapeError(
    operation,
    `${formatShape(a)} and ${formatShape(b)}`,
    'equal shapes, or a second one that repeats over space ([channels], [batch, 1, 1, channels]) or over channels ([batch, height, width, 1])',
  );
}

function isSame(g: BroadcastGeometry): boolean {
  return !(g.overBatch || g.overPixels || g.overChannels);
}

/** Sum over the repeated axes of dy, times a where that is given. */
function reduce({ kernels, make }: BackwardCall, g: BroadcastGeometry, dy: Tensor, a: Tensor | null, b: Shape): Tensor {
  const db = make(b);
  if (isSame(g) && a) kernels.broadcast('multiply', g, dy.address, a.address, db.address);
  else kernels.broadcastReduce(g, dy.address, a?.address ?? 0, db.address);
  return db;
}

/** a + b, b repeating over space or channels where it is smaller. */
export const add: Operator<NoAttributes> = {
  shape([a, b]) {
    geometry('add', a!, b!);
    return a!;
  },
  forward({ kernels, inputs: [a, b], output }) {
    kernels.broadcast('add', geometry('add', a!.shape, b!.shape), a!.address, b!.address, output.address);
  },
  backward(call) {
    const {
      inputs: [a, b],
      dy,
      needed,
    } = call;
    const g = geometry('add', a!.shape, b!.shape);
    const db = needed[1] ? (isSame(g) ? dy.alias() : reduce(call, g, dy, null, b!.shape)) : null;
    return [needed[0] ? dy.alias() : null, db];
  },
  reads: () => readsInputs(),
  cost: ([a]) => elementwise(sizeOf(a!)),
};

/** a * b, b repeating over space or channels where it is smaller. */
export const multiply: Operator<NoAttributes> = {
  shape([a, b]) {
    geometry('multiply', a!, b!);
    return a!;
  },
  forward({ kernels, inputs: [a, b], output }) {
    kernels.broadcast('multiply', geometry('multiply', a!.shape, b!.shape), a!.address, b!.address, output.address);
  },
  backward(call) {
    const {
      kernels,
      inputs: [a, b],
      dy,
      needed,
      make,
    } = call;
    const g = geometry('multiply', a!.shape, b!.shape);
    const da = needed[0] ? make(a!.shape) : null;
    if (da) kernels.broadcast('multiply', g, dy.address, b!.address, da.address);
    return [da, needed[1] ? reduce(call, g, dy, a!, b!.shape) : null];
  },
  reads: readsOther,
  cost: ([a]) => elementwise(sizeOf(a!)),
};
