import { UnsupportedError } from '../../errors.js';
import type { PoolAttributes } from '../../ops/pool.js';
import type { Shape } from '../../tensor/shape.js';
import { type Attribute, int, ints, text } from './attributes.js';
import { channelAxis, graphShape, liesAlike, toChannelsFirst, toChannelsLast } from './layout.js';
import type { PlainRule, RuleOf } from './rule.js';

/** The numbers in the order that they have here, with channels innermost, under the new shape, and back into the graph's order. */
export const reshape: RuleOf<'reshape'> = ({ inputs: [x], output }, graph) => {
  const [from, to] = [x!.shape, output.shape];
  if (to.length === 0) throw new UnsupportedError('exporting a reshape to a scalar', 'it needs a batch of one image.');
  const value = graph.value(x!);
  const channelsLast = liesAlike(from) ? value : graph.add('Transpose', [value], { perm: ints(...toChannelsLast) });
  if (liesAlike(to)) return graph.add('Reshape', [channelsLast, graph.integers(...ofAnyBatch(graphShape(to)))]);
  const reshaped = graph.add('Reshape', [channelsLast, graph.integers(...ofAnyBatch(to))]);
  return graph.add('Transpose', [reshaped], { perm: ints(...toChannelsFirst) });
};

/** The trace has a batch of 1; whatever the batch is, it is outermost. */
function ofAnyBatch(shape: Shape): number[] {
  return [-1, ...shape.slice(1)];
}

export const concat: RuleOf<'concat'> = ({ inputs, output }, graph) =>
  graph.add(
    'Concat',
    inputs.map((input) => graph.value(input)),
    { axis: int(channelAxis(output.shape)) },
  );

/** Channels as [groups, channels / groups], these two exchanged. */
export const shuffleChannels: RuleOf<'shuffleChannels'> = ({ inputs: [x], attributes: { groups } }, graph) => {
  const shape = graphShape(x!.shape);
  const axis = channelAxis(x!.shape);
  const split = [...shape.slice(0, axis), groups, shape[axis]! / groups, ...shape.slice(axis + 1)];
  const order = split.map((_, place) => place);
  [order[axis], order[axis + 1]] = [axis + 1, axis];
  const grouped = graph.add('Reshape', [graph.value(x!), graph.integers(...ofAnyBatch(split))]);
  const exchanged = graph.add('Transpose', [grouped], { perm: ints(...order) });
  return graph.add('Reshape', [exchanged, graph.integers(...ofAnyBatch(shape))]);
};

export const pad: RuleOf<'pad'> = ({ inputs: [x], attributes }, graph) => {
  const { top, bottom, left, right, channelsBefore, channelsAfter } = attributes;
  const pads = graph.integers(0, channelsBefore, top, left, 0, channelsAfter, bottom, right);
  return graph.add('Pad', [graph.value(x!), pads]);
};

export const maxPool: RuleOf<'maxPool'> = ({ inputs: [x], attributes }, graph) =>
  graph.add('MaxPool', [graph.value(x!)], windowOf(attributes));

export const averagePool: RuleOf<'averagePool'> = ({ inputs: [x], attributes }, graph) =>
  graph.add('AveragePool', [graph.value(x!)], { ...windowOf(attributes), count_include_pad: int(1) });

function windowOf({ kernel, stride, padding }: PoolAttributes): Record<string, Attribute> {
  return {
    kernel_shape: ints(kernel, kernel),
    strides: ints(stride, stride),
    pads: ints(padding, padding, padding, padding),
  };
}

export const globalAveragePool: RuleOf<'globalAveragePool'> = ({ inputs: [x] }, graph) =>
  graph.add('ReduceMean', [graph.value(x!)], { axes: ints(2, 3), keepdims: int(0) });

/** Batch and channels are the input's own; sizes rather than scales, whose rounding could lose a row. */
export const resizeBilinear: RuleOf<'resizeBilinear'> = ({ inputs: [x], attributes: { height, width } }, graph) => {
  const value = graph.value(x!);
  const kept = graph.add('Shape', [value], { end: int(2) });
  const sizes = graph.add('Concat', [kept, graph.integers(height, width)], { axis: int(0) });
  return graph.add('Resize', [value, '', '', sizes], {
    mode: text('linear'),
    coordinate_transformation_mode: text('half_pixel'),
  });
};

export function overChannels(opType: 'ReduceMean' | 'ReduceMax'): PlainRule {
  return ({ inputs: [x] }, graph) => graph.add(opType, [graph.value(x!)], { axes: ints(channelAxis(x!.shape)) });
}
