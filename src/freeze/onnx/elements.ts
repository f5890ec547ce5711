import { UnsupportedError } from '../../errors.js';
import { formatShape, type Shape, sizeOf } from '../../tensor/shape.js';
import type { TracedValue } from '../trace.js';
import { float } from './attributes.js';
import type { GraphBuilder } from './graph.js';
import { channelAxis, graphShape } from './layout.js';
import type { PlainRule, RuleOf } from './rule.js';

/** Running statistics, as evaluation has it; shortcut and ReLU behind it as nodes of their own. */
export const batchNorm: RuleOf<'batchNorm'> = ({ inputs, attributes: { epsilon, training, relu } }, graph) => {
  const [x, weight, bias, mean, variance, shortcut] = inputs;
  if (training) {
    throw new UnsupportedError('exporting a batch norm of batch statistics', 'what it does to an image depends on the others.');
  }
  if (x!.shape.length !== 4 && x!.shape.length !== 2) {
    const shape = formatShape(x!.shape);
    throw new UnsupportedError(`exporting a batch norm of ${shape}`, 'ONNX has it for images and for [batch, channels] only.');
  }
  const operands = [x, weight, bias, mean, variance].map((input) => graph.value(input!));
  const normalised = graph.add('BatchNormalization', operands, { epsilon: float(epsilon) });
  const added = shortcut ? graph.add('Add', [normalised, graph.value(shortcut)]) : normalised;
  return relu ? graph.add('Relu', [added]) : added;
};

export const prelu: RuleOf<'prelu'> = ({ inputs: [x, negative] }, graph) =>
  graph.add('PRelu', [graph.value(x!), perChannel(negative!, x!.shape, graph)]);

export const fprelu: RuleOf<'fprelu'> = ({ inputs: [x, positive, negative] }, graph) => {
  const value = graph.value(x!);
  const isPositive = graph.add('GreaterOrEqual', [value, graph.scalar(0)]);
  const slopes = [positive!, negative!].map((slope) => perChannel(slope, x!.shape, graph));
  return graph.add('Mul', [value, graph.add('Where', [isPositive, ...slopes])]);
};

/** add or multiply: b of a's shape, or repeating over space, channels or all. */
export function broadcast(opType: 'Add' | 'Mul'): PlainRule {
  return ({ inputs: [a, b] }, graph) => {
    const isPerChannel = b!.shape.length === 1 && sizeOf(b!.shape) > 1;
    return graph.add(opType, [graph.value(a!), isPerChannel ? perChannel(b!, a!.shape, graph) : graph.value(b!)]);
  };
}

/** What holds one number a channel, as an operand that repeats over everything else of an x of `shape`. */
function perChannel(value: TracedValue, shape: Shape, graph: GraphBuilder): string {
  const behind = graphShape(shape).slice(channelAxis(shape) + 1);
  const repeated = [value.shape[0]!, ...behind.map(() => 1)];
  const constant = graph.constantOf(value);
  if (constant) return graph.floats(`${constant.name}.${repeated.join('x')}`, repeated, constant.data);
  return behind.length === 0 ? graph.value(value) : graph.add('Reshape', [graph.value(value), graph.integers(...repeated)]);
}
