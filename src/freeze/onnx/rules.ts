import { unsupported } from '../../ops/index.js';
import { int } from './attributes.js';
import { binaryConv2d, conv2d, signs } from './convolutions.js';
import { dynamicBinaryConv2d, dynamicConv2d } from './dynamic.js';
import { batchNorm, broadcast, fprelu, prelu } from './elements.js';
import type { CallName, Rule } from './rule.js';
import {
  averagePool,
  concat,
  globalAveragePool,
  maxPool,
  overChannels,
  pad,
  reshape,
  resizeBilinear,
  shuffleChannels,
} from './shapes.js';

/** Every operator as nodes of ONNX: one that lacks them does not compile. */
export const rules: { readonly [Name in CallName]: Rule<Name> } = {
  conv2d,
  linear: ({ inputs }, graph) =>
    graph.add(
      'Gemm',
      inputs.map((input) => graph.value(input)),
      { transB: int(1) },
    ),
  centralDifference: unsupported('of weights it is computed at the export; these depend on the image.'),
  binaryConv2d,
  dynamicConv2d,
  dynamicBinaryConv2d,
  batchNorm,
  relu: ({ inputs: [x] }, graph) => graph.add('Relu', [graph.value(x!)]),
  sigmoid: ({ inputs: [x] }, graph) => graph.add('Sigmoid', [graph.value(x!)]),
  hardTanh: ({ inputs: [x] }, graph) => graph.add('Clip', [graph.value(x!), graph.scalar(-1), graph.scalar(1)]),
  prelu,
  fprelu,
  sign: ({ inputs: [x] }, graph) => signs(graph.value(x!), graph),
  add: broadcast('Add'),
  multiply: broadcast('Mul'),
  concat,
  shuffleChannels,
  sliceChannels: unsupported('no network of the registry has it: it is for the mixed edges of a search.'),
  maxPool,
  averagePool,
  globalAveragePool,
  resizeBilinear,
  channelMean: overChannels('ReduceMean'),
  channelMax: overChannels('ReduceMax'),
  pad,
  crossEntropy: unsupported('a loss is for training.'),
  meanSquaredError: unsupported('a loss is for training.'),
  depthContrast: unsupported('it is part of a loss, and a loss is for training.'),
  sum: unsupported('it adds over the batch too, and an answer is about one image.'),
  scale: ({ inputs: [x], attributes: { factor } }, graph) => graph.add('Mul', [graph.value(x!), graph.scalar(factor)]),
  weightedSum: unsupported('it mixes the candidates of a search, of which a network keeps one.'),
  reshape,
};
