import { type Shape, sizeOf } from '../../tensor/shape.js';
import { int, ints } from './attributes.js';
import type { Constant, GraphBuilder } from './graph.js';
import { graphElements, graphShape } from './layout.js';
import type { RuleOf } from './rule.js';

interface Window {
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
  readonly groups: number;
}

/** A Conv node; `weights` is the shape here, [outChannels, kernelHeight, kernelWidth, inChannels / groups]. */
export function convolve(inputs: readonly string[], weights: Shape, window: Window, graph: GraphBuilder): string {
  const { stride, padding, dilation, groups } = window;
  return graph.add('Conv', inputs, {
    kernel_shape: ints(weights[1]!, weights[2]!),
    strides: ints(stride, stride),
    pads: ints(padding, padding, padding, padding),
    dilations: ints(dilation, dilation),
    group: int(groups),
  });
}

/** +1 where x >= 0, -1 elsewhere. ONNX's Sign has a third answer, 0 for 0. */
export function signs(x: string, graph: GraphBuilder): string {
  return graph.add('Where', [graph.add('GreaterOrEqual', [x, graph.scalar(0)]), graph.scalar(1), graph.scalar(-1)]);
}

export function weightSigns({ name, shape, data }: Constant, graph: GraphBuilder): string {
  const values = Float32Array.from(data, (value) => (value >= 0 ? 1 : -1));
  return graph.floats(`${name}.signs`, graphShape(shape), graphElements(shape, values));
}

export const conv2d: RuleOf<'conv2d'> = ({ inputs, attributes }, graph) =>
  convolve(
    inputs.map((input) => graph.value(input)),
    inputs[1]!.shape,
    attributes,
    graph,
  );

/** Conv pads its input with zeros, and its input are signs: padding comes after the sign, as it should. */
export const binaryConv2d: RuleOf<'binaryConv2d'> = ({ inputs: [x, w], attributes }, graph) => {
  const weights = graph.expectConstant(w!, 'the weights of a 1-bit convolution');
  const y = convolve([signs(graph.value(x!), graph), weightSigns(weights, graph)], weights.shape, attributes, graph);
  return attributes.scale ? graph.add('Mul', [y, meanSizes(weights, graph)]) : y;
};

/** Mean |w| of each output channel. Beside the signs, not in them: what the Conv adds stay integers, without rounding. */
function meanSizes({ name, shape, data }: Constant, graph: GraphBuilder): string {
  const channels = shape[0]!;
  const row = sizeOf(shape) / channels;
  const means = Float32Array.from({ length: channels }, (_, channel) => {
    const own = data.subarray(channel * row, (channel + 1) * row);
    return own.reduce((sum, value) => sum + Math.abs(value), 0) / row;
  });
  return graph.floats(`${name}.scale`, [channels, 1, 1], means);
}
