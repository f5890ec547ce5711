import type { Finish, PackedGraph, PackedValue, Step } from '../formats/packed/graph.js';
import type { FrozenFile } from './checkpoint.js';
import type { FrozenModel } from './freeze.js';
import type { FrozenPart } from './parts.js';
import { isBinary, whyReal } from './why-real.js';

/** What became of a layer: one step of the packed model. */
export interface FrozenLayer {
  /** Path of the module in the model, or the operator where it has no parameters. */
  readonly layer: string;
  readonly operator: Step['operator'];
  /** Height, width and channels of its result, for one image. */
  readonly output: readonly number[];
  /** Whether its result is kept in bits. */
  readonly signs: boolean;
  /** Bytes of its tensors in the file, and as float32. */
  readonly bytes: number;
  readonly floatBytes: number;
  readonly macs: number;
  readonly binaryMacs: number;
  /** How its weights are stored; null where it has none. */
  readonly weights: 'bits' | 'floats' | null;
  /** What is done to its result in the same pass: `scale`, `bias`, `shortcut`, the activation; or `threshold`, which all that became. */
  readonly folded: readonly string[];
  /** Why its multiplications are real; null where there are none, or they are 1-bit. */
  readonly whyReal: string | null;
}

/** A step, and what freezing found out about it. */
export interface ReportedLayer extends FrozenLayer {
  /** The calls of the model that it stands for. */
  readonly parts: readonly FrozenPart[];
  /** How long it takes, and the same layer of the float twin; null where that was not timed, or has no such layer. */
  readonly milliseconds: number | null;
  readonly twinMilliseconds: number | null;
}

/** A line a step of a model that was just frozen. */
export function reportedLayers(frozen: FrozenFile): readonly ReportedLayer[] {
  const { parts, timing } = frozen;
  return frozenLayers(frozen).map((layer, i) => ({
    ...layer,
    parts: parts[i]!,
    milliseconds: timing?.steps[i] ?? null,
    twinMilliseconds: timing?.twin?.steps[i] ?? null,
  }));
}

/** A line a step. */
export function frozenLayers({ graph, tensors }: Pick<FrozenModel, 'graph' | 'tensors'>): readonly FrozenLayer[] {
  const bytesOf = (name: string) => tensors.get(name)!.data.byteLength;
  const isReal = graph.steps.map((step) => 'weight' in step && tensors.get(step.weight)!.dtype !== 'U8');
  const why = whyReal(graph, isReal);
  return graph.steps.map((step, i) => {
    const output = graph.values[step.output]!;
    const names = tensorsOf(step);
    const weight = 'weight' in step ? step.weight : null;
    const { macs, binaryMacs } = multiplications(step, graph, weight === null ? [] : tensors.get(weight)!.shape);
    const isBits = weight !== null && tensors.get(weight)!.dtype === 'U8';
    const bytes = names.reduce((sum, name) => sum + bytesOf(name), 0);
    const floatWeight = isBits ? 4 * weightCount(step, graph, tensors.get(weight)!.shape) - bytesOf(weight) : 0;
    return {
      layer: step.layer || step.operator,
      operator: step.operator,
      output: output.shape,
      signs: output.form === 'signs',
      bytes,
      floatBytes: bytes + floatWeight,
      macs,
      binaryMacs,
      weights: names.length === 0 ? null : isBits ? 'bits' : 'floats',
      folded: 'thresholds' in step ? ['threshold'] : 'finish' in step ? foldedParts(step.finish) : [],
      whyReal: why[i]!,
    };
  });
}

function tensorsOf(step: Step): readonly string[] {
  const finish = 'finish' in step ? [step.finish.scale, step.finish.bias, step.finish.positive, step.finish.negative] : [];
  const thresholds = 'thresholds' in step ? step.thresholds : null;
  const own = ['weight' in step ? step.weight : null, thresholds, 'ranking' in step ? step.ranking : null];
  return [...own, ...finish].filter((name) => name !== null);
}

function foldedParts({ scale, bias, shortcut, activation }: Finish<string>): readonly string[] {
  return [
    ...(scale === null ? [] : ['scale']),
    ...(bias === null ? [] : ['bias']),
    ...(shortcut ? ['shortcut'] : []),
    ...(activation === 'none' ? [] : [activation]),
  ];
}

/** Channels that each output sees. */
function depth(step: Step, x: PackedValue): number {
  if (step.operator === 'dynamicConvolution' || step.operator === 'dynamicBinaryConvolution') return step.kept;
  return 'groups' in step ? x.shape[2] / step.groups : x.shape[2];
}

function weightCount(step: Step, graph: PackedGraph, shape: readonly number[]): number {
  const x = graph.values[step.inputs[0]!]!;
  const channels = 'groups' in step ? x.shape[2] / step.groups : x.shape[2];
  return shape[0]! * shape[1]! * shape[2]! * channels;
}

function multiplications(step: Step, graph: PackedGraph, weight: readonly number[]): { macs: number; binaryMacs: number } {
  if (weight.length === 0) return { macs: 0, binaryMacs: 0 };
  const [height, width, channels] = graph.values[step.output]!.shape;
  const count = height * width * channels * weight[1]! * weight[2]! * depth(step, graph.values[step.inputs[0]!]!);
  return isBinary(step) ? { macs: 0, binaryMacs: count } : { macs: count, binaryMacs: 0 };
}
