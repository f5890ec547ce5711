import { ShapeError } from '../errors.js';

/** Sizes, outermost first; images are [batch, height, width, channels]. A scalar is []. */
export type Shape = readonly number[];

/** Number of elements: the product of the lengths, 1 for a scalar. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, length) => product * length, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}

/** `[2, 3]`, as error texts write it. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** @throws ShapeError unless all lengths are positive integers */
export function checkShape(operation: string, shape: Shape): void {
  if (!shape.every((length) => Number.isInteger(length) && length > 0)) {
    throw new ShapeError(operation, `shape ${formatShape(shape)}`, 'positive whole numbers');
  }
}

/** The four lengths of an image tensor. @throws ShapeError for any other rank */
export function imageShape(
  operation: string,
  shape: Shape,
): readonly [batch: number, height: number, width: number, channels: number] {
  if (shape.length !== 4) {
    throw new ShapeError(operation, `shape ${formatShape(shape)}`, '[batch, height, width, channels]');
  }
  return shape as unknown as readonly [number, number, number, number];
}

/** Length of the innermost axis, and the number of rows before it. @throws ShapeError for a scalar */
export function rowsAndChannels(operation: string, shape: Shape): readonly [rows: number, channels: number] {
  const channels = shape.at(-1);
  if (channels === undefined) throw new ShapeError(operation, 'a scalar', 'at least one axis');
  return [sizeOf(shape) / channels, channels];
}
