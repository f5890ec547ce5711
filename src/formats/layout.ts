import { ShapeError } from '../errors.js';
import type { ElementArray } from './dtypes.js';

/*
 * Where layouts change. PyTorch puts channels before pixels (activations NCHW, weights OIHW), Gossamer after them (NHWC, OHWI);
 * readers and writers transpose here, nothing else does. Both pairs are the same permutation: axis 1 moves behind the pixels.
 */

export interface LaidOut<A extends ElementArray> {
  readonly data: A;
  readonly shape: readonly [number, number, number, number];
}

/** Activations [N, C, H, W] → [N, H, W, C], as a copy. @throws ShapeError unless `shape` has four axes that `data` fills */
export function nchwToNhwc<A extends ElementArray>(data: A, shape: readonly number[]): LaidOut<A> {
  return channelsLast('nchwToNhwc', data, shape);
}

/** Activations [N, H, W, C] → [N, C, H, W], as a copy. @throws ShapeError unless `shape` has four axes that `data` fills */
export function nhwcToNchw<A extends ElementArray>(data: A, shape: readonly number[]): LaidOut<A> {
  return channelsFirst('nhwcToNchw', data, shape);
}

/**
 * Convolution weights [O, I, kH, kW] → [O, kH, kW, I], as a copy; I is the inputs of one group. A linear layer behind a
 * flattened [C, H, W] takes its weights [O, C·H·W] through here too, as [O, C, H, W].
 * @throws ShapeError unless `shape` has four axes that `data` fills
 */
export function oihwToOhwi<A extends ElementArray>(data: A, shape: readonly number[]): LaidOut<A> {
  return channelsLast('oihwToOhwi', data, shape);
}

/** Convolution weights [O, kH, kW, I] → [O, I, kH, kW], as a copy. @throws ShapeError unless `shape` has four axes that `data` fills */
export function ohwiToOihw<A extends ElementArray>(data: A, shape: readonly number[]): LaidOut<A> {
  return channelsFirst('ohwiToOihw', data, shape);
}

function channelsLast<A extends ElementArray>(name: string, data: A, shape: readonly number[]): LaidOut<A> {
  const [n, c, h, w] = fourAxes(name, data, shape);
  return { data: swapInner(data, n, c, h * w), shape: [n, h, w, c] };
}

function channelsFirst<A extends ElementArray>(name: string, data: A, shape: readonly number[]): LaidOut<A> {
  const [n, h, w, c] = fourAxes(name, data, shape);
  return { data: swapInner(data, n, h * w, c), shape: [n, c, h, w] };
}

function fourAxes(name: string, data: ElementArray, shape: readonly number[]): [number, number, number, number] {
  const [a, b, c, d] = shape;
  if (shape.length !== 4 || a! * b! * c! * d! !== data.length) {
    throw new ShapeError(
      name,
      `shape [${shape.join(', ')}] for ${data.length} elements`,
      'four axes whose product is the element count',
    );
  }
  return [a!, b!, c!, d!];
}

/** [outer, rows, columns] → [outer, columns, rows]. */
function swapInner<A extends ElementArray>(data: A, outer: number, rows: number, columns: number): A {
  const result = data.slice() as A;
  // One view of all element types: values only move from one array to another of the same kind.
  const from = data as unknown as Float64Array;
  const to = result as unknown as Float64Array;
  for (let o = 0; o < outer; o++) {
    const base = o * rows * columns;
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) to[base + c * rows + r] = from[base + r * columns + c]!;
    }
  }
  return result;
}
