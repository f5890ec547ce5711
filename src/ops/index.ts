import type { SumAcross, Surrogate } from '../engine/kernels.js';
import { ShapeError } from '../errors.js';
import { type Shape, sameShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import * as activations from './activation.js';
import * as batchNorms from './batch-norm.js';
import * as binaryConvolutions from './binary-conv2d.js';
import * as broadcasts from './broadcast.js';
import * as centralDifferences from './central-difference.js';
import * as channelReductions from './channel-reduce.js';
import * as concats from './concat.js';
import * as convolutions from './conv2d.js';
import { dispatch, notify } from './dispatch.js';
import * as dynamicBinaryConvolutions from './dynamic-binary-conv2d.js';
import * as dynamicConvolutions from './dynamic-conv2d.js';
import * as fprelus from './fprelu.js';
import * as linears from './linear.js';
import * as losses from './losses.js';
import { elementwise, type Operator } from './operator.js';
import * as pads from './pad.js';
import * as pools from './pool.js';
import * as reductions from './reduce.js';
import * as resizes from './resize-bilinear.js';
import * as shuffles from './shuffle-channels.js';
import * as signs from './sign.js';
import * as slices from './slice-channels.js';
import * as weightedSums from './weighted-sum.js';

type NoAttributes = Record<never, never>;

/*
 * Every function below checks all that it is given before it computes: DTypeError for elements of another type than named (float32
 * where none is), LifetimeError for tensors that were disposed of or live on different engines, ShapeError and ConfigError for shapes
 * and attributes that do not fit. What it returns is a new tensor of the scope around.
 */

/** Every operator and the attributes that it takes. */
export interface OperatorAttributes {
  conv2d: convolutions.Conv2dAttributes;
  linear: NoAttributes;
  centralDifference: centralDifferences.CentralDifferenceAttributes;
  binaryConv2d: binaryConvolutions.BinaryConv2dAttributes;
  dynamicConv2d: dynamicConvolutions.DynamicConv2dAttributes;
  dynamicBinaryConv2d: dynamicBinaryConvolutions.DynamicBinaryConv2dAttributes;
  batchNorm: batchNorms.BatchNormAttributes;
  relu: NoAttributes;
  sigmoid: NoAttributes;
  hardTanh: NoAttributes;
  prelu: NoAttributes;
  fprelu: NoAttributes;
  sign: signs.SignAttributes;
  add: NoAttributes;
  multiply: NoAttributes;
  concat: NoAttributes;
  shuffleChannels: shuffles.ShuffleChannelsAttributes;
  sliceChannels: slices.SliceChannelsAttributes;
  maxPool: pools.PoolAttributes;
  averagePool: pools.PoolAttributes;
  globalAveragePool: NoAttributes;
  resizeBilinear: resizes.ResizeAttributes;
  channelMean: NoAttributes;
  channelMax: NoAttributes;
  pad: pads.PadAttributes;
  crossEntropy: losses.CrossEntropyAttributes;
  meanSquaredError: NoAttributes;
  depthContrast: NoAttributes;
  sum: NoAttributes;
  scale: reductions.ScaleAttributes;
  weightedSum: NoAttributes;
}

export type OperatorName = keyof OperatorAttributes;

/** The table of all operators: one that lacks a shape rule, a gradient, what that reads, or a cost does not compile. */
export const operators: { readonly [Name in OperatorName]: Operator<OperatorAttributes[Name]> } = {
  conv2d: convolutions.conv2d,
  linear: linears.linear,
  centralDifference: centralDifferences.centralDifference,
  binaryConv2d: binaryConvolutions.binaryConv2d,
  dynamicConv2d: dynamicConvolutions.dynamicConv2d,
  dynamicBinaryConv2d: dynamicBinaryConvolutions.dynamicBinaryConv2d,
  batchNorm: batchNorms.batchNorm,
  relu: activations.relu,
  sigmoid: activations.sigmoid,
  hardTanh: activations.hardTanh,
  prelu: fprelus.prelu,
  fprelu: fprelus.fprelu,
  sign: signs.sign,
  add: broadcasts.add,
  multiply: broadcasts.multiply,
  concat: concats.concat,
  shuffleChannels: shuffles.shuffleChannels,
  sliceChannels: slices.sliceChannels,
  maxPool: pools.maxPool,
  averagePool: pools.averagePool,
  globalAveragePool: pools.globalAveragePool,
  resizeBilinear: resizes.resizeBilinear,
  channelMean: channelReductions.channelMean,
  channelMax: channelReductions.channelMax,
  pad: pads.pad,
  crossEntropy: losses.crossEntropy,
  meanSquaredError: losses.meanSquaredError,
  depthContrast: losses.depthContrast,
  sum: reductions.sum,
  scale: reductions.scale,
  weightedSum: weightedSums.weightedSum,
};

function run<Name extends OperatorName>(name: Name, inputs: readonly Tensor[], attributes: OperatorAttributes[Name]): Tensor {
  return dispatch(name, operators[name], inputs, attributes);
}

function withBias(inputs: readonly Tensor[], bias: Tensor | null | undefined): readonly Tensor[] {
  return bias ? [...inputs, bias] : inputs;
}

export interface Conv2dOptions extends Partial<convolutions.Conv2dAttributes> {
  readonly bias?: Tensor | null;
}

/**
 * x [batch, height, width, inChannels] convolved with w [outChannels, kernelHeight, kernelWidth, inChannels / groups].
 * @throws ShapeError, ConfigError
 */
export function conv2d(
  x: Tensor,
  w: Tensor,
  { bias, stride = 1, padding = 0, dilation = 1, groups = 1 }: Conv2dOptions = {},
): Tensor {
  return run('conv2d', withBias([x, w], bias), { stride, padding, dilation, groups });
}

/** x [rows, inFeatures] times w [outFeatures, inFeatures] transposed, plus bias. */
export function linear(x: Tensor, w: Tensor, bias?: Tensor | null): Tensor {
  return run('linear', withBias([x, w], bias), {});
}

/** The weights of a central difference convolution, for any convolution to use (CDCN, equation 4). `theta` in [0, 1]. */
export function centralDifference(w: Tensor, theta: number): Tensor {
  return run('centralDifference', [w], { theta });
}

export interface BinaryConv2dOptions extends Partial<convolutions.Conv2dAttributes> {
  /** Multiply each output channel by the mean |w| of its weights; false unless given. */
  readonly scale?: boolean;
  /** Stand-in for the derivative of the sign of x; `quadratic` unless given. */
  readonly surrogate?: Surrogate;
  /** How the gradient gets the quadratic surrogate: from x (`exact`, unless given), or from a byte an element (`packed`), at most 1/255 off. */
  readonly keep?: binaryConvolutions.KeptDerivative;
}

/** sign(x) convolved with sign(w), shapes as in `conv2d`; integers unless `scale`. Zero padding is zero after the sign. */
export function binaryConv2d(x: Tensor, w: Tensor, options: BinaryConv2dOptions = {}): Tensor {
  const { stride = 1, padding = 0, dilation = 1, groups = 1, scale: scaled = false } = options;
  const { surrogate = 'quadratic', keep = 'exact' } = options;
  return run('binaryConv2d', [x, w], { stride, padding, dilation, groups, scale: scaled, surrogate, keep });
}

export interface DynamicConv2dOptions {
  readonly stride?: number;
  readonly padding?: number;
  readonly heads: number;
  readonly kept: number;
  readonly ties?: dynamicConvolutions.TieRule;
  /** [heads, inChannels]: its largest numbers choose the channels, of every image alike, in place of the gates. */
  readonly ranking?: Tensor | null;
}

/**
 * x [batch, height, width, inChannels] convolved with w [outChannels, kernelHeight, kernelWidth, inChannels], but per image and head only
 * the `kept` channels of the largest `gates` [batch, heads, inChannels], times these (DGC).
 */
export function dynamicConv2d(
  x: Tensor,
  w: Tensor,
  gates: Tensor,
  { stride = 1, padding = 0, heads, kept, ties = 'keep', ranking = null }: DynamicConv2dOptions,
): Tensor {
  const inputs = ranking ? [x, w, gates, ranking] : [x, w, gates];
  return run('dynamicConv2d', inputs, { stride, padding, heads, kept, ties });
}

export interface DynamicBinaryConv2dOptions extends DynamicConv2dOptions {
  /** Stand-in for the derivative of the sign of x; `quadratic` unless given. */
  readonly surrogate?: Surrogate;
}

/** As `dynamicConv2d`, but the kept channels' signs with the signs of w, times the mean of the kept gates: integers times one factor a head. */
export function dynamicBinaryConv2d(
  x: Tensor,
  w: Tensor,
  gates: Tensor,
  { stride = 1, padding = 0, heads, kept, ties = 'keep', ranking = null, surrogate = 'quadratic' }: DynamicBinaryConv2dOptions,
): Tensor {
  const inputs = ranking ? [x, w, gates, ranking] : [x, w, gates];
  return run('dynamicBinaryConv2d', inputs, { stride, padding, heads, kept, ties, surrogate });
}

export interface BatchNormTensors {
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly runningMean: Tensor;
  readonly runningVariance: Tensor;
}

export interface BatchNormOptions extends Omit<batchNorms.BatchNormAttributes, 'relu' | 'across'> {
  /** Of x's shape; added to what was normalised. */
  readonly shortcut?: Tensor | null;
  /** End with max(y, 0); false unless given. */
  readonly relu?: boolean;
  /** For statistics over the parts of a batch that several processes hold; over x unless given. */
  readonly across?: SumAcross | null;
}

/**
 * Normalises x [..., channels] over all axes but the channels; in training updates the running statistics in place. A shortcut and a ReLU
 * behind it are done in the same pass over memory, with the same bits as `add` and `relu`.
 */
export function batchNorm(
  x: Tensor,
  { weight, bias, runningMean, runningVariance }: BatchNormTensors,
  { shortcut, relu: ends = false, across = null, ...attributes }: BatchNormOptions,
): Tensor {
  const inputs = [x, weight, bias, runningMean, runningVariance];
  return run('batchNorm', shortcut ? [...inputs, shortcut] : inputs, { ...attributes, relu: ends, across });
}

/** max(x, 0), element by element. */
export const relu = (x: Tensor): Tensor => run('relu', [x], {});
/** 1 / (1 + exp(-x)), element by element. */
export const sigmoid = (x: Tensor): Tensor => run('sigmoid', [x], {});
/** x clamped to [-1, 1], element by element. */
export const hardTanh = (x: Tensor): Tensor => run('hardTanh', [x], {});
/** Slopes [channels] below zero. */
export const prelu = (x: Tensor, negative: Tensor): Tensor => run('prelu', [x, negative], {});
/** Slopes [channels] from zero up, and below zero. */
export const fprelu = (x: Tensor, positive: Tensor, negative: Tensor): Tensor => run('fprelu', [x, positive, negative], {});
/** +1 where x >= 0, -1 elsewhere; `surrogate` stands in for its derivative. */
export const sign = (x: Tensor, surrogate: Surrogate = 'quadratic'): Tensor => run('sign', [x], { surrogate });

/** a + b; b may repeat over space or over channels. */
export const add = (a: Tensor, b: Tensor): Tensor => run('add', [a, b], {});
/** a * b; b may repeat over space or over channels. */
export const multiply = (a: Tensor, b: Tensor): Tensor => run('multiply', [a, b], {});
/** Joins tensors along the channels; all other lengths are equal. */
export const concat = (inputs: readonly Tensor[]): Tensor => run('concat', inputs, {});
/** Channels seen as [groups, channels / groups], transposed: a grouped convolution behind it sees channels of every group. */
export const shuffleChannels = (x: Tensor, groups: number): Tensor => run('shuffleChannels', [x], { groups });

/** `count` channels from `start` on, counted from 0: [..., channels] to [..., count]. */
export const sliceChannels = (x: Tensor, start: number, count: number): Tensor => run('sliceChannels', [x], { start, count });

export interface PoolOptions {
  readonly kernel: number;
  /** The kernel's size unless given. */
  readonly stride?: number;
  readonly padding?: number;
}

/** Maximum over kernel x kernel windows of [batch, height, width, channels]; padding never wins. */
export const maxPool = (x: Tensor, { kernel, stride = kernel, padding = 0 }: PoolOptions): Tensor =>
  run('maxPool', [x], { kernel, stride, padding });
/** Mean over kernel x kernel windows of [batch, height, width, channels]; padding counts as zeros. */
export const averagePool = (x: Tensor, { kernel, stride = kernel, padding = 0 }: PoolOptions): Tensor =>
  run('averagePool', [x], { kernel, stride, padding });
/** [batch, height, width, channels] to [batch, channels]. */
export const globalAveragePool = (x: Tensor): Tensor => run('globalAveragePool', [x], {});
/** [batch, h, w, channels] to [batch, height, width, channels]: half-pixel centres, clamped borders, no antialiasing. */
export const resizeBilinear = (x: Tensor, height: number, width: number): Tensor => run('resizeBilinear', [x], { height, width });
/** Mean over the channels: [..., channels] to [..., 1]. */
export const channelMean = (x: Tensor): Tensor => run('channelMean', [x], {});
/** Maximum over the channels: [..., channels] to [..., 1]; the first one takes the gradient. */
export const channelMax = (x: Tensor): Tensor => run('channelMax', [x], {});

/** Adds zeros around the image, and zero channels before and after its own; negative sides crop. */
export function pad(x: Tensor, attributes: Partial<pads.PadAttributes>): Tensor {
  return run('pad', [x], { top: 0, bottom: 0, left: 0, right: 0, channelsBefore: 0, channelsAfter: 0, ...attributes });
}

/** Mean softmax cross-entropy of logits [rows, classes] and int32 labels [rows]; `smoothing` in [0, 1). @throws DataError for a label that is no class */
export const crossEntropy = (logits: Tensor, labels: Tensor, smoothing = 0): Tensor =>
  run('crossEntropy', [logits, labels], { smoothing });
/** Mean of the squared differences of two tensors of one shape; a scalar. */
export const meanSquaredError = (a: Tensor, b: Tensor): Tensor => run('meanSquaredError', [a, b], {});
/** Neighbour - centre for the eight neighbours: [batch, height, width] to [batch, 8, height - 2, width - 2]. */
export const depthContrast = (x: Tensor): Tensor => run('depthContrast', [x], {});
/** Contrastive depth loss (CDCN): the mean squared error of the two maps' contrasts. */
export const contrastiveDepthLoss = (map: Tensor, label: Tensor): Tensor =>
  meanSquaredError(depthContrast(map), depthContrast(label));
/** Sum of all elements; a scalar. */
export const sum = (x: Tensor): Tensor => run('sum', [x], {});
/** factor * x, for any finite factor. */
export const scale = (x: Tensor, factor: number): Tensor => run('scale', [x], { factor });
/** Sum of `terms`, which have one shape, each times its weight, a tensor of one number. */
export const weightedSum = (terms: readonly Tensor[], weights: readonly Tensor[]): Tensor =>
  run('weightedSum', [...terms, ...weights], {});
/** Mean of all elements; a scalar. */
export const mean = (x: Tensor): Tensor => scale(sum(x), 1 / x.size);

/** The same numbers under another shape; copies nothing. @throws ShapeError when the sizes differ */
export function reshape(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const output = x.alias(shape, 'reshape');
  x.tape?.record({ inputs: [x], output, saved: [], needed: [true], reads: [], backward: (dy) => [dy.alias(x.shape)] });
  notify(x.engine, () => ({ operator: 'reshape', attributes: { shape }, inputs: [x], output, cost: elementwise(0) }));
  return output;
}

/** [batch, ...] to [batch, the rest]. @throws ShapeError for a scalar */
export function flatten(x: Tensor): Tensor {
  const [batch] = x.shape;
  if (batch === undefined) throw new ShapeError('flatten', 'a scalar', '[batch, ...]');
  return reshape(x, [batch, x.size / batch]);
}

export type { Conv2dAttributes } from './conv2d.js';
export { type Observer, type OperatorCall, observe } from './dispatch.js';
export type { TieRule } from './dynamic-conv2d.js';
export {
  type BackwardCall,
  type Cost,
  type ForwardCall,
  type GradientReads,
  type Operator,
  readsInputs,
  type Unsupported,
  unsupported,
} from './operator.js';
