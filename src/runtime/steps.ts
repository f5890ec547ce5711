import type { ForwardKernels } from '../engine/forward-kernels.js';
import type { Address, BroadcastOperation, Conv2dGeometry, FinishTensors } from '../engine/kernels.js';
import { signRowBytes } from '../engine/packed-signs.js';
import type { StoredTensor } from '../formats/dtypes.js';
import type { Finish, PackedGraph, PackedValue, Step, ValueShape } from '../formats/packed/graph.js';
import type { Weights } from './weights.js';

/** Memory of a step for one run: its inputs', its output's, and what it asked for itself. */
export interface StepMemory {
  readonly inputs: readonly Address[];
  readonly output: Address;
  readonly workspace: Address;
}

/** A step with its weights, ready to run. */
export interface PreparedStep {
  /** Bytes for each image that the step needs while it runs. */
  readonly workspaceBytes: number;
  run(batch: number, memory: StepMemory): void;
}

/** Bytes of a value for one image. */
export function valueBytes({ form, shape: [height, width, channels], groups }: PackedValue): number {
  const pixels = height * width;
  return form === 'signs' ? pixels * groups * signRowBytes(channels / groups) : pixels * channels * 4;
}

/** Puts a step's weights into memory and says how it is run. The graph was checked. */
export function prepareStep(
  step: Step,
  graph: PackedGraph,
  tensors: ReadonlyMap<string, StoredTensor>,
  weights: Weights,
  kernels: ForwardKernels,
): PreparedStep {
  const shapes = step.inputs.map((input) => graph.values[input]!.shape);
  const [x] = shapes as [ValueShape];
  const y = graph.values[step.output]!.shape;
  const [height, width, channels] = x;
  const pixels = height * width;
  const [outHeight, outWidth, outChannels] = y;
  const outPixels = outHeight * outWidth;
  const simple = (run: PreparedStep['run']): PreparedStep => ({ workspaceBytes: 0, run });
  switch (step.operator) {
    case 'convolution': {
      const g = geometry(x, y, tensors.get(step.weight)!.shape, step);
      // A bias that follows nothing else is where the sums begin.
      const startsAtBias = step.finish.scale === null;
      const filters = weights.packedFilters(step.weight, startsAtBias ? step.finish.bias : null, g);
      const finish = finishFor(startsAtBias ? { ...step.finish, bias: null } : step.finish, weights);
      return simple((batch, { inputs, output }) => {
        kernels.packedConv2d({ ...g, batch }, inputs[0]!, filters, finish?.(inputs) ?? null, output);
      });
    }
    case 'binaryConvolution': {
      const g = geometry(x, y, tensors.get(step.weight)!.shape, step);
      const weight = weights.packedSigns(step.weight, g);
      const finish = finishFor(step.finish, weights);
      return simple((batch, { inputs, output }) => {
        kernels.packedBinaryConv2d({ ...g, batch }, inputs[0]!, weight, finish?.(inputs) ?? null, output);
      });
    }
    case 'binaryConvolutionSigns': {
      const g = geometry(x, y, tensors.get(step.weight)!.shape, step);
      const weight = weights.packedSigns(step.weight, g);
      const thresholds = weights.floats(step.thresholds);
      const { groups } = graph.values[step.output]!;
      return {
        workspaceBytes: 4 * kernels.binarySumFloats(g, groups),
        run: (batch, { inputs, output, workspace }) =>
          kernels.packedBinarySigns({ ...g, batch }, inputs[0]!, weight, thresholds, groups, output, workspace),
      };
    }
    case 'dynamicConvolution':
    case 'dynamicBinaryConvolution':
      return dynamic(step, { x, y }, tensors, weights, kernels);
    case 'signs': {
      const { groups } = graph.values[step.output]!;
      return simple((batch, { inputs, output }) => {
        kernels.packSigns(batch * pixels * groups, channels / groups, inputs[0]!, output, null, 0);
      });
    }
    case 'finish': {
      const finish = prepareFinish(step.finish, y, weights, kernels);
      return simple((batch, { inputs, output }) => {
        if (finish) finish(batch, inputs[0]!, inputs, output);
        else kernels.copy(batch * pixels * channels, inputs[0]!, output);
      });
    }
    case 'sigmoid':
    case 'hardTanh':
      return simple((batch, { inputs, output }) =>
        kernels.activation(step.operator, batch * pixels * channels, inputs[0]!, output),
      );
    case 'add':
    case 'multiply':
      return simple(broadcast(step.operator, x, shapes[1]!, kernels));
    case 'concat':
      return simple((batch, { inputs, output }) => {
        let start = 0;
        for (const [i, input] of inputs.entries()) {
          const count = shapes[i]![2];
          kernels.copyColumns(batch * pixels, count, count, 0, outChannels, start, input, output);
          start += count;
        }
      });
    case 'shuffleChannels':
      return simple((batch, { inputs, output }) =>
        kernels.shuffleChannels(batch * pixels, channels, step.groups, inputs[0]!, output),
      );
    case 'pad':
      return padding(step, x, y, kernels);
    case 'maxPool':
      return {
        workspaceBytes: outPixels * outChannels * 4,
        run: (batch, { inputs, output, workspace }) => kernels.maxPool(pool(step, x, y, batch), inputs[0]!, output, workspace),
      };
    case 'averagePool':
      return simple((batch, { inputs, output }) => kernels.averagePool(pool(step, x, y, batch), inputs[0]!, output));
    case 'globalAveragePool':
      return simple((batch, { inputs, output }) => kernels.globalAveragePool(batch, pixels, channels, inputs[0]!, output));
    case 'resizeBilinear':
      return simple((batch, { inputs, output }) =>
        kernels.resizeBilinear({ batch, height, width, channels, outHeight, outWidth }, inputs[0]!, output),
      );
    case 'channelMean':
      return simple((batch, { inputs, output }) => kernels.channelMean(batch * pixels, channels, inputs[0]!, output));
    case 'channelMax':
      return {
        workspaceBytes: pixels * 4,
        run: (batch, { inputs, output, workspace }) =>
          kernels.channelMax(batch * pixels, channels, inputs[0]!, output, workspace),
      };
    case 'reshape':
      return simple((batch, { inputs, output }) => kernels.copy(batch * pixels * channels, inputs[0]!, output));
  }
}

interface Windows {
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
  readonly groups: number;
}

function geometry(
  x: ValueShape,
  y: ValueShape,
  weight: readonly number[],
  windows: Windows,
): Omit<Conv2dGeometry, 'batch'> & { batch: number } {
  const [height, width, inChannels] = x;
  const [outHeight, outWidth, outChannels] = y;
  const { stride, padding, dilation, groups } = windows;
  const kernel = { kernelHeight: weight[1]!, kernelWidth: weight[2]! };
  return { batch: 1, height, width, inChannels, outHeight, outWidth, outChannels, ...kernel, stride, padding, dilation, groups };
}

/** What a step ends with, for the addresses of its inputs; null for a finish that changes nothing. */
function finishFor(finish: Finish<string>, weights: Weights): ((inputs: readonly Address[]) => FinishTensors) | null {
  const { scale, bias, shortcut, activation } = finish;
  if (scale === null && bias === null && !shortcut && activation === 'none') return null;
  const tensors: Omit<FinishTensors, 'shortcut'> = {
    ...{ scale: weights.floats(scale), bias: weights.floats(bias), activation },
    ...{ positive: weights.floats(finish.positive), negative: weights.floats(finish.negative) },
  };
  return (inputs) => ({ ...tensors, shortcut: shortcut ? inputs.at(-1)! : 0 });
}

type RunFinish = (batch: number, x: Address, inputs: readonly Address[], y: Address) => void;

/** A finish as a pass of its own. */
function prepareFinish(finish: Finish<string>, y: ValueShape, weights: Weights, kernels: ForwardKernels): RunFinish | null {
  const tensors = finishFor(finish, weights);
  const rows = y[0] * y[1];
  return tensors && ((batch, from, inputs, to) => kernels.finish(batch * rows, y[2], tensors(inputs), from, to));
}

function dynamic(
  step: Extract<Step, { readonly operator: 'dynamicConvolution' | 'dynamicBinaryConvolution' }>,
  { x, y }: { readonly x: ValueShape; readonly y: ValueShape },
  tensors: ReadonlyMap<string, StoredTensor>,
  weights: Weights,
  kernels: ForwardKernels,
): PreparedStep {
  const { heads, kept, stride, padding } = step;
  const channels = x[2];
  const g = { ...geometry(x, y, tensors.get(step.weight)!.shape, { stride, padding, dilation: 1, groups: 1 }), heads, kept };
  const isBinary = step.operator === 'dynamicBinaryConvolution';
  const weight = isBinary ? weights.signs(step.weight, channels) : weights.packedDynamic(step.weight, g);
  const ranking = weights.floats(step.ranking);
  const finish = finishFor(step.finish, weights);
  const gateBytes = heads * channels * 4;
  return {
    workspaceBytes: heads * kept * 4 + 2 * gateBytes,
    run(batch, { inputs, output, workspace }) {
      const [image, gates] = inputs as [Address, Address];
      const index = workspace;
      const levels = index + batch * heads * kept * 4;
      const ranks = levels + batch * gateBytes;
      for (let i = 0; ranking !== 0 && i < batch; i++) kernels.copy(heads * channels, ranking, ranks + i * gateBytes);
      kernels.selectChannels(batch * heads, channels, kept, step.ties === 'drop', ranking === 0 ? gates : ranks, index);
      if (isBinary) {
        kernels.levelGates(batch * heads, channels, kept, gates, index, levels);
        kernels.dynamicBinaryConv2d({ ...g, batch }, image, weight, levels, index, output);
        if (finish) kernels.finish(batch * y[0] * y[1], y[2], finish(inputs), output, output);
      } else {
        kernels.packedDynamicConv2d({ ...g, batch }, image, weight, gates, index, finish?.(inputs) ?? null, output);
      }
    },
  };
}

function broadcast(operation: BroadcastOperation, a: ValueShape, b: ValueShape, kernels: ForwardKernels): PreparedStep['run'] {
  const [height, width, channels] = a;
  const overPixels = b[0] === 1 && b[1] === 1 && height * width > 1;
  const overChannels = b[2] === 1 && channels > 1;
  const sizes = { pixels: height * width, channels, overBatch: false, overPixels, overChannels };
  return (batch, { inputs, output }) => kernels.broadcast(operation, { ...sizes, batch }, inputs[0]!, inputs[1]!, output);
}

function padding(
  step: Extract<Step, { readonly operator: 'pad' }>,
  x: ValueShape,
  y: ValueShape,
  kernels: ForwardKernels,
): PreparedStep {
  const [height, width, channels] = x;
  const [outHeight, outWidth, outChannels] = y;
  const inSpace = { height, width, channels, outHeight, outWidth };
  const widens = outChannels !== channels;
  return {
    workspaceBytes: widens ? outHeight * outWidth * channels * 4 : 0,
    run(batch, { inputs, output, workspace }) {
      const padded = widens ? workspace : output;
      kernels.pad({ ...inSpace, batch }, step.top, step.left, inputs[0]!, padded);
      if (!widens) return;
      const rows = batch * outHeight * outWidth;
      kernels.fill(rows * outChannels, 0, output);
      kernels.copyColumns(rows, channels, channels, 0, outChannels, step.channelsBefore, padded, output);
    },
  };
}

function pool(
  { kernel, stride, padding }: { kernel: number; stride: number; padding: number },
  x: ValueShape,
  y: ValueShape,
  batch: number,
) {
  return { batch, height: x[0], width: x[1], channels: x[2], outHeight: y[0], outWidth: y[1], kernel, stride, padding };
}
