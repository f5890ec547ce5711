import type { DynamicConv2dAttributes } from '../../ops/dynamic-conv2d.js';
import type { TracedValue } from '../trace.js';
import { int, ints, one } from './attributes.js';
import { convolve, signs, weightSigns } from './convolutions.js';
import type { GraphBuilder } from './graph.js';
import type { RuleOf } from './rule.js';

/*
 * Each head sees its own choice of the input's channels, all others as zeros: the choices of the heads lie one after another as the channels
 * [heads * C] of one image, and a convolution in `heads` groups gives each head its own.
 */

export const dynamicConv2d: RuleOf<'dynamicConv2d'> = ({ inputs: [x, w, gates, ranking], attributes }, graph) => {
  const chosen = choose(ranking ?? gates!, attributes, graph);
  const factors = chosen === null ? graph.value(gates!) : graph.add('Mul', [graph.value(gates!), chosen]);
  const input = forEachHead(graph.value(x!), factors, x!, attributes, graph);
  return convolveHeads(input, graph.value(w!), w!, attributes, graph);
};

/** The signs of the chosen channels, those of the others being 0; then the mean of the chosen gates as one factor of the head. */
export const dynamicBinaryConv2d: RuleOf<'dynamicBinaryConv2d'> = ({ inputs, output, attributes }, graph) => {
  const [x, w, gates, ranking] = inputs;
  const { heads } = attributes;
  const weights = weightSigns(graph.expectConstant(w!, 'the weights of a 1-bit convolution'), graph);
  const chosen = choose(ranking ?? gates!, attributes, graph);
  const shares = chosen ?? all(heads, x!.shape[3]!, graph);
  const input = forEachHead(signs(graph.value(x!), graph), shares, x!, attributes, graph);
  const integers = convolveHeads(input, weights, w!, attributes, graph);

  const [, height, width, channels] = output.shape as unknown as [number, number, number, number];
  const byHead = graph.add('Reshape', [integers, graph.integers(-1, heads, channels / heads, height, width)]);
  const leveled = graph.add('Mul', [byHead, overPixels(level(graph.value(gates!), chosen, graph), graph)]);
  return graph.add('Reshape', [leveled, graph.integers(-1, channels, height, width)]);
};

/** 1 for each channel that a head keeps and 0 for the others, of the ranks' shape; null when it keeps all. */
function choose(ranks: TracedValue, { kept, ties }: DynamicConv2dAttributes, graph: GraphBuilder): string | null {
  if (kept === ranks.shape.at(-1)) return null;
  const values = graph.value(ranks);
  if (ties === 'drop') {
    const [descending] = graph.addOfTwo('TopK', [values, graph.integers(kept + 1)]);
    const largestToGo = graph.add('Gather', [descending, graph.integers(kept)], { axis: int(-1) });
    return graph.add('Where', [graph.add('Greater', [values, largestToGo]), graph.scalar(1), graph.scalar(0)]);
  }
  // Among equals TopK prefers the lower index, as we do.
  const [, indices] = graph.addOfTwo('TopK', [values, graph.integers(kept)]);
  const none = graph.add('ConstantOfShape', [graph.add('Shape', [values])], { value: one(0) });
  const ones = graph.add('ConstantOfShape', [graph.add('Shape', [indices])], { value: one(1) });
  return graph.add('ScatterElements', [none, indices, ones], { axis: int(-1) });
}

function all(heads: number, channels: number, graph: GraphBuilder): string {
  return graph.floats(`ones_${heads}_${channels}`, [heads, channels], new Float32Array(heads * channels).fill(1));
}

/** The image once for each head, times the head's factors [heads, C] or [batch, heads, C]: [batch, heads * C, height, width]. */
function forEachHead(
  x: string,
  factors: string,
  { shape }: TracedValue,
  { heads }: DynamicConv2dAttributes,
  graph: GraphBuilder,
): string {
  const [, height, width, channels] = shape as unknown as [number, number, number, number];
  const product = graph.add('Mul', [graph.add('Unsqueeze', [x, graph.integers(1)]), overPixels(factors, graph)]);
  return graph.add('Reshape', [product, graph.integers(-1, heads * channels, height, width)]);
}

/** Repeats over height and width, and over the channels of a head where there is one number for these. */
function overPixels(factors: string, graph: GraphBuilder): string {
  return graph.add('Unsqueeze', [factors, graph.integers(-2, -1)]);
}

function convolveHeads(
  x: string,
  w: string,
  { shape }: TracedValue,
  { stride, padding, heads }: DynamicConv2dAttributes,
  graph: GraphBuilder,
): string {
  return convolve([x, w], shape, { stride, padding, dilation: 1, groups: heads }, graph);
}

/** The mean of the chosen gates, [batch, heads, 1]; 0 where none is chosen. */
function level(gates: string, chosen: string | null, graph: GraphBuilder): string {
  if (chosen === null) return graph.add('ReduceMean', [gates], { axes: ints(-1) });
  const channels = graph.integers(-1);
  const sum = graph.add('ReduceSum', [graph.add('Mul', [gates, chosen]), channels]);
  const count = graph.add('Max', [graph.add('ReduceSum', [chosen, channels]), graph.scalar(1)]);
  return graph.add('Div', [sum, count]);
}
