import type { StoredTensor } from '../dtypes.js';
import type { Finish, PackedValue, Step, ValueForm, ValueShape } from './graph.js';

/** What is wrong with a step, in words that go on after its name. */
export class BadStep extends Error {}

/** A step's tensor by its name. @throws BadStep when the file has none, or not of this type and shape (-1: any length of at least 1) */
export type FindTensor = (name: unknown, dtype: 'F32' | 'U8', shape: readonly number[]) => StoredTensor;

interface Context {
  readonly inputs: readonly PackedValue[];
  /** The shape that the file claims: for the two operators that do not follow from their inputs. */
  readonly claimed: ValueShape;
  readonly tensor: FindTensor;
}

/** Form and shape of a step's result. @throws BadStep when fields, inputs or tensors do not fit one another */
export function resultOf(step: Step, context: Context): PackedValue {
  const { inputs, claimed } = context;
  switch (step.operator) {
    case 'convolution':
    case 'binaryConvolution': {
      const { shape } = convolution(step, context, step.operator === 'convolution' ? 'floats' : 'signs');
      return finishedConvolution(step.finish, shape, inputs, context.tensor);
    }
    case 'binaryConvolutionSigns': {
      take(inputs, 1, 'signs');
      const { shape, products } = convolution(step, context, 'signs');
      checkThresholds(context.tensor(step.thresholds, 'F32', [shape[2]]).data as Float32Array, products);
      // As of signs.
      return { form: 'signs', shape, groups: 1 };
    }
    case 'dynamicConvolution':
    case 'dynamicBinaryConvolution':
      return dynamic(step, context);
    case 'signs': {
      const [x] = take(inputs, 1);
      // The groups that its reader has are the reader's to check.
      return { form: 'signs', shape: x!.shape, groups: 1 };
    }
    case 'finish': {
      const [x] = take(inputs, step.finish.shortcut ? 2 : 1);
      return finished(step.finish, x!.shape, context);
    }
    case 'sigmoid':
    case 'hardTanh':
      return floats(take(inputs, 1)[0]!.shape);
    case 'add':
    case 'multiply':
      return floats(broadcast(take(inputs, 2)));
    case 'concat': {
      if (inputs.length === 0) throw new BadStep('has no inputs.');
      const shapes = take(inputs, inputs.length).map(({ shape }) => shape);
      const [height, width] = shapes[0]!;
      if (shapes.some((shape) => shape[0] !== height || shape[1] !== width)) throw new BadStep('joins images of unequal sizes.');
      return floats([height, width, shapes.reduce((sum, shape) => sum + shape[2], 0)]);
    }
    case 'shuffleChannels': {
      const { shape } = take(inputs, 1)[0]!;
      if (shape[2] % whole(step.groups, 'groups', 1) !== 0)
        throw new BadStep(`has ${step.groups} groups of ${shape[2]} channels.`);
      return floats(shape);
    }
    case 'pad': {
      const [height, width, channels] = take(inputs, 1)[0]!.shape;
      const { top, bottom, left, right, channelsBefore, channelsAfter } = step;
      for (const [name, side] of Object.entries({ top, bottom, left, right })) whole(side, name, -65536);
      const added = whole(channelsBefore, 'channelsBefore', 0) + whole(channelsAfter, 'channelsAfter', 0);
      return floats([height + top + bottom, width + left + right, channels + added]);
    }
    case 'maxPool':
    case 'averagePool': {
      const [height, width, channels] = take(inputs, 1)[0]!.shape;
      const kernel = whole(step.kernel, 'kernel', 1);
      const stride = whole(step.stride, 'stride', 1);
      const padding = whole(step.padding, 'padding', 0);
      if (2 * padding > kernel) throw new BadStep(`pads by ${padding}, more than half of its window of ${kernel}.`);
      const length = (side: number) => Math.floor((side + 2 * padding - kernel) / stride) + 1;
      return floats([length(height), length(width), channels]);
    }
    case 'globalAveragePool':
      return floats([1, 1, take(inputs, 1)[0]!.shape[2]]);
    case 'channelMean':
    case 'channelMax': {
      const [height, width] = take(inputs, 1)[0]!.shape;
      return floats([height, width, 1]);
    }
    case 'resizeBilinear':
      return floats([claimed[0], claimed[1], take(inputs, 1)[0]!.shape[2]]);
    case 'reshape':
      if (elements(take(inputs, 1)[0]!.shape) !== elements(claimed)) throw new BadStep('changes the number of elements.');
      return floats(claimed);
  }
}

export function elements([height, width, channels]: ValueShape): number {
  return height * width * channels;
}

function floats(shape: ValueShape): PackedValue {
  return { form: 'floats', shape, groups: 1 };
}

/** @throws BadStep unless there are so many inputs, all of this form */
function take(inputs: readonly PackedValue[], count: number, form: ValueForm = 'floats'): readonly PackedValue[] {
  if (inputs.length !== count) throw new BadStep(`has ${inputs.length} inputs and needs ${count}.`);
  const other = inputs.find((input) => input.form !== form);
  if (other) throw new BadStep(`reads ${other.form} and needs ${form}.`);
  return inputs;
}

function whole(value: unknown, name: string, least: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > 65536) {
    throw new BadStep(`has ${name} ${JSON.stringify(value)} and needs a whole number from ${least} to 65536.`);
  }
  return value;
}

/** The shape that a convolution makes, and of how many products each element is the sum. */
function convolution(
  step: Extract<Step, { readonly operator: 'convolution' | 'binaryConvolution' | 'binaryConvolutionSigns' }>,
  { inputs, tensor }: Context,
  form: ValueForm,
): { readonly shape: ValueShape; readonly products: number } {
  const [x] = take(inputs.slice(0, 1), 1, form);
  const windows = {
    stride: whole(step.stride, 'stride', 1),
    padding: whole(step.padding, 'padding', 0),
    dilation: whole(step.dilation, 'dilation', 1),
  };
  const groups = whole(step.groups, 'groups', 1);
  const [height, width, channels] = x!.shape;
  if (channels % groups !== 0) throw new BadStep(`has ${groups} groups of ${channels} channels.`);
  if (form === 'signs' && x!.groups !== groups) throw new BadStep(`has ${groups} groups, and reads signs of ${x!.groups}.`);
  const own = channels / groups;
  const stored =
    form === 'signs'
      ? tensor(step.weight, 'U8', [-1, -1, -1, Math.ceil(own / 8)])
      : tensor(step.weight, 'F32', [-1, -1, -1, own]);
  const [outChannels, kernelHeight, kernelWidth] = stored.shape as [number, number, number];
  if (outChannels % groups !== 0) throw new BadStep(`makes ${outChannels} channels in ${groups} groups.`);
  return {
    shape: [outputLength(height, kernelHeight, windows), outputLength(width, kernelWidth, windows), outChannels],
    products: own * kernelHeight * kernelWidth,
  };
}

/** What no integer of so many products is below, or none reaches, is said by the ends alone. @throws BadStep */
function checkThresholds(thresholds: Float32Array, products: number): void {
  const bad = thresholds.find(
    (threshold) => !(Number.isInteger(threshold) && threshold >= -products && threshold <= products + 1),
  );
  if (bad === undefined) return;
  throw new BadStep(`has a threshold ${bad} and needs whole numbers from ${-products} to ${products + 1}.`);
}

interface Windows {
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
}

function outputLength(length: number, kernel: number, { stride, padding, dilation }: Windows): number {
  return Math.floor((length + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1;
}

function dynamic(
  step: Extract<Step, { readonly operator: 'dynamicConvolution' | 'dynamicBinaryConvolution' }>,
  { inputs, tensor }: Context,
): PackedValue {
  const [x, gates] = take(inputs.slice(0, 2), 2);
  const [height, width, channels] = x!.shape;
  const windows = { stride: whole(step.stride, 'stride', 1), padding: whole(step.padding, 'padding', 0), dilation: 1 };
  const heads = whole(step.heads, 'heads', 1);
  if (whole(step.kept, 'kept', 1) > channels) throw new BadStep(`keeps ${step.kept} of ${channels} channels.`);
  if (step.ties !== 'keep' && step.ties !== 'drop') throw new BadStep(`has ties ${JSON.stringify(step.ties)}: keep or drop.`);
  if (gates!.shape[1] !== heads || gates!.shape[2] !== channels || gates!.shape[0] !== 1) {
    throw new BadStep(`has gates [${gates!.shape.join(', ')}] and needs [1, ${heads}, ${channels}].`);
  }
  if (step.ranking !== null) tensor(step.ranking, 'F32', [heads, channels]);
  const isBinary = step.operator === 'dynamicBinaryConvolution';
  const stored = isBinary
    ? tensor(step.weight, 'U8', [-1, -1, -1, Math.ceil(channels / 8)])
    : tensor(step.weight, 'F32', [-1, -1, -1, channels]);
  const [outChannels, kernelHeight, kernelWidth] = stored.shape as [number, number, number];
  if (outChannels % heads !== 0) throw new BadStep(`makes ${outChannels} channels with ${heads} heads.`);
  const shape: ValueShape = [outputLength(height, kernelHeight, windows), outputLength(width, kernelWidth, windows), outChannels];
  return finishedConvolution(step.finish, shape, inputs.slice(1), tensor);
}

/** After the first input there is none but the shortcut. */
function finishedConvolution(
  finish: Finish<string>,
  shape: ValueShape,
  inputs: readonly PackedValue[],
  tensor: FindTensor,
): PackedValue {
  const wanted = finish.shortcut ? 2 : 1;
  if (inputs.length !== wanted)
    throw new BadStep(`has ${inputs.length - 1} inputs behind those of the convolution and needs ${wanted - 1}.`);
  take(inputs.slice(1), wanted - 1);
  return finished(finish, shape, { inputs, claimed: shape, tensor });
}

function finished(finish: Finish<string>, shape: ValueShape, { inputs, tensor }: Context): PackedValue {
  const channels = [shape[2]];
  for (const name of [finish.scale, finish.bias]) if (name !== null) tensor(name, 'F32', channels);
  const needed = { none: [false, false], relu: [false, false], prelu: [false, true], fprelu: [true, true] }[finish.activation];
  if (!needed) throw new BadStep(`has activation ${JSON.stringify(finish.activation)}: none, relu, prelu or fprelu.`);
  for (const [i, name] of [finish.positive, finish.negative].entries()) {
    if ((name !== null) !== needed[i])
      throw new BadStep(`has ${name === null ? 'too few' : 'too many'} slopes for ${finish.activation}.`);
    if (name !== null) tensor(name, 'F32', channels);
  }
  const shortcut = finish.shortcut ? inputs.at(-1)!.shape : shape;
  if (shortcut.some((length, axis) => length !== shape[axis])) {
    throw new BadStep(`adds [${shortcut.join(', ')}] to [${shape.join(', ')}].`);
  }
  return floats(shape);
}

function broadcast([a, b]: readonly PackedValue[]): ValueShape {
  const [x, y] = [a!.shape, b!.shape];
  const space = x[0] === y[0] && x[1] === y[1];
  const repeatsOverSpace = y[0] === 1 && y[1] === 1;
  const channels = x[2] === y[2] || y[2] === 1;
  if (!channels || !(space || repeatsOverSpace)) throw new BadStep(`repeats [${y.join(', ')}] over [${x.join(', ')}].`);
  return x;
}
