/*
 * The graph of a packed model: what the runtime does to an image, step by step. In a file (docs/packed-format.md) a weight is the name of a
 * tensor and a value its place in a list: the types' parameters stand for what they are elsewhere.
 */

/**
 * Height, width and channels of a value, for one image. What has no pixels is 1 x 1 (a vector of features), gates are 1 x heads x channels, a map
 * without channels has one.
 */
export type ValueShape = readonly [height: number, width: number, channels: number];

/** `floats`: float32, channels innermost. `signs`: a bit an element, the channels of each group of each pixel from a byte of their own. */
export type ValueForm = 'floats' | 'signs';

export interface PackedValue {
  readonly form: ValueForm;
  readonly shape: ValueShape;
  /** 1, but of signs: the groups that the convolution which reads them has. */
  readonly groups: number;
}

/**
 * What is done to every element x of channel c once a step has computed it, in this order; null leaves it out.
 *
 *     x * scale[c] + bias[c] + shortcut, then times positive[c] where that is >= 0 and negative[c] where it is below
 *
 * `relu` in place of slopes: max(x, 0).
 */
export interface Finish<Weight> {
  readonly scale: Weight | null;
  readonly bias: Weight | null;
  /** The step's last input, of the output's shape, is added. */
  readonly shortcut: boolean;
  readonly activation: 'none' | 'relu' | 'prelu' | 'fprelu';
  /** Slopes of an `fprelu` from zero up. */
  readonly positive: Weight | null;
  /** Slopes of a `prelu` or `fprelu` below zero. */
  readonly negative: Weight | null;
}

interface Windows {
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
  readonly groups: number;
}

interface Choice<Weight> {
  readonly weight: Weight;
  readonly stride: number;
  readonly padding: number;
  readonly heads: number;
  readonly kept: number;
  readonly ties: 'keep' | 'drop';
  readonly ranking: Weight | null;
  readonly finish: Finish<Weight>;
}

/** The operators and what they hold besides inputs and output. */
export interface StepFields<Weight> {
  /** x [floats] with weights [outChannels, kernelHeight, kernelWidth, inChannels / groups]. */
  convolution: Windows & { readonly weight: Weight; readonly finish: Finish<Weight> };
  /** x [signs] with weights of one bit each: U8 [outChannels, kernelHeight, kernelWidth, bytes], bits from the lowest up. */
  binaryConvolution: Windows & { readonly weight: Weight; readonly finish: Finish<Weight> };
  /**
   * The same, but its signs: 1 where the integer is at least `thresholds` [outChannels]. What follows a convolution channel by channel up to the next
   * signs is in these, and in weights of channels where it turns signs, which are negated.
   */
  binaryConvolutionSigns: Windows & { readonly weight: Weight; readonly thresholds: Weight };
  /** x [floats], gates. */
  dynamicConvolution: Choice<Weight>;
  /** x [floats], gates; weights of one bit each, as above. */
  dynamicBinaryConvolution: Choice<Weight>;
  /** Signs of floats: 1 for x >= 0. */
  signs: Record<never, never>;
  /** Nothing but its finish. */
  finish: { readonly finish: Finish<Weight> };
  sigmoid: Record<never, never>;
  hardTanh: Record<never, never>;
  /** Of two inputs the second may repeat over pixels, over channels, or over both. */
  add: Record<never, never>;
  multiply: Record<never, never>;
  /** Along the channels. */
  concat: Record<never, never>;
  shuffleChannels: { readonly groups: number };
  pad: {
    readonly top: number;
    readonly bottom: number;
    readonly left: number;
    readonly right: number;
    readonly channelsBefore: number;
    readonly channelsAfter: number;
  };
  maxPool: { readonly kernel: number; readonly stride: number; readonly padding: number };
  averagePool: { readonly kernel: number; readonly stride: number; readonly padding: number };
  globalAveragePool: Record<never, never>;
  resizeBilinear: Record<never, never>;
  channelMean: Record<never, never>;
  channelMax: Record<never, never>;
  /** The same numbers under another shape. */
  reshape: Record<never, never>;
}

export type StepOperator = keyof StepFields<unknown>;

export type Step<Value = number, Weight = string, Operator extends StepOperator = StepOperator> = {
  [Name in Operator]: {
    readonly operator: Name;
    readonly inputs: readonly Value[];
    readonly output: Value;
    /** Path of the module in the model that was frozen, or ''. */
    readonly layer: string;
  } & StepFields<Weight>[Name];
}[Operator];

export interface PackedGraph {
  /** Value 0 is the image. */
  readonly values: readonly PackedValue[];
  readonly steps: readonly Step[];
  readonly output: number;
}

/** A finish that changes nothing. */
export const noFinish: Finish<never> = {
  scale: null,
  bias: null,
  shortcut: false,
  activation: 'none',
  positive: null,
  negative: null,
};
