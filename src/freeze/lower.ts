import { UnsupportedError } from '../errors.js';
import { noFinish, type PackedValue, type ValueShape } from '../formats/packed/graph.js';
import type { Module } from '../nn/index.js';
import { formatShape, type Shape } from '../tensor/shape.js';
import { constantsOf, type TracedConstant } from './constants.js';
import type { Constant, Draft, DraftStep } from './draft.js';
import type { Trace, TracedCall, TracedValue } from './trace.js';

/**
 * The steps of a trace, one for each call: batch norms are finishes with a scale and a bias, linear layers are convolutions of one pixel, 1-bit
 * convolutions read signs, and what is computed of weights alone is a weight.
 * @param model that was traced, on an engine
 * @throws UnsupportedError for an operator that a packed model has not, naming its layer
 */
export function lower(trace: Trace, model: Module): Draft {
  const constants = constantsOf(model, trace);
  const lowering = new Lowering(constants);
  const image = lowering.define(trace.input);
  for (const call of trace.calls) if (!constants.has(call.output.id)) lowering.add(call);
  const { steps, origins } = lowering;
  return { image, output: lowering.value(trace.output), steps, origins };
}

class Lowering {
  readonly steps: DraftStep[] = [];
  readonly origins = new Map<PackedValue, number>();
  private readonly values = new Map<number, PackedValue>();
  private readonly signsOf = new Map<string, PackedValue>();

  constructor(private readonly constants: ReadonlyMap<number, TracedConstant>) {}

  define({ id, shape }: TracedValue): PackedValue {
    const value: PackedValue = { form: 'floats', shape: valueShape(shape), groups: 1 };
    this.values.set(id, value);
    this.origins.set(value, id);
    return value;
  }

  value({ id }: TracedValue): PackedValue {
    return this.values.get(id)!;
  }

  add(call: TracedCall): void {
    const { inputs, output, layer } = call;
    const [x] = inputs as [TracedValue];
    const unary = () => ({ inputs: [this.value(x)], output: this.define(output), layer });
    switch (call.operator) {
      case 'conv2d': {
        const { stride, padding, dilation, groups } = call.attributes;
        const finish = { ...noFinish, bias: this.optional(inputs[2]) };
        const weight = this.constant(inputs[1]!);
        this.steps.push({ operator: 'convolution', ...unary(), stride, padding, dilation, groups, weight, finish });
        return;
      }
      case 'linear': {
        const { path, shape, data } = this.constant(inputs[1]!);
        const weight = { path, shape: [shape[0]!, 1, 1, shape[1]!], data, isSigns: false };
        const windows = { stride: 1, padding: 0, dilation: 1, groups: 1 };
        const finish = { ...noFinish, bias: this.optional(inputs[2]) };
        this.steps.push({ operator: 'convolution', ...unary(), ...windows, weight, finish });
        return;
      }
      case 'binaryConv2d': {
        const { stride, padding, dilation, groups, scale } = call.attributes;
        const w = this.constant(inputs[1]!);
        const signs = this.signs(x, groups, layer);
        const finish = { ...noFinish, scale: scale ? meanSizes(w) : null };
        const step = { inputs: [signs], output: this.define(output), layer, stride, padding, dilation, groups };
        this.steps.push({ operator: 'binaryConvolution', ...step, weight: signsOf(w), finish });
        return;
      }
      case 'dynamicConv2d':
      case 'dynamicBinaryConv2d': {
        const { stride, padding, heads, kept, ties } = call.attributes;
        const isBinary = call.operator === 'dynamicBinaryConv2d';
        const w = this.constant(inputs[1]!);
        this.steps.push({
          operator: isBinary ? 'dynamicBinaryConvolution' : 'dynamicConvolution',
          inputs: [this.value(x), this.value(inputs[2]!)],
          ...{ output: this.define(output), layer, stride, padding, heads, kept, ties },
          ...{ weight: isBinary ? signsOf(w) : w, ranking: this.optional(inputs[3]), finish: noFinish },
        });
        return;
      }
      case 'batchNorm': {
        const [, weight, bias, mean, variance, shortcut] = inputs;
        const statistics = [weight, bias, mean, variance].map((value) => this.constant(value!));
        const activation = call.attributes.relu ? 'relu' : 'none';
        const finish = {
          ...noFinish,
          ...affine(statistics, call.attributes.epsilon),
          shortcut: shortcut !== undefined,
          activation,
        } as const;
        const read = shortcut ? [this.value(x), this.value(shortcut)] : [this.value(x)];
        this.steps.push({ operator: 'finish', inputs: read, output: this.define(output), layer, finish });
        return;
      }
      case 'relu':
        this.steps.push({ operator: 'finish', ...unary(), finish: { ...noFinish, activation: 'relu' } });
        return;
      case 'prelu':
        this.steps.push({
          operator: 'finish',
          ...unary(),
          finish: { ...noFinish, activation: 'prelu', negative: this.constant(inputs[1]!) },
        });
        return;
      case 'fprelu': {
        const slopes = { positive: this.constant(inputs[1]!), negative: this.constant(inputs[2]!) };
        this.steps.push({ operator: 'finish', ...unary(), finish: { ...noFinish, activation: 'fprelu', ...slopes } });
        return;
      }
      case 'add':
      case 'multiply':
      case 'concat': {
        const read = inputs.map((input) => this.float(input, layer, call.operator));
        this.steps.push({ operator: call.operator, inputs: read, output: this.define(output), layer });
        return;
      }
      case 'maxPool':
      case 'averagePool':
      case 'shuffleChannels':
      case 'pad':
        this.steps.push({ operator: call.operator, ...unary(), ...call.attributes } as DraftStep);
        return;
      case 'sigmoid':
      case 'hardTanh':
      case 'globalAveragePool':
      case 'resizeBilinear':
      case 'channelMean':
      case 'channelMax':
      case 'reshape':
        this.steps.push({ operator: call.operator, ...unary() });
        return;
      default:
        throw new UnsupportedError(`freezing ${call.operator}${layer && ` of ${layer}`}`, 'a packed model has no such step.');
    }
  }

  /** The signs of x, packed for a convolution of so many groups; made once for all that read them. */
  private signs(x: TracedValue, groups: number, layer: string): PackedValue {
    const key = `${x.id}/${groups}`;
    const known = this.signsOf.get(key);
    if (known) return known;
    const input = this.value(x);
    const signs: PackedValue = { form: 'signs', shape: input.shape, groups };
    this.steps.push({ operator: 'signs', inputs: [input], output: signs, layer });
    this.signsOf.set(key, signs);
    this.origins.set(signs, x.id);
    return signs;
  }

  private float(value: TracedValue, layer: string, operator: string): PackedValue {
    const known = this.values.get(value.id);
    if (known) return known;
    throw new UnsupportedError(`freezing ${operator}${layer && ` of ${layer}`}`, 'one of its operands is a parameter.');
  }

  private optional(value: TracedValue | undefined): Constant | null {
    return value ? this.constant(value) : null;
  }

  /** @throws UnsupportedError when it is not known before there is an image */
  private constant({ id }: TracedValue): Constant {
    const known = this.constants.get(id);
    if (!known) throw new UnsupportedError('freezing', 'the weights of one layer depend on the image.');
    return { ...known, isSigns: false };
  }
}

/** @throws UnsupportedError for a shape of other than one to four axes */
function valueShape(shape: Shape): ValueShape {
  const own = shape.slice(1);
  switch (own.length) {
    case 1:
      return [1, 1, own[0]!];
    case 2:
      return [1, own[0]!, own[1]!];
    case 3:
      return [own[0]!, own[1]!, own[2]!];
    default:
      throw new UnsupportedError(`freezing a value ${formatShape(shape)}`, 'values have one to three axes besides the batch.');
  }
}

function signsOf({ path, shape, data }: Constant): Constant {
  return { path, shape, data: data.map((value) => (value >= 0 ? 1 : -1)), isSigns: true };
}

/** Mean |w| of each output channel. */
function meanSizes({ path, shape, data }: Constant): Constant {
  const length = data.length / shape[0]!;
  const means = Float32Array.from({ length: shape[0]! }, (_, output) => {
    let sum = 0;
    for (let i = output * length; i < (output + 1) * length; i++) sum += Math.abs(data[i]!);
    return sum / length;
  });
  return { path, shape: [shape[0]!], data: means, isSigns: false };
}

/** Batch norm by running statistics: x * scale + bias. */
function affine(statistics: readonly Constant[], epsilon: number): { readonly scale: Constant; readonly bias: Constant } {
  const [weight, bias, mean, variance] = statistics as [Constant, Constant, Constant, Constant];
  const factors = Float64Array.from(weight.data, (value, c) => value / Math.sqrt(variance.data[c]! + epsilon));
  const offsets = Float64Array.from(bias.data, (value, c) => value - mean.data[c]! * factors[c]!);
  return {
    scale: { ...weight, data: Float32Array.from(factors) },
    bias: { ...bias, data: Float32Array.from(offsets) },
  };
}
