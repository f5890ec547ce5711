/**
 * The interface between operators and a backend. Everything is NHWC (weights OHWI), row-major and contiguous; numbers
 * are float32 in the wasm backend, float64 in the reference. An `Address` is what the engine's `allocate` gave (0 =
 * absent). Kernels check nothing: shapes were checked by the operator's shape rule, addresses by the tensor.
 *
 * Same bits whatever the thread count: a kernel splits its work into tasks by its shape alone and adds partial sums in a
 * fixed order.
 */
export type Address = number;

/** Sizes of a convolution. `inChannels` and `outChannels` count all groups; weights are [outChannels, kernelHeight, kernelWidth, inChannels / groups]. */
export interface Conv2dGeometry {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly inChannels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outChannels: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly stride: number;
  /** Zeros on each of the four sides. */
  readonly padding: number;
  readonly dilation: number;
  readonly groups: number;
}

/** Sizes of a pooling window; what padding counts as is said at each kernel. */
export interface PoolGeometry {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

/**
 * Dynamic group convolution: head h (of `heads`) makes output channels [h, h + 1) * outChannels / heads from the `kept`
 * input channels that `index` names for it and the image; `geometry.groups` is 1.
 */
export interface DynamicGeometry extends Conv2dGeometry {
  readonly heads: number;
  readonly kept: number;
}

/** A [batch, pixels, channels] operand and another that repeats over the axes set to true. */
export interface BroadcastGeometry {
  readonly batch: number;
  readonly pixels: number;
  readonly channels: number;
  readonly overBatch: boolean;
  readonly overPixels: boolean;
  readonly overChannels: boolean;
}

export interface ResizeGeometry {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly outHeight: number;
  readonly outWidth: number;
}

/** `hardTanh` clamps to [-1, 1]. */
export type Activation = 'relu' | 'sigmoid' | 'hardTanh';

/** Sizes of a batch norm, and whether a ReLU follows it in the same pass. */
export interface BatchNormGeometry {
  readonly rows: number;
  readonly channels: number;
  /** Added to the variance before its root. */
  readonly epsilon: number;
  readonly relu: boolean;
}

export interface BatchNormGradientGeometry extends BatchNormGeometry {
  readonly training: boolean;
  /** Whether dx is added to what is in its place. */
  readonly adds: boolean;
  /** Where mean and variance are those of several processes. */
  readonly across?: SumAcross | null;
}

/** Stand-in for the derivative of sign: `clip` is 1 inside [-1, 1], `quadratic` is 2 - 2|x| inside (-1, 1). Both are 0 elsewhere. */
export type Surrogate = 'clip' | 'quadratic';

export type BroadcastOperation = 'add' | 'multiply';

/** Sizes of a softmax cross-entropy over [rows, classes] logits; `smoothing` in [0, 1) spreads that much of the target evenly over all classes. */
export interface CrossEntropyGeometry {
  readonly rows: number;
  readonly classes: number;
  readonly smoothing: number;
}

export interface SgdStep {
  readonly learningRate: number;
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly weightDecay: number;
  /** The first step sets velocity = gradient (PyTorch's rule). */
  readonly first: boolean;
}

export interface AdamStep {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** True: AdamW (decay shrinks the weight itself); false: decay is added to the gradient. */
  readonly decoupled: boolean;
  /** Steps taken, this one included: 1, 2, … */
  readonly step: number;
}

/** Weights and bias (0: none) of a convolution, and what `packFilters` made of them for one image. */
export interface PackedFilters {
  readonly w: Address;
  readonly bias: Address;
  readonly packed: Address;
}

/** Convolutions. Gradients overwrite their outputs. */
export interface ConvolutionKernels {
  /** y = x * w (+ bias); bias may be 0. */
  conv2d(g: Conv2dGeometry, x: Address, w: Address, bias: Address, y: Address): void;
  /**
   * The same in two parts, for weights that stay: float32 elements that `packed` needs (0: this convolution takes weights as they are, and `packed`
   * is 0); w and bias as it likes them, for one image as for many; the convolution and what follows it element by element (null: nothing), all to the bit
   * as `conv2d` and `InferenceKernels.finish` do it.
   */
  packedFilterFloats(g: Conv2dGeometry): number;
  packFilters(g: Conv2dGeometry, w: Address, bias: Address, packed: Address): void;
  packedConv2d(g: Conv2dGeometry, x: Address, filters: PackedFilters, finish: FinishTensors | null, y: Address): void;
  conv2dInputGradient(g: Conv2dGeometry, dy: Address, w: Address, dx: Address): void;
  conv2dWeightGradient(g: Conv2dGeometry, x: Address, dy: Address, dw: Address): void;
}

/**
 * Signs as bits (`packed-signs.ts`): rows [batch * height * width * groups] of inChannels / groups bits, each row from a byte of its own, in
 * int32 memory. sign(0) = +1, and of NaN -1.
 */
export interface BinaryKernels {
  /**
   * Signs of x [rows, channels] as bits. `surrogate` also keeps what stands in for their derivative: `clip` a bit (|x| <= 1), laid out like
   * the signs; `quadratic` a byte an element, round(127.5 * (2 - 2|x|)), at most 1/255 off. Null: nothing, and `kept` is 0.
   */
  packSigns(rows: number, channels: number, x: Address, signs: Address, surrogate: Surrogate | null, kept: Address): void;
  /** +1 and -1 as numbers: x [rows, channels]. */
  unpackSigns(rows: number, channels: number, signs: Address, x: Address): void;
  /** dx [rows, channels] *= the derivative that `packSigns` kept. */
  multiplyByKept(surrogate: Surrogate, rows: number, channels: number, kept: Address, dx: Address): void;
  /**
   * 1-bit convolution of packed `signs` with sign(w), zero padding after the sign; times `scale` [outChannels] unless it is 0. Without
   * scale the result is integers, exactly.
   */
  binaryConv2d(g: Conv2dGeometry, signs: Address, w: Address, scale: Address, y: Address): void;
  /**
   * The same in two parts, for weights that stay: int32 elements that `packed` needs; sign(w) as it likes them, from `bits` (bytes
   * [outChannels][taps][bytes], of each tap the channels of a group from the lowest bit up, zeros behind the last); the convolution
   * and what follows it element by element (null: nothing), as `InferenceKernels.finish` does it, to the bit.
   */
  packedWeightInts(g: Conv2dGeometry): number;
  packSignBits(g: Conv2dGeometry, bits: Address, packed: Address): void;
  packedBinaryConv2d(g: Conv2dGeometry, signs: Address, packed: Address, finish: FinishTensors | null, y: Address): void;
  /**
   * In place of the integers the bits that a convolution of `groups` groups reads: 1 where they are at least thresholds [outChannels], whole numbers in
   * float32. `sums` is workspace of as many float32 elements as `binarySumFloats` says: all outputs where channels do not fill whole bytes, else none.
   */
  binarySumFloats(g: Conv2dGeometry, groups: number): number;
  packedBinarySigns(
    g: Conv2dGeometry,
    signs: Address,
    packed: Address,
    thresholds: Address,
    groups: number,
    bits: Address,
    sums: Address,
  ): void;
}

/** What a computation ends with, element by element: see `InferenceKernels`. Addresses of [channels]; 0 leaves a part out. */
export interface FinishTensors {
  readonly scale: Address;
  readonly bias: Address;
  /** Of y's shape. */
  readonly shortcut: Address;
  readonly activation: 'none' | 'relu' | 'prelu' | 'fprelu';
  /** Slopes of an `fprelu` where x >= 0. */
  readonly positive: Address;
  /** Slopes of a `prelu` or `fprelu` elsewhere. */
  readonly negative: Address;
}

export interface InferenceKernels {
  /** y = activation(x * scale + bias + shortcut), x and y [rows, channels]; y may be x or the shortcut. */
  finish(rows: number, channels: number, tensors: FinishTensors, x: Address, y: Address): void;
}

export interface DynamicKernels {
  /**
   * Keeps, in each of `rows` rows of `channels` saliencies, all but the `channels - kept` smallest; the lowest index wins
   * a tie (is kept). Writes the kept channels in ascending order to `index` (int32 [rows, kept]). With `dropTies` every
   * saliency <= the (channels - kept)-th smallest goes, which may keep fewer: the places left over hold -1. kept == channels keeps all, ties or not.
   */
  selectChannels(rows: number, channels: number, kept: number, dropTies: boolean, saliency: Address, index: Address): void;
  /**
   * y[n, :, :, head] = (x[n, :, :, index] * gates[n, head, index]) convolved with w[head, :, :, index]; `gates` is
   * [batch, heads, inChannels], `index` int32 [batch, heads, kept], w [outChannels, kh, kw, inChannels]. -1 in `index` adds nothing.
   */
  dynamicConv2d(g: DynamicGeometry, x: Address, w: Address, gates: Address, index: Address, y: Address): void;
  /**
   * The same in two parts, for weights that stay: float32 elements that `packed` needs; w as it likes them, for any batch; the convolution and what
   * follows it element by element (null: nothing), as `InferenceKernels.finish` does it, to the bit.
   */
  packedDynamicWeightFloats(g: DynamicGeometry): number;
  packDynamicWeights(g: DynamicGeometry, w: Address, packed: Address): void;
  packedDynamicConv2d(
    g: DynamicGeometry,
    x: Address,
    packed: Address,
    gates: Address,
    index: Address,
    finish: FinishTensors | null,
    y: Address,
  ): void;
  /** dx, dw and dgates as of `dynamicConv2d`; what was not selected gets exactly 0. dx may be 0 (not wanted). */
  dynamicConv2dGradient(
    g: DynamicGeometry,
    x: Address,
    w: Address,
    gates: Address,
    index: Address,
    dy: Address,
    dx: Address,
    dw: Address,
    dgates: Address,
  ): void;
}

export interface DynamicBinaryKernels {
  /** levels [rows, channels]: in every place of a row the mean of the gates [rows, channels] that `index` [rows, kept] names, 0 where none. */
  levelGates(rows: number, channels: number, kept: number, gates: Address, index: Address, levels: Address): void;
  /**
   * y[n, :, :, head] = level * (sign(x[n, :, :, index]) convolved with sign(w[head, :, :, index])), sign(0) = +1, zero padding after the sign: the
   * convolution is integers, exactly. The level is that of the image's head in `levels` [batch, heads, inChannels]; the rest as in `dynamicConv2d`.
   */
  dynamicBinaryConv2d(g: DynamicGeometry, x: Address, w: Address, levels: Address, index: Address, y: Address): void;
}

export interface CentralDifferenceKernels {
  /**
   * Central difference as a weight transform (CDCN, equation 4): out = w, but the centre tap is w_centre - theta * sum of all
   * taps, for each output and input channel. w [rows, taps, channels], taps odd, centre = (taps - 1) / 2.
   */
  centralDifference(rows: number, taps: number, channels: number, theta: number, w: Address, out: Address): void;
  centralDifferenceGradient(rows: number, taps: number, channels: number, theta: number, dout: Address, dw: Address): void;
}

/** Element-wise operations over n elements, and those that know channels: [rows, channels]. */
export interface ElementKernels {
  copy(n: number, x: Address, y: Address): void;
  fill(n: number, value: number, y: Address): void;
  /** y = factor * x + offset */
  affine(n: number, factor: number, offset: number, x: Address, y: Address): void;
  /** y += factor * x */
  accumulate(n: number, factor: number, x: Address, y: Address): void;

  activation(kind: Activation, n: number, x: Address, y: Address): void;
  /** From the output y alone (relu: y > 0, so the derivative at 0 is 0; hardTanh: strictly inside (-1, 1)). dx may be dy. */
  activationGradient(kind: Activation, n: number, y: Address, dy: Address, dx: Address): void;

  /** y = +1 where x >= 0 (and for -0), else -1. */
  sign(n: number, x: Address, y: Address): void;
  /** dx = dy * surrogate(x) */
  signGradient(surrogate: Surrogate, n: number, x: Address, dy: Address, dx: Address): void;

  /** y = positive[c] * x where x >= 0, negative[c] * x elsewhere; `positive` 0 means 1 everywhere (PReLU). */
  fprelu(rows: number, channels: number, x: Address, positive: Address, negative: Address, y: Address): void;
  /** PReLU (positive 0) takes the negative branch at x = 0 like PyTorch; FPReLU the positive one. dpositive is 0 when positive is. dx may be dy. */
  fpreluGradient(
    rows: number,
    channels: number,
    x: Address,
    positive: Address,
    negative: Address,
    dy: Address,
    dx: Address,
    dpositive: Address,
    dnegative: Address,
  ): void;

  /** y = a op b, b repeating over the axes that the geometry says. */
  broadcast(operation: BroadcastOperation, g: BroadcastGeometry, a: Address, b: Address, y: Address): void;
  /** Gradient towards the repeated operand: db = sum over the repeated axes of dy (add, a = 0) or dy * a (multiply). */
  broadcastReduce(g: BroadcastGeometry, dy: Address, a: Address, db: Address): void;
  /** b := a[:, :, offset .. offset + count) or the reverse: rows of `fromWidth` and `toWidth` elements, `count` copied from column `fromStart` to column `toStart`. */
  copyColumns(
    rows: number,
    count: number,
    fromWidth: number,
    fromStart: number,
    toWidth: number,
    toStart: number,
    x: Address,
    y: Address,
  ): void;
  /** Channel c = g * (channels / groups) + i goes to i * groups + g, in each row. */
  shuffleChannels(rows: number, channels: number, groups: number, x: Address, y: Address): void;
  /** y is [batch, outHeight, outWidth, channels]: x shifted by (top, left), zeros outside; negative shifts crop. */
  pad(g: ResizeGeometry, top: number, left: number, x: Address, y: Address): void;
}

/**
 * Replaces these sums, in place, by those of all processes that are at this place of the same computation: returns when all have been here. The
 * values lie in the engine's memory and are read and written there.
 */
export type SumAcross = (values: Float64Array) => void;

/** Batch norm over [rows, channels]; statistics are per channel, the variance biased. */
export interface NormKernels {
  /**
   * @param across for statistics over the rows of all processes; of this one unless given
   * @returns how many rows that were
   */
  batchNormStatistics(
    rows: number,
    channels: number,
    x: Address,
    mean: Address,
    variance: Address,
    across?: SumAcross | null,
  ): number;
  /** y = (x - mean) / sqrt(variance + epsilon) * weight + bias, + shortcut unless that is 0, then max(y, 0) with `relu`. */
  batchNorm(
    g: BatchNormGeometry,
    x: Address,
    mean: Address,
    variance: Address,
    weight: Address,
    bias: Address,
    shortcut: Address,
    y: Address,
  ): void;
  /**
   * `training`: mean and variance are the batch's own and carry gradient; otherwise they are constants. `across`: they are those of the rows
   * of all processes, as `batchNormStatistics` made them. dweight and dbias are sums over this one's.
   *
   * With `relu` only what passed it counts, dz = dy where y > 0 and 0 elsewhere. After a shortcut y says which, and dz, the gradient
   * towards the shortcut, is written. Without one both are 0: x says it, by the same arithmetic as forward. dz may be dy; and unless it
   * `adds`, dx may be dy or dz.
   */
  batchNormGradient(
    g: BatchNormGradientGeometry,
    x: Address,
    mean: Address,
    variance: Address,
    weight: Address,
    bias: Address,
    y: Address,
    dy: Address,
    dz: Address,
    dx: Address,
    dweight: Address,
    dbias: Address,
  ): void;
}

export interface SpatialKernels {
  /** Padding counts as minus infinity; the first maximum in row order wins. `argmax` int32, one an output: y * width + x within the image. */
  maxPool(g: PoolGeometry, x: Address, y: Address, argmax: Address): void;
  maxPoolGradient(g: PoolGeometry, dy: Address, argmax: Address, dx: Address): void;
  /** Divides by kernel², padding included (PyTorch's default). */
  averagePool(g: PoolGeometry, x: Address, y: Address): void;
  averagePoolGradient(g: PoolGeometry, dy: Address, dx: Address): void;
  /** Mean over the pixels: [batch, pixels, channels] to [batch, channels]. */
  globalAveragePool(batch: number, pixels: number, channels: number, x: Address, y: Address): void;
  /** `adds`: to what is in dx. */
  globalAveragePoolGradient(batch: number, pixels: number, channels: number, adds: boolean, dy: Address, dx: Address): void;
  /** Bilinear with half-pixel centres and clamped borders (PyTorch's align_corners = false, no antialiasing). */
  resizeBilinear(g: ResizeGeometry, x: Address, y: Address): void;
  resizeBilinearGradient(g: ResizeGeometry, dy: Address, dx: Address): void;
  /** [rows, channels] to [rows, 1]. */
  channelMean(rows: number, channels: number, x: Address, y: Address): void;
  channelMeanGradient(rows: number, channels: number, dy: Address, dx: Address): void;
  /** The first maximum wins; `argmax` int32 [rows]. */
  channelMax(rows: number, channels: number, x: Address, y: Address, argmax: Address): void;
  channelMaxGradient(rows: number, channels: number, dy: Address, argmax: Address, dx: Address): void;
}

export interface LossKernels {
  /** Mean over rows of the cross-entropy; `labels` int32 [rows]; `probabilities` [rows, classes] is kept for the gradient. */
  crossEntropy(g: CrossEntropyGeometry, logits: Address, labels: Address, probabilities: Address, loss: Address): void;
  /** dlogits = (probabilities - target) / rows * dloss[0] */
  crossEntropyGradient(g: CrossEntropyGeometry, probabilities: Address, labels: Address, dloss: Address, dlogits: Address): void;
  /** loss = mean of (a - b)² */
  meanSquaredError(n: number, a: Address, b: Address, loss: Address): void;
  /** da = 2 (a - b) / n * dloss[0]; db = -da when db is not 0. */
  meanSquaredErrorGradient(n: number, a: Address, b: Address, dloss: Address, da: Address, db: Address): void;
  /** [batch, height, width] to [batch, 8, height - 2, width - 2]: neighbour - centre for the eight neighbours in row order. */
  depthContrast(batch: number, height: number, width: number, x: Address, y: Address): void;
  depthContrastGradient(batch: number, height: number, width: number, dy: Address, dx: Address): void;
  /** out[0] = sum of x */
  sum(n: number, x: Address, out: Address): void;
  /** out[0] = sum of x² */
  sumSquares(n: number, x: Address, out: Address): void;
  /** Column sums of [rows, channels]: the gradient of a bias. */
  columnSums(rows: number, channels: number, x: Address, out: Address): void;
  /** Row means of |x| over [rows, columns]: the scale of a 1-bit weight. */
  rowMeanAbsolute(rows: number, columns: number, x: Address, out: Address): void;
  /** x *= factor[r] for each row of [rows, columns] when `byRow`, x *= factor[c] otherwise; to y. */
  scaleRows(rows: number, columns: number, byRow: boolean, x: Address, factor: Address, y: Address): void;
  /** Number of elements that are NaN or infinite. */
  countNonFinite(n: number, x: Address): number;
  /** Index of the largest element of each row, the first on a tie; int32. */
  argmaxRows(rows: number, columns: number, x: Address, out: Address): void;
}

export interface OptimizerKernels {
  /** g = gradient + weightDecay * w; v = momentum * v + g (first: v = g); w -= learningRate * (nesterov ? g + momentum * v : v). `velocity` is 0 when momentum is. */
  sgd(n: number, step: SgdStep, w: Address, gradient: Address, velocity: Address): void;
  /** PyTorch's Adam and AdamW; `first` and `second` are the moments. */
  adam(n: number, step: AdamStep, w: Address, gradient: Address, first: Address, second: Address): void;
  /** average = decay * average + (1 - decay) * w */
  movingAverage(n: number, decay: number, w: Address, average: Address): void;
}

export interface Kernels
  extends ConvolutionKernels,
    BinaryKernels,
    DynamicKernels,
    DynamicBinaryKernels,
    InferenceKernels,
    CentralDifferenceKernels,
    ElementKernels,
    NormKernels,
    SpatialKernels,
    LossKernels,
    OptimizerKernels {}
