import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/index.js';
import { rules } from '../../../src/freeze/onnx/rules.js';
import * as ops from '../../../src/ops/index.js';
import { Rng, type Shape, sizeOf, Tensor } from '../../../src/tensor/index.js';
import { answersOf, Body } from './body.js';

const engine = await createEngine({ threads: 1, convolution: 'direct' });
afterAll(() => engine.dispose());

interface Use {
  readonly name: string;
  /** Height, width and channels of the image. */
  readonly input: Shape;
  readonly held?: readonly Shape[];
  readonly between?: readonly [number, number];
  readonly run: (x: Tensor, ...held: readonly Tensor[]) => Tensor;
  /** The engine's very numbers, not only close ones. */
  readonly exact?: true;
}

/** Saliencies of which many are equal: [batch, heads, channels] from w [heads * channels, channels] by the signs of a linear layer. */
function tiedGates(x: Tensor, w: Tensor, heads: number): Tensor {
  const signs = ops.sign(ops.linear(ops.globalAveragePool(x), w));
  return ops.reshape(ops.relu(signs), [x.shape[0]!, heads, x.shape[3]!]);
}

function gatesOf(x: Tensor, w: Tensor, heads: number): Tensor {
  return ops.reshape(ops.sigmoid(ops.linear(ops.globalAveragePool(x), w)), [x.shape[0]!, heads, x.shape[3]!]);
}

/** `convolve` is of 6 channels to 4, by two heads unless told. */
function dynamicUses(convolve: typeof ops.dynamicConv2d): Use[] {
  const use = (name: string, run: Use['run'], ...selector: readonly Shape[]): Use => ({
    name,
    input: [5, 7, 6],
    held: [[4, 3, 3, 6], ...selector],
    run,
  });
  const two = { padding: 1, heads: 2 };
  return [
    use('all channels', (x, w, s) => convolve(x, w!, gatesOf(x, s!, 2), { ...two, kept: 6 }), [12, 6]),
    use('the largest gates', (x, w, s) => convolve(x, w!, gatesOf(x, s!, 2), { ...two, kept: 2, stride: 2 }), [12, 6]),
    use('the lowest index of a tie', (x, w, s) => convolve(x, w!, tiedGates(x, s!, 2), { ...two, kept: 2 }), [12, 6]),
    use(
      'none of a tie that some leave',
      (x, w, s) => convolve(x, w!, tiedGates(x, s!, 2), { ...two, kept: 3, ties: 'drop' }),
      [12, 6],
    ),
    use(
      'what a ranking says',
      (x, w, s, ranking) => convolve(x, w!, gatesOf(x, s!, 2), { ...two, kept: 3, ranking: ranking! }),
      [12, 6],
      [2, 6],
    ),
    use('one head', (x, w, s) => convolve(x, w!, gatesOf(x, s!, 1), { heads: 1, kept: 2 }), [6, 6]),
  ];
}

const statistics = [[4], [4], [4], [4]];
const normalise = (x: Tensor, held: readonly Tensor[], more: { shortcut?: Tensor; relu?: boolean; training?: boolean } = {}) => {
  const [weight, bias, runningMean, runningVariance] = held as [Tensor, Tensor, Tensor, Tensor];
  const options = { epsilon: 0.01, momentum: 0.1, training: false, ...more };
  return ops.batchNorm(x, { weight, bias, runningMean, runningVariance }, options);
};

const image = [4, 6, 4];

/** Every operator in the ways that it can be used; a text for those that are not exported. */
const uses: { readonly [Name in keyof typeof rules]: readonly Use[] | string } = {
  conv2d: [
    { name: '3x3, bias', input: image, held: [[5, 3, 3, 4], [5]], run: (x, w, b) => ops.conv2d(x, w!, { padding: 1, bias: b! }) },
    {
      name: '5x3, stride 2',
      input: [9, 8, 3],
      held: [[2, 5, 3, 3]],
      run: (x, w) => ops.conv2d(x, w!, { padding: 2, stride: 2 }),
    },
    {
      name: 'groups, dilation 2',
      input: [7, 8, 6],
      held: [[4, 3, 3, 3]],
      run: (x, w) => ops.conv2d(x, w!, { groups: 2, dilation: 2 }),
    },
  ],
  linear: [
    { name: 'behind flatten', input: image, held: [[3, 96], [3]], run: (x, w, b) => ops.linear(ops.flatten(x), w!, b!) },
    { name: 'no bias', input: image, held: [[3, 4]], run: (x, w) => ops.linear(ops.globalAveragePool(x), w!) },
  ],
  centralDifference: 'depend on the image',
  binaryConv2d: [
    { name: '3x3', input: image, held: [[5, 3, 3, 4]], run: (x, w) => ops.binaryConv2d(x, w!, { padding: 1 }), exact: true },
    {
      name: 'scale, groups, stride 2',
      input: image,
      held: [[6, 3, 3, 2]],
      run: (x, w) => ops.binaryConv2d(x, w!, { padding: 1, stride: 2, groups: 2, scale: true }),
    },
    {
      name: 'of a central difference',
      input: image,
      held: [[5, 3, 3, 4]],
      run: (x, w) => ops.binaryConv2d(x, ops.centralDifference(w!, 0.7), { padding: 1 }),
      exact: true,
    },
  ],
  dynamicConv2d: dynamicUses(ops.dynamicConv2d),
  dynamicBinaryConv2d: dynamicUses(ops.dynamicBinaryConv2d),
  batchNorm: [
    { name: 'plain', input: image, held: statistics, between: [0.1, 2], run: (x, ...held) => normalise(x, held) },
    {
      name: 'shortcut and ReLU',
      input: image,
      held: statistics,
      between: [0.1, 2],
      run: (x, ...held) => normalise(x, held, { shortcut: ops.scale(x, -1), relu: true }),
    },
    {
      name: '[batch, channels]',
      input: image,
      held: statistics,
      between: [0.1, 2],
      run: (x, ...held) => normalise(ops.globalAveragePool(x), held),
    },
  ],
  relu: [{ name: 'of an image', input: image, run: (x) => ops.relu(x), exact: true }],
  sigmoid: [{ name: 'of an image', input: image, run: (x) => ops.sigmoid(x) }],
  hardTanh: [{ name: 'of an image', input: image, run: (x) => ops.hardTanh(ops.scale(x, 3)), exact: true }],
  prelu: [
    { name: 'of an image', input: image, held: [[4]], run: (x, slope) => ops.prelu(x, slope!), exact: true },
    { name: 'of rows', input: image, held: [[96]], run: (x, slope) => ops.prelu(ops.flatten(x), slope!), exact: true },
  ],
  fprelu: [
    { name: 'of an image', input: image, held: [[4], [4]], run: (x, p, n) => ops.fprelu(x, p!, n!), exact: true },
    { name: 'of rows', input: image, held: [[96], [96]], run: (x, p, n) => ops.fprelu(ops.flatten(x), p!, n!), exact: true },
  ],
  sign: [{ name: 'of an image', input: image, run: (x) => ops.sign(x), exact: true }],
  add: [
    { name: 'equal shapes', input: image, run: (x) => ops.add(x, ops.relu(x)), exact: true },
    { name: 'a number a channel', input: image, held: [[4]], run: (x, b) => ops.add(x, b!), exact: true },
    { name: 'a number', input: image, held: [[1]], run: (x, b) => ops.add(x, b!), exact: true },
    { name: '[1, 1, 1, channels]', input: image, held: [[1, 1, 1, 4]], run: (x, b) => ops.add(x, b!), exact: true },
    { name: 'rows', input: image, held: [[96]], run: (x, b) => ops.add(ops.flatten(x), b!), exact: true },
  ],
  multiply: [
    { name: 'one channel', input: image, run: (x) => ops.multiply(x, ops.channelMax(x)), exact: true },
    {
      name: 'one pixel',
      input: image,
      run: (x) => ops.multiply(x, ops.reshape(ops.globalAveragePool(x), [x.shape[0]!, 1, 1, 4])),
    },
  ],
  concat: [
    { name: 'images', input: image, run: (x) => ops.concat([x, ops.relu(x), ops.channelMax(x)]), exact: true },
    { name: 'rows', input: image, run: (x) => ops.concat([ops.flatten(x), ops.flatten(ops.relu(x))]), exact: true },
  ],
  shuffleChannels: [
    { name: 'of an image', input: [3, 4, 6], run: (x) => ops.shuffleChannels(x, 2), exact: true },
    { name: 'of rows', input: [3, 4, 6], run: (x) => ops.shuffleChannels(ops.flatten(x), 3), exact: true },
  ],
  maxPool: [
    { name: '2x2', input: image, run: (x) => ops.maxPool(x, { kernel: 2 }), exact: true },
    { name: '3x3, padding', input: [7, 6, 3], run: (x) => ops.maxPool(x, { kernel: 3, stride: 2, padding: 1 }), exact: true },
  ],
  averagePool: [
    { name: 'every other pixel', input: image, run: (x) => ops.averagePool(x, { kernel: 1, stride: 2 }), exact: true },
    { name: '3x3, padding', input: [7, 6, 3], run: (x) => ops.averagePool(x, { kernel: 3, stride: 2, padding: 1 }) },
  ],
  globalAveragePool: [{ name: 'of an image', input: image, run: (x) => ops.globalAveragePool(x) }],
  resizeBilinear: [
    { name: 'larger', input: [3, 5, 2], run: (x) => ops.resizeBilinear(x, 7, 9) },
    { name: 'smaller', input: [9, 8, 2], run: (x) => ops.resizeBilinear(x, 4, 3) },
    { name: 'one pixel', input: [1, 1, 3], run: (x) => ops.resizeBilinear(x, 2, 3) },
  ],
  channelMean: [
    { name: 'of an image', input: image, run: (x) => ops.channelMean(x) },
    { name: 'of rows', input: image, run: (x) => ops.channelMean(ops.flatten(x)) },
  ],
  channelMax: [{ name: 'of an image', input: image, run: (x) => ops.channelMax(x), exact: true }],
  pad: [
    { name: 'space', input: image, run: (x) => ops.pad(x, { top: 1, bottom: 2, left: 3 }), exact: true },
    { name: 'channels', input: image, run: (x) => ops.pad(x, { channelsBefore: 1, channelsAfter: 2 }), exact: true },
    { name: 'crop', input: image, run: (x) => ops.pad(x, { top: -1, right: -2, left: 1, channelsAfter: 1 }), exact: true },
  ],
  crossEntropy: 'a loss',
  meanSquaredError: 'a loss',
  depthContrast: 'a loss',
  sum: 'adds over the batch',
  sliceChannels: 'no network of the registry',
  weightedSum: 'mixes the candidates',
  scale: [{ name: 'of an image', input: image, run: (x) => ops.scale(x, -0.3), exact: true }],
  reshape: [
    { name: 'a map', input: [4, 6, 1], run: (x) => ops.reshape(x, [x.shape[0]!, 4, 6]), exact: true },
    { name: 'other pixels', input: image, run: (x) => ops.reshape(x, [x.shape[0]!, 3, 8, 4]), exact: true },
    { name: 'rows to an image', input: image, run: (x) => ops.reshape(ops.flatten(x), [x.shape[0]!, 2, 4, 12]), exact: true },
    { name: 'pixels into the batch', input: image, run: (x) => ops.reshape(x, [x.shape[0]! * 24, 4]), exact: true },
  ],
};

const tested = Object.entries(uses).flatMap(([operator, list]) =>
  typeof list === 'string' ? [] : list.map((use) => [`${operator}: ${use.name}`, use] as const),
);

describe('the nodes of an operator do what it does', () => {
  it.each(tested)('%s', async (_, { input, held, between, run, exact }) => {
    const shape = [3, ...input];
    const rng = new Rng(5);
    // Steps of a quarter: zeros, whose sign is +1, and equal numbers.
    const pixels = Float32Array.from({ length: sizeOf(shape) }, () => (rng.integer(9) - 4) / 4);
    const { ours, theirs } = await answersOf(engine, new Body(run, held, between), pixels, shape);
    expect(theirs).toHaveLength(ours.length);
    expect(new Set(ours).size).toBeGreaterThan(1);
    const largest = ours.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    for (const [i, value] of ours.entries()) {
      if (exact) expect(theirs[i], `element ${i}`).toBeCloseTo(value, 10);
      else expect(Math.abs(theirs[i]! - value), `element ${i}`).toBeLessThanOrEqual(2e-6 * largest);
    }
  });
});

describe('what ONNX has no nodes for is named', () => {
  const pixels = new Float32Array(96);
  const refused = (run: Use['run'], held: readonly Shape[] = []) => answersOf(engine, new Body(run, held), pixels, [1, ...image]);

  it.each(Object.entries(uses).filter(([, list]) => typeof list === 'string'))('%s: %s', (operator, why) => {
    const rule = rules[operator as keyof typeof rules];
    expect(rule).toEqual({ unsupported: expect.stringContaining(why as string) });
  });

  it('in a network', async () => {
    await expect(refused((x) => ops.sum(x))).rejects.toThrow('exporting sum to ONNX is not supported: it adds over the batch');
    await expect(refused((x) => ops.meanSquaredError(x, ops.relu(x)))).rejects.toThrow('a loss is for training');
    const kernels = (x: Tensor) => ops.reshape(x, [8, 3, 1, 4]);
    await expect(refused((x) => ops.binaryConv2d(x, kernels(x)))).rejects.toThrow('1-bit convolution that depend on the image');
    await expect(refused((x) => ops.conv2d(x, ops.centralDifference(kernels(x), 1)))).rejects.toThrow(
      'centralDifference to ONNX',
    );
    await expect(refused((x) => ops.reshape(ops.channelMax(ops.reshape(x, [1, 1, 1, 96])), []))).rejects.toThrow('to a scalar');
    await expect(refused((x, ...held) => normalise(x, held, { training: true }), statistics)).rejects.toThrow('batch statistics');
    const made = (x: Tensor) => ops.add(x, Tensor.full(x.engine, [1], 2));
    await expect(refused(made)).rejects.toThrow('that a forward pass makes itself');
    await expect(refused((x, ...held) => normalise(ops.reshape(x, [1, 24, 4]), held), statistics)).rejects.toThrow('[1, 24, 4]');
  });
});
