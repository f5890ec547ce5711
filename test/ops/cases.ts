import * as ops from '../../src/ops/index.js';
import type { Shape } from '../../src/tensor/shape.js';
import type { Tensor } from '../../src/tensor/tensor.js';

/** Numbers drawn for one input: normal, or uniform between two bounds. */
export interface InputSpec {
  readonly shape: Shape;
  readonly between?: readonly [number, number];
}

/** One use of an operator: checked for its value, its gradients and its cost on every engine. */
export interface OperatorCase {
  readonly operator: ops.OperatorName;
  readonly name: string;
  readonly inputs: readonly InputSpec[];
  readonly run: (...inputs: Tensor[]) => Tensor;
  /** Shape of the output. */
  readonly output: Shape;
  /** Work that the cost rule must tell: real and binary multiply-accumulates. */
  readonly macs?: number;
  readonly binaryMacs?: number;
  /** False where the gradient is a stand-in that finite differences cannot see; those have tests of their closed form. */
  readonly differentiable?: false;
}

const x = (...shape: number[]): InputSpec => ({ shape });
const positive = (...shape: number[]): InputSpec => ({ shape, between: [0.1, 2] });

const batchNormCase = (training: boolean, { adds = false, relu = false } = {}): OperatorCase => ({
  operator: 'batchNorm',
  name: `${training ? 'training' : 'evaluation'}${adds ? ', with a shortcut' : ''}${relu ? ', with ReLU' : ''}`,
  inputs: [x(3, 4, 5, 6), x(6), x(6), x(6), positive(6), ...(adds ? [x(3, 4, 5, 6)] : [])],
  run: (input, weight, bias, runningMean, runningVariance, shortcut) =>
    ops.batchNorm(
      input!,
      { weight: weight!, bias: bias!, runningMean: runningMean!, runningVariance: runningVariance! },
      { epsilon: 1e-5, momentum: 0.1, training, relu, shortcut: shortcut ?? null },
    ),
  output: [3, 4, 5, 6],
});

const labels = [2, 0, 4];

export const operatorCases: readonly OperatorCase[] = [
  {
    operator: 'conv2d',
    name: '3x3 with bias',
    inputs: [x(2, 5, 6, 3), x(4, 3, 3, 3), x(4)],
    run: (a, w, b) => ops.conv2d(a!, w!, { padding: 1, bias: b! }),
    output: [2, 5, 6, 4],
    macs: 2 * 30 * 4 * 27,
  },
  {
    operator: 'conv2d',
    name: '1x1',
    inputs: [x(2, 4, 3, 8), x(5, 1, 1, 8)],
    run: (a, w) => ops.conv2d(a!, w!),
    output: [2, 4, 3, 5],
    macs: 24 * 40,
  },
  {
    operator: 'conv2d',
    name: '5x5 stride 2',
    inputs: [x(1, 9, 8, 2), x(3, 5, 5, 2)],
    run: (a, w) => ops.conv2d(a!, w!, { stride: 2, padding: 2 }),
    output: [1, 5, 4, 3],
    macs: 20 * 150,
  },
  {
    operator: 'conv2d',
    name: '3x3 dilation 2',
    inputs: [x(1, 7, 7, 4), x(3, 3, 3, 4)],
    run: (a, w) => ops.conv2d(a!, w!, { dilation: 2, padding: 2 }),
    output: [1, 7, 7, 3],
    macs: 49 * 108,
  },
  {
    operator: 'conv2d',
    name: '3x3 in 2 groups',
    inputs: [x(2, 5, 5, 6), x(4, 3, 3, 3)],
    run: (a, w) => ops.conv2d(a!, w!, { groups: 2, padding: 1 }),
    output: [2, 5, 5, 4],
    macs: 50 * 4 * 27,
  },
  {
    operator: 'conv2d',
    name: 'depthwise',
    inputs: [x(2, 6, 5, 7), x(7, 3, 3, 1)],
    run: (a, w) => ops.conv2d(a!, w!, { groups: 7, padding: 1 }),
    output: [2, 6, 5, 7],
    macs: 60 * 63,
  },
  {
    operator: 'linear',
    name: 'with bias',
    inputs: [x(5, 7), x(3, 7), x(3)],
    run: (a, w, b) => ops.linear(a!, w!, b),
    output: [5, 3],
    macs: 105,
  },
  {
    operator: 'centralDifference',
    name: '3x3',
    inputs: [x(4, 3, 3, 5)],
    run: (w) => ops.centralDifference(w!, 0.7),
    output: [4, 3, 3, 5],
  },
  {
    operator: 'centralDifference',
    name: 'then a strided, grouped, dilated convolution',
    inputs: [x(1, 9, 9, 4), x(6, 3, 3, 2)],
    run: (a, w) => ops.conv2d(a!, ops.centralDifference(w!, 0.4), { stride: 2, padding: 2, dilation: 2, groups: 2 }),
    output: [1, 5, 5, 6],
    macs: 25 * 6 * 18,
  },
  {
    operator: 'binaryConv2d',
    name: '3x3',
    inputs: [x(2, 5, 5, 70), x(6, 3, 3, 70)],
    run: (a, w) => ops.binaryConv2d(a!, w!, { padding: 1 }),
    output: [2, 5, 5, 6],
    binaryMacs: 50 * 6 * 630,
    differentiable: false,
  },
  {
    operator: 'binaryConv2d',
    name: '3x3, grouped, strided, scaled',
    inputs: [x(1, 7, 6, 12), x(6, 3, 3, 4)],
    run: (a, w) => ops.binaryConv2d(a!, w!, { padding: 1, stride: 2, groups: 3, scale: true, surrogate: 'clip' }),
    output: [1, 4, 3, 6],
    binaryMacs: 12 * 6 * 36,
    differentiable: false,
  },
  {
    operator: 'binaryConv2d',
    name: 'of central difference weights',
    inputs: [x(1, 6, 6, 9), x(5, 3, 3, 9)],
    run: (a, w) => ops.binaryConv2d(a!, ops.centralDifference(w!, 0.7), { padding: 1 }),
    output: [1, 6, 6, 5],
    binaryMacs: 36 * 5 * 81,
    differentiable: false,
  },
  {
    operator: 'dynamicConv2d',
    name: '1x1, 2 heads, 5 of 8 kept',
    inputs: [x(3, 4, 4, 8), x(6, 1, 1, 8), positive(3, 2, 8)],
    run: (a, w, g) => ops.dynamicConv2d(a!, w!, g!, { heads: 2, kept: 5 }),
    output: [3, 4, 4, 6],
    macs: 48 * 6 * 5,
  },
  {
    operator: 'dynamicConv2d',
    name: '3x3 stride 2, all kept',
    inputs: [x(2, 7, 6, 6), x(8, 3, 3, 6), positive(2, 4, 6)],
    run: (a, w, g) => ops.dynamicConv2d(a!, w!, g!, { heads: 4, kept: 6, stride: 2, padding: 1 }),
    output: [2, 4, 3, 8],
    macs: 24 * 8 * 54,
  },
  {
    operator: 'dynamicConv2d',
    name: '3x3 of central difference weights',
    inputs: [x(2, 5, 5, 6), x(4, 3, 3, 6), positive(2, 2, 6)],
    run: (a, w, g) => ops.dynamicConv2d(a!, ops.centralDifference(w!, 0.7), g!, { heads: 2, kept: 2, padding: 1 }),
    output: [2, 5, 5, 4],
    macs: 50 * 4 * 18,
  },
  {
    operator: 'dynamicConv2d',
    name: '3x3, chosen by a ranking',
    inputs: [x(3, 4, 5, 6), x(4, 3, 3, 6), positive(3, 2, 6), x(2, 6)],
    run: (a, w, g, ranking) => ops.dynamicConv2d(a!, w!, g!, { heads: 2, kept: 3, padding: 1, ranking: ranking! }),
    output: [3, 4, 5, 4],
    macs: 60 * 4 * 27,
  },
  {
    operator: 'dynamicBinaryConv2d',
    name: '1x1, 2 heads, 5 of 8 kept',
    inputs: [x(3, 4, 4, 8), x(6, 1, 1, 8), positive(3, 2, 8)],
    run: (a, w, g) => ops.dynamicBinaryConv2d(a!, w!, g!, { heads: 2, kept: 5 }),
    output: [3, 4, 4, 6],
    binaryMacs: 48 * 6 * 5,
    differentiable: false,
  },
  {
    operator: 'dynamicBinaryConv2d',
    name: '3x3 stride 2 of central difference weights',
    inputs: [x(2, 7, 6, 70), x(8, 3, 3, 70), positive(2, 4, 70)],
    run: (a, w, g) =>
      ops.dynamicBinaryConv2d(a!, ops.centralDifference(w!, 0.7), g!, {
        heads: 4,
        kept: 20,
        stride: 2,
        padding: 1,
        surrogate: 'clip',
      }),
    output: [2, 4, 3, 8],
    binaryMacs: 24 * 8 * 180,
    differentiable: false,
  },
  ...[{}, { relu: true }, { adds: true }, { adds: true, relu: true }].flatMap((form) => [
    batchNormCase(true, form),
    batchNormCase(false, form),
  ]),
  { operator: 'relu', name: '', inputs: [x(3, 5, 7)], run: (a) => ops.relu(a!), output: [3, 5, 7] },
  { operator: 'sigmoid', name: '', inputs: [x(3, 5, 7)], run: (a) => ops.sigmoid(a!), output: [3, 5, 7] },
  { operator: 'hardTanh', name: '', inputs: [x(3, 5, 7)], run: (a) => ops.hardTanh(a!), output: [3, 5, 7] },
  { operator: 'prelu', name: '', inputs: [x(2, 3, 3, 5), x(5)], run: (a, s) => ops.prelu(a!, s!), output: [2, 3, 3, 5] },
  {
    operator: 'fprelu',
    name: '',
    inputs: [x(2, 3, 3, 5), x(5), x(5)],
    run: (a, p, n) => ops.fprelu(a!, p!, n!),
    output: [2, 3, 3, 5],
  },
  { operator: 'sign', name: '', inputs: [x(4, 9)], run: (a) => ops.sign(a!), output: [4, 9], differentiable: false },
  {
    operator: 'add',
    name: 'equal shapes',
    inputs: [x(2, 3, 4, 5), x(2, 3, 4, 5)],
    run: (a, b) => ops.add(a!, b!),
    output: [2, 3, 4, 5],
  },
  { operator: 'add', name: 'of a tensor and itself', inputs: [x(2, 3, 4, 5)], run: (a) => ops.add(a!, a!), output: [2, 3, 4, 5] },
  {
    operator: 'add',
    name: 'channels over space and batch',
    inputs: [x(2, 3, 4, 5), x(5)],
    run: (a, b) => ops.add(a!, b!),
    output: [2, 3, 4, 5],
  },
  {
    operator: 'multiply',
    name: 'equal shapes',
    inputs: [x(2, 3, 4, 5), x(2, 3, 4, 5)],
    run: (a, b) => ops.multiply(a!, b!),
    output: [2, 3, 4, 5],
  },
  {
    operator: 'multiply',
    name: 'over space',
    inputs: [x(2, 3, 4, 5), x(2, 1, 1, 5)],
    run: (a, b) => ops.multiply(a!, b!),
    output: [2, 3, 4, 5],
  },
  {
    operator: 'multiply',
    name: 'over channels',
    inputs: [x(2, 3, 4, 5), x(2, 3, 4, 1)],
    run: (a, b) => ops.multiply(a!, b!),
    output: [2, 3, 4, 5],
  },
  {
    operator: 'multiply',
    name: 'by one number',
    inputs: [x(2, 3, 4), x(1)],
    run: (a, b) => ops.multiply(a!, b!),
    output: [2, 3, 4],
  },
  {
    operator: 'concat',
    name: 'three inputs',
    inputs: [x(2, 3, 3, 2), x(2, 3, 3, 5), x(2, 3, 3, 1)],
    run: (...parts) => ops.concat(parts),
    output: [2, 3, 3, 8],
  },
  { operator: 'shuffleChannels', name: '', inputs: [x(2, 3, 12)], run: (a) => ops.shuffleChannels(a!, 3), output: [2, 3, 12] },
  {
    operator: 'maxPool',
    name: '3x3 stride 2 padded',
    inputs: [x(2, 7, 6, 5)],
    run: (a) => ops.maxPool(a!, { kernel: 3, stride: 2, padding: 1 }),
    output: [2, 4, 3, 5],
  },
  {
    operator: 'averagePool',
    name: '2x2',
    inputs: [x(2, 6, 4, 5)],
    run: (a) => ops.averagePool(a!, { kernel: 2 }),
    output: [2, 3, 2, 5],
  },
  {
    operator: 'averagePool',
    name: '3x3 stride 2 padded',
    inputs: [x(1, 7, 6, 3)],
    run: (a) => ops.averagePool(a!, { kernel: 3, stride: 2, padding: 1 }),
    output: [1, 4, 3, 3],
  },
  { operator: 'globalAveragePool', name: '', inputs: [x(3, 4, 5, 6)], run: (a) => ops.globalAveragePool(a!), output: [3, 6] },
  {
    operator: 'resizeBilinear',
    name: 'up',
    inputs: [x(2, 4, 5, 3)],
    run: (a) => ops.resizeBilinear(a!, 9, 7),
    output: [2, 9, 7, 3],
  },
  {
    operator: 'resizeBilinear',
    name: 'down',
    inputs: [x(1, 9, 8, 2)],
    run: (a) => ops.resizeBilinear(a!, 4, 3),
    output: [1, 4, 3, 2],
  },
  { operator: 'channelMean', name: '', inputs: [x(2, 3, 3, 5)], run: (a) => ops.channelMean(a!), output: [2, 3, 3, 1] },
  { operator: 'channelMax', name: '', inputs: [x(2, 3, 3, 5)], run: (a) => ops.channelMax(a!), output: [2, 3, 3, 1] },
  {
    operator: 'pad',
    name: 'space',
    inputs: [x(2, 3, 4, 5)],
    run: (a) => ops.pad(a!, { top: 1, bottom: 2, left: 3 }),
    output: [2, 6, 7, 5],
  },
  {
    operator: 'pad',
    name: 'space and channels, cropping a side',
    inputs: [x(2, 5, 4, 3)],
    run: (a) => ops.pad(a!, { top: -2, right: 1, channelsBefore: 2, channelsAfter: 1 }),
    output: [2, 3, 5, 6],
  },
  {
    operator: 'pad',
    name: 'shifted channels',
    inputs: [x(2, 5, 4, 3)],
    run: (a) => ops.pad(a!, { top: 1, bottom: -1, channelsBefore: 1 }),
    output: [2, 5, 4, 4],
  },
  { operator: 'crossEntropy', name: '', inputs: [x(3, 5)], run: (a) => ops.crossEntropy(a!, labelsOf(a!)), output: [] },
  {
    operator: 'crossEntropy',
    name: 'smoothed',
    inputs: [x(3, 5)],
    run: (a) => ops.crossEntropy(a!, labelsOf(a!), 0.2),
    output: [],
  },
  { operator: 'meanSquaredError', name: '', inputs: [x(3, 5), x(3, 5)], run: (a, b) => ops.meanSquaredError(a!, b!), output: [] },
  {
    operator: 'depthContrast',
    name: 'as a loss',
    inputs: [x(2, 5, 6), x(2, 5, 6)],
    run: (a, b) => ops.contrastiveDepthLoss(a!, b!),
    output: [],
  },
  { operator: 'sum', name: 'mean', inputs: [x(4, 6)], run: (a) => ops.mean(a!), output: [] },
  {
    operator: 'sliceChannels',
    name: 'in the middle',
    inputs: [x(2, 3, 3, 5)],
    run: (a) => ops.sliceChannels(a!, 1, 3),
    output: [2, 3, 3, 3],
  },
  { operator: 'sliceChannels', name: 'all of rows', inputs: [x(4, 6)], run: (a) => ops.sliceChannels(a!, 0, 6), output: [4, 6] },
  {
    operator: 'weightedSum',
    name: 'of three terms',
    inputs: [x(2, 3, 4), x(2, 3, 4), x(2, 3, 4), x(1), x(1), x(1)],
    run: (a, b, c, ...weights) => ops.weightedSum([a!, b!, c!], weights as Tensor[]),
    output: [2, 3, 4],
  },
  { operator: 'scale', name: '', inputs: [x(4, 6)], run: (a) => ops.scale(a!, -1.5), output: [4, 6] },
];

function labelsOf(logits: Tensor): Tensor {
  const TensorClass = logits.constructor as typeof Tensor;
  return TensorClass.from(logits.engine, labels, [labels.length], 'int32', 'labels');
}
