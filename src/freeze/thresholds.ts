import type { Engine } from '../engine/engine.js';
import type { PackedValue } from '../formats/packed/graph.js';
import type { Module } from '../nn/index.js';
import { dispatch } from '../ops/dispatch.js';
import { type Operator, operators } from '../ops/index.js';
import { scope } from '../tensor/scope.js';
import { Tensor } from '../tensor/tensor.js';
import { constantsOf, type TracedConstant } from './constants.js';
import { type Constant, type Draft, type DraftStep, readersOf } from './draft.js';
import type { Trace, TracedCall } from './trace.js';

type BinaryStep = DraftStep<'binaryConvolution'>;

/**
 * Where nothing but signs are read of what follows a 1-bit convolution channel by channel (its scale, batch norms, activations), all of it becomes a
 * threshold a channel: the convolution makes the signs itself, and its integers are never floats.
 *
 * An integer of n products is one of -n to n. For each of them the engine computes what the model makes of it, by the model's own operators, so that
 * its rounding is the model's; what is found is then right for every image, to the bit. In a channel the signs along -n, ..., n may
 *
 *     never change              all +1 (after a ReLU, or a slope below zero of at most 0): threshold -n; or all -1: n + 1, which no integer reaches
 *     change once, from - to +  the first + is the threshold (batch norm of positive scale; slopes above 0 keep signs)
 *     change once, from + to -  (a negative scale, or negative slopes on both sides): the integers of the negated weights are the negated
 *                               integers, also at borders, where taps are missing; so these weights are stored, with the last + negated
 *     change twice              + at 0 alone, say (a negative slope from zero up, a positive one below): no threshold, and all stays as it was.
 */
export function joinThresholds(draft: Draft, trace: Trace, model: Module, engine: Engine): Draft {
  const readers = readersOf(draft);
  const callOf = new Map(trace.calls.map((call) => [call.output.id, call]));
  /** What stands for a step instead of it, if anything. */
  const instead = new Map<DraftStep, DraftStep | null>();
  let constants: ReadonlyMap<number, TracedConstant> | null = null;
  for (const step of draft.steps) {
    if (step.operator !== 'binaryConvolution') continue;
    const path = pathToSigns(step, draft, readers);
    if (!path) continue;
    const calls = path.slice(0, -1).map(({ output }) => callOf.get(draft.origins.get(output)!)!);
    constants ??= constantsOf(model, trace);
    const joined = withThresholds(step, path.at(-1)!.output, channelwise(calls, constants), engine);
    if (!joined) continue;
    for (const passed of path) instead.set(passed, null);
    instead.set(step, joined);
  }
  const steps = draft.steps.flatMap((step) => {
    const found = instead.get(step);
    return found === undefined ? [step] : found === null ? [] : [found];
  });
  return { ...draft, steps };
}

/** The steps behind a convolution, each alone in reading the one before, to that which packs signs; null where there is another. */
function pathToSigns(
  step: BinaryStep,
  { output }: Draft,
  readers: ReadonlyMap<PackedValue, readonly DraftStep[]>,
): readonly DraftStep[] | null {
  const path: DraftStep[] = [];
  for (let value = step.output; value !== output; ) {
    const [next, another] = readers.get(value) ?? [];
    if (!next || another || !isChannelwise(next)) return null;
    path.push(next);
    if (next.operator === 'signs') return path;
    value = next.output;
  }
  return null;
}

/** Whether a step makes each element of one element, and of constants of its channel. */
function isChannelwise(step: DraftStep): boolean {
  if (step.operator === 'finish') return !step.finish.shortcut;
  return step.operator === 'signs' || step.operator === 'hardTanh' || step.operator === 'sigmoid';
}

/** A call of the model, besides its first input. */
interface ChannelwiseCall {
  readonly call: TracedCall;
  readonly constants: readonly TracedConstant[];
}

function channelwise(calls: readonly TracedCall[], constants: ReadonlyMap<number, TracedConstant>): readonly ChannelwiseCall[] {
  return calls.map((call) => ({ call, constants: call.inputs.slice(1).map(({ id }) => constants.get(id)!) }));
}

/** Above this trying all integers would take long. */
const MOST_PRODUCTS = 2 ** 16;

function withThresholds(
  step: BinaryStep,
  output: PackedValue,
  calls: readonly ChannelwiseCall[],
  engine: Engine,
): DraftStep | null {
  const { inputs, layer, stride, padding, dilation, groups, weight, finish } = step;
  const [channels, ...window] = weight.shape as [number, number, number, number];
  const products = window.reduce((product, length) => product * length, 1);
  if (products > MOST_PRODUCTS) return null;
  const turns = new Turns(products, channels);
  for (let first = -products; first <= products; first += turns.atOnce) {
    const count = Math.min(turns.atOnce, products - first + 1);
    turns.add(first, modelOf(integers(first, count, channels, finish.scale), count, calls, engine));
  }
  const found = turns.thresholds();
  if (!found) return null;
  const { data, negated } = found;
  const thresholds: Constant = {
    path: `${weight.path}.threshold`,
    sources: [weight, ...calls.flatMap(({ constants }) => constants)].flatMap(({ sources }) => sources),
    ...{ shape: [channels], data, isSigns: false },
  };
  const signs = weight.data.map((sign, i) => (negated[Math.floor(i / products)] ? -sign : sign));
  const windows = { stride, padding, dilation, groups };
  return {
    ...{ operator: 'binaryConvolutionSigns', inputs, output, layer, ...windows },
    ...{ weight: { ...weight, data: signs }, thresholds },
  };
}

/** The integers from `first` on, each in all channels, times the channel's scale. */
function integers(first: number, count: number, channels: number, scale: Constant | null): Float32Array {
  return Float32Array.from({ length: count * channels }, (_, i) => {
    const integer = first + Math.floor(i / channels);
    return scale ? integer * scale.data[i % channels]! : integer;
  });
}

/** What the model makes of [1, count, 1, channels] by these calls. */
function modelOf(values: Float32Array, count: number, calls: readonly ChannelwiseCall[], engine: Engine): Float32Array {
  return scope(engine, () => {
    let x = Tensor.from(engine, values, [1, count, 1, values.length / count]);
    for (const { call, constants } of calls) {
      const { operator, attributes } = call;
      const tensors = [x, ...constants.map(({ data, shape }) => Tensor.from(engine, data, shape))];
      x = dispatch(operator, operators[operator as keyof typeof operators] as Operator<unknown>, tensors, attributes);
    }
    return Float32Array.from(x.toArray());
  });
}

/** Elements that the engine computes at a time. */
const MOST_ELEMENTS = 2 ** 20;

/** Where along the integers -n, ..., n the signs of each channel change. */
class Turns {
  /** Integers that are computed at a time. */
  readonly atOnce: number;
  private readonly begins: Uint8Array;
  private readonly last: Uint8Array;
  private readonly changes: Int32Array;
  private readonly place: Int32Array;

  constructor(
    private readonly n: number,
    private readonly channels: number,
  ) {
    this.atOnce = Math.max(1, Math.floor(MOST_ELEMENTS / channels));
    this.begins = new Uint8Array(channels);
    this.last = new Uint8Array(channels);
    this.changes = new Int32Array(channels);
    this.place = new Int32Array(channels);
  }

  /** @param values [integers from `first` on, channels] */
  add(first: number, values: Float32Array): void {
    const { channels, last } = this;
    for (let i = 0; i < values.length; i++) {
      const c = i % channels;
      const integer = first + Math.floor(i / channels);
      const sign = values[i]! >= 0 ? 1 : 0;
      if (integer === -this.n) this.begins[c] = sign;
      else if (sign !== last[c]) {
        this.changes[c]!++;
        this.place[c] = integer;
      }
      last[c] = sign;
    }
  }

  /** Thresholds, and the channels whose weights are negated; null where a channel has none. */
  thresholds(): { readonly data: Float32Array; readonly negated: readonly boolean[] } | null {
    if (this.changes.some((count) => count > 1)) return null;
    const negated = Array.from(this.changes, (count, c) => count === 1 && this.begins[c] === 1);
    const data = Float32Array.from(this.changes, (count, c) => {
      if (count === 0) return this.begins[c] ? -this.n : this.n + 1;
      return negated[c] ? 1 - this.place[c]! : this.place[c]!;
    });
    return { data, negated };
  }
}
