import { describe, expect, it } from 'vitest';
import { createReferenceEngine } from '../../src/engine/reference/index.js';
import { createShapeEngine } from '../../src/engine/shapes.js';
import { ConfigError, DataError, DTypeError, LifetimeError, ShapeError } from '../../src/errors.js';
import * as ops from '../../src/ops/index.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { type OperatorCase, operatorCases } from './cases.js';

const shapes = createShapeEngine();
const places = operatorCases.flatMap((operatorCase) =>
  operatorCase.inputs.map((_, place) => ({
    operatorCase,
    place,
    name: `${operatorCase.operator} ${operatorCase.name}, ${place}`,
  })),
);

/** The inputs of a case, of which `other` makes one. */
function inputsOf({ inputs }: OperatorCase, place: number, other: (shape: readonly number[]) => Tensor): Tensor[] {
  return inputs.map(({ shape }, i) => (i === place ? other(shape) : Tensor.empty(shapes, shape)));
}

describe.each(places)('input $name', ({ operatorCase, place }) => {
  it('must be float32', () => {
    const tensors = inputsOf(operatorCase, place, (shape) => Tensor.empty(shapes, shape, 'int32', 'counts'));
    expect(() => operatorCase.run(...tensors)).toThrow(DTypeError);
    expect(() => operatorCase.run(...tensors)).toThrow(/counts.*got a tensor of int32, needs float32/);
  });

  it('must live', () => {
    const tensors = inputsOf(operatorCase, place, (shape) => Tensor.empty(shapes, shape));
    tensors[place]!.dispose();
    expect(() => operatorCase.run(...tensors)).toThrow(LifetimeError);
  });

  it.runIf(operatorCase.inputs.length > 1)('must be on the engine of the others', () => {
    const tensors = inputsOf(operatorCase, place, (shape) => Tensor.empty(createShapeEngine(), shape));
    expect(() => operatorCase.run(...tensors)).toThrow(/different engines/);
  });
});

describe('labels of crossEntropy', () => {
  it('must be int32', () => {
    const run = () => ops.crossEntropy(Tensor.empty(shapes, [2, 3]), Tensor.empty(shapes, [2], 'float32', 'labels'));
    expect(run).toThrow(DTypeError);
    expect(run).toThrow(/labels.*got a tensor of float32, needs int32/);
  });

  it('must be classes; a call that fails leaves no memory behind', () => {
    const engine = createReferenceEngine();
    const logits = Tensor.full(engine, [2, 3], 0);
    const labels = Tensor.from(engine, [0, 3], [2], 'int32', 'labels');
    const before = engine.memory().bytesInUse;
    expect(() => ops.crossEntropy(logits, labels)).toThrow(DataError);
    expect(engine.memory().bytesInUse).toBe(before);
  });
});

describe('what no operator takes', () => {
  const image = () => Tensor.empty(shapes, [2, 6, 6, 4]);
  const kernel = () => Tensor.empty(shapes, [4, 3, 3, 4]);
  const row = () => Tensor.empty(shapes, [4]);
  const scalar = () => Tensor.empty(shapes, []);
  const normalise = (attributes: object) =>
    ops.batchNorm(
      image(),
      { weight: row(), bias: row(), runningMean: row(), runningVariance: row() },
      { epsilon: 1e-5, momentum: 0.1, training: true, ...attributes },
    );
  const dynamic = (options: object) =>
    ops.dynamicConv2d(image(), kernel(), Tensor.empty(shapes, [2, 2, 4]), { heads: 2, kept: 2, ...options });
  const dynamicBinary = (options: object) =>
    ops.dynamicBinaryConv2d(image(), kernel(), Tensor.empty(shapes, [2, 2, 4]), { heads: 2, kept: 2, ...options });
  const { NaN: nan } = Number;

  it.each<[string, () => unknown]>([
    ['conv2d.stride', () => ops.conv2d(image(), kernel(), { stride: nan })],
    ['conv2d.padding', () => ops.conv2d(image(), kernel(), { padding: 0.5 })],
    ['binaryConv2d.keep', () => ops.binaryConv2d(image(), kernel(), { keep: 'bits' as 'packed' })],
    ['binaryConv2d.surrogate', () => ops.binaryConv2d(image(), kernel(), { surrogate: 'tanh' as 'clip' })],
    ['sign.surrogate', () => ops.sign(image(), 'tanh' as 'clip')],
    ['dynamicConv2d.kept', () => dynamic({ kept: nan })],
    ['dynamicConv2d.ties', () => dynamic({ ties: 'lose' })],
    ['dynamicBinaryConv2d.heads', () => dynamicBinary({ heads: 3 })],
    ['dynamicBinaryConv2d.surrogate', () => dynamicBinary({ surrogate: 'tanh' })],
    ['batchNorm.epsilon', () => normalise({ epsilon: nan })],
    ['batchNorm.epsilon', () => normalise({ epsilon: -1 })],
    ['batchNorm.momentum', () => normalise({ momentum: nan })],
    ['centralDifference.theta', () => ops.centralDifference(kernel(), nan)],
    ['maxPool.kernel', () => ops.maxPool(image(), { kernel: nan })],
    ['resizeBilinear.width', () => ops.resizeBilinear(image(), 3, nan)],
    ['pad.left', () => ops.pad(image(), { left: nan })],
    ['pad.channelsAfter', () => ops.pad(image(), { channelsAfter: -1 })],
    ['shuffleChannels.groups', () => ops.shuffleChannels(image(), nan)],
    ['crossEntropy.smoothing', () => ops.crossEntropy(Tensor.empty(shapes, [1, 2]), Tensor.empty(shapes, [1], 'int32'), nan)],
    ['scale.factor', () => ops.scale(image(), nan)],
  ])('names %s', (key, run) => {
    expect(run).toThrow(ConfigError);
    expect(run).toThrow(key);
  });

  it.each<[string, () => unknown]>([
    ['nothing to join', () => ops.concat([])],
    ['scalars to join', () => ops.concat([scalar(), scalar()])],
    ['the channels of a scalar', () => ops.channelMean(scalar())],
    ['the channels of a scalar', () => ops.channelMax(scalar())],
    ['a flat scalar', () => ops.flatten(scalar())],
    ['negative lengths', () => ops.reshape(Tensor.empty(shapes, [6]), [-2, -3])],
    ['a ranking of other heads', () => dynamic({ ranking: Tensor.empty(shapes, [1, 4]) })],
    ['lengths that are no whole numbers', () => ops.reshape(Tensor.empty(shapes, [6]), [1.5, 4])],
  ])('refuses %s', (_, run) => expect(run).toThrow(ShapeError));
});
