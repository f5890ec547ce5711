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
  const image = lowering.define(trace.input, 'the image');
  for (const call of trace.calls) if (!constants.has(call.output.id)) lowering.add(call);
  refuseRealSigns(lowering.steps, model);
  const { steps, origins } = lowering;
  return { image, output: lowering.value(trace.output, 'the answer'), steps, origins };
}

/**
 * Parameters of one bit are stored as bits, or the model is not what its summary says.
 * @throws UnsupportedError when one is a real weight of a step, as where its signs are taken by another operator than a 1-bit convolution
 */
function refuseRealSigns(steps: readonly DraftStep[], model: Module): void {
  const oneBit = new Set([...model.parameters()].filter(([, { bits }]) => bits === 1).map(([path]) => path));
  for (const step of steps) {
    if (!('weight' in step) || step.weight.isSigns) continue;
    const binary = step.weight.sources.find((path) => oneBit.has(path));
    if (binary === undefined) continue;
    throw new UnsupportedError(
      `freezing ${step.operator}${of(step.layer)}`,
      `${binary} has one bit, and this operator would take it as real numbers. Use a 1-bit convolution (BinaryConv2d).`,
    );
  }
}

/** ` of blocks.3.conv`, where a layer is known. */
function of(layer: string): string {
  return layer && ` of ${layer}`;
}

class Lowering {
  readonly steps: DraftStep[] = [];
  readonly origins = new Map<PackedValue, number>();
  private readonly values = new Map<number, PackedValue>();
  private readonly signsOf = new Map<string, PackedValue>();

  constructor(private readonly constants: ReadonlyMap<number, TracedConstant>) {}

  define({ id, shape }: TracedValue, reader: string): PackedValue {
    const value: PackedValue = { form: 'floats', shape: valueShape(shape, reader), groups: 1 };
    this.values.set(id, value);
    this.origins.set(value, id);
    return value;
  }

  /** @throws UnsupportedError for what is no result of a step: a parameter, or a tensor that the forward pass made by itself */
  value({ id }: TracedValue, reader: string): PackedValue {
    const known = this.values.get(id);
    if (known) return known;
    throw new UnsupportedError(
      `freezing ${reader}`,
      'what it reads does not come from the image: it is a parameter, or a tensor that the forward pass makes itself.',
    );
  }

  add(call: TracedCall): void {
    const { inputs, output, layer } = call;
    const [x] = inputs as [TracedValue];
    const reader = `${call.operator}${of(layer)}`;
    const read = (value: TracedValue) => this.value(value, reader);
    const constant = (value: TracedValue) => this.constant(value, reader);
    const optional = (value: TracedValue | undefined) => (value ? constant(value) : null);
    const made = () => this.define(output, reader);
    const unary = () => ({ inputs: [read(x)], output: made(), layer });
    switch (call.operator) {
      case 'conv2d': {
        const { stride, padding, dilation, groups } = call.attributes;
        const finish = { ...noFinish, bias: optional(inputs[2]) };
        const weight = constant(inputs[1]!);
        this.steps.push({ operator: 'convolution', ...unary(), stride, padding, dilation, groups, weight, finish });
        return;
      }
      case 'linear': {
        const { shape, ...w } = constant(inputs[1]!);
        const weight = { ...w, shape: [shape[0]!, 1, 1, shape[1]!] };
        const windows = { stride: 1, padding: 0, dilation: 1, groups: 1 };
        const finish = { ...noFinish, bias: optional(inputs[2]) };
        this.steps.push({ operator: 'convolution', ...unary(), ...windows, weight, finish });
        return;
      }
      case 'binaryConv2d': {
        const { stride, padding, dilation, groups, scale } = call.attributes;
        const w = constant(inputs[1]!);
        const signs = this.signs(x, groups, layer, reader);
        const finish = { ...noFinish, scale: scale ? meanSizes(w) : null };
        const step = { inputs: [signs], output: made(), layer, stride, padding, dilation, groups };
        this.steps.push({ operator: 'binaryConvolution', ...step, weight: signsOf(w), finish });
        return;
      }
      case 'dynamicConv2d':
      case 'dynamicBinaryConv2d': {
        const { stride, padding, heads, kept, ties } = call.attributes;
        const isBinary = call.operator === 'dynamicBinaryConv2d';
        const w = constant(inputs[1]!);
        this.steps.push({
          operator: isBinary ? 'dynamicBinaryConvolution' : 'dynamicConvolution',
          inputs: [read(x), read(inputs[2]!)],
          ...{ output: made(), layer, stride, padding, heads, kept, ties },
          ...{ weight: isBinary ? signsOf(w) : w, ranking: optional(inputs[3]), finish: noFinish },
        });
        return;
      }
      case 'batchNorm': {
        const [, weight, bias, mean, variance, shortcut] = inputs;
        const statistics = [weight, bias, mean, variance].map((value) => constant(value!));
        const activation = call.attributes.relu ? 'relu' : 'none';
        const finish = {
          ...noFinish,
          ...affine(statistics, call.attributes.epsilon),
          shortcut: shortcut !== undefined,
          activation,
        } as const;
        const terms = shortcut ? [read(x), read(shortcut)] : [read(x)];
        this.steps.push({ operator: 'finish', inputs: terms, output: made(), layer, finish });
        return;
      }
      case 'relu':
        this.steps.push({ operator: 'finish', ...unary(), finish: { ...noFinish, activation: 'relu' } });
        return;
      case 'prelu':
        this.steps.push({
          operator: 'finish',
          ...unary(),
          finish: { ...noFinish, activation: 'prelu', negative: constant(inputs[1]!) },
        });
        return;
      case 'fprelu': {
        const slopes = { positive: constant(inputs[1]!), negative: constant(inputs[2]!) };
        this.steps.push({ operator: 'finish', ...unary(), finish: { ...noFinish, activation: 'fprelu', ...slopes } });
        return;
      }
      case 'add':
      case 'multiply':
      case 'concat':
        this.steps.push({ operator: call.operator, inputs: inputs.map(read), output: made(), layer });
        return;
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
        throw new UnsupportedError(`freezing ${reader}`, 'a packed model has no such step.');
    }
  }

  /** The signs of x, packed for a convolution of so many groups; made once for all that read them. */
  private signs(x: TracedValue, groups: number, layer: string, reader: string): PackedValue {
    const key = `${x.id}/${groups}`;
    const known = this.signsOf.get(key);
    if (known) return known;
    const input = this.value(x, reader);
    const signs: PackedValue = { form: 'signs', shape: input.shape, groups };
    this.steps.push({ operator: 'signs', inputs: [input], output: signs, layer });
    this.signsOf.set(key, signs);
    this.origins.set(signs, x.id);
    return signs;
  }

  /** @throws UnsupportedError when it is not known before there is an image */
  private constant({ id }: TracedValue, reader: string): Constant {
    const known = this.constants.get(id);
    if (!known)
      throw new UnsupportedError(`freezing ${reader}`, 'its weights depend on the image, and a packed model holds them.');
    return { ...known, isSigns: false };
  }
}

/** @throws UnsupportedError for a shape of other than two to four axes, the batch counted */
function valueShape(shape: Shape, reader: string): ValueShape {
  const own = shape.slice(1);
  switch (own.length) {
    case 1:
      return [1, 1, own[0]!];
    case 2:
      return [1, own[0]!, own[1]!];
    case 3:
      return [own[0]!, own[1]!, own[2]!];
    default:
      throw new UnsupportedError(
        `freezing ${reader}`,
        `it makes ${formatShape(shape)}, and values have one to three axes besides the batch.`,
      );
  }
}

function signsOf(w: Constant): Constant {
  return { ...w, data: w.data.map((value) => (value >= 0 ? 1 : -1)), isSigns: true };
}

/** Mean |w| of each output channel. */
function meanSizes(w: Constant): Constant {
  const { shape, data } = w;
  const length = data.length / shape[0]!;
  const means = Float32Array.from({ length: shape[0]! }, (_, output) => {
    let sum = 0;
    for (let i = output * length; i < (output + 1) * length; i++) sum += Math.abs(data[i]!);
    return sum / length;
  });
  return { ...w, shape: [shape[0]!], data: means };
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
