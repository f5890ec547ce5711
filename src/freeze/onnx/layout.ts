import { type Shape, sizeOf } from '../../tensor/shape.js';

/*
 * What is [batch, height, width, channels] here is [batch, channels, height, width] in the ONNX graph, and weights [outChannels, kernelHeight,
 * kernelWidth, inChannels] are [outChannels, inChannels, kernelHeight, kernelWidth]: one and the same exchange of axes for everything of rank 4.
 * What has another rank lies there as it does here, channels innermost.
 */

export const toChannelsFirst: readonly number[] = [0, 3, 1, 2];
export const toChannelsLast: readonly number[] = [0, 2, 3, 1];

/** The axis of the channels in the graph. */
export function channelAxis({ length: rank }: Shape): number {
  return rank === 4 ? 1 : rank - 1;
}

/** The shape in the graph of what has `shape` here. */
export function graphShape(shape: Shape): Shape {
  return shape.length === 4 ? toChannelsFirst.map((axis) => shape[axis]!) : shape;
}

/** Whether the elements lie in the same order either way. */
export function liesAlike(shape: Shape): boolean {
  const [, height = 1, width = 1, channels = 1] = shape;
  return shape.length !== 4 || channels === 1 || height * width === 1;
}

/** The elements in the graph's order. */
export function graphElements(shape: Shape, data: Float32Array): Float32Array {
  if (liesAlike(shape)) return data;
  const [rows, height, width, channels] = shape as unknown as [number, number, number, number];
  const pixels = height * width;
  const moved = new Float32Array(sizeOf(shape));
  for (let row = 0; row < rows; row++) {
    const start = row * pixels * channels;
    for (let pixel = 0; pixel < pixels; pixel++) {
      for (let channel = 0; channel < channels; channel++) {
        moved[start + channel * pixels + pixel] = data[start + pixel * channels + channel]!;
      }
    }
  }
  return moved;
}
