import { type Finish, noFinish, type PackedValue } from '../formats/packed/graph.js';
import { type Constant, type Draft, type DraftStep, readersOf } from './draft.js';

type DraftFinish = Finish<Constant>;
type Finishable = Extract<DraftStep, { readonly finish: DraftFinish }>;

/**
 * Joins what follows a computation element by element to it: batch norms, additions of a shortcut, activations become its finish, so that memory is
 * walked once. Then scales of real weights move into these.
 */
export function fuse(draft: Draft): Draft {
  const readers = readersOf(draft);
  const onlyReader = (value: PackedValue) => value !== draft.output && readers.get(value)?.length === 1;
  const steps: DraftStep[] = [];
  const makerOf = new Map<PackedValue, DraftStep>();
  const push = (step: DraftStep) => {
    steps.push(step);
    makerOf.set(step.output, step);
  };
  /** The step that makes `value` for one reader alone, if it has a finish. */
  const producer = (value: PackedValue): Finishable | null => {
    const maker = makerOf.get(value);
    return maker && 'finish' in maker && onlyReader(value) ? maker : null;
  };
  for (const original of draft.steps) {
    const step = asFinish(original, (value) => producer(value) !== null);
    const maker = step.operator === 'finish' ? producer(step.inputs[0]!) : null;
    const joined = step.operator === 'finish' && maker ? join(maker, step) : null;
    if (joined && maker) steps.splice(steps.indexOf(maker), 1);
    push(joined ?? step);
  }
  return { ...draft, steps: steps.map(scaleWeights) };
}

/** An addition of equal shapes as a step that adds a shortcut, the term that another step may take in first. */
function asFinish(step: DraftStep, canTakeIn: (value: PackedValue) => boolean): DraftStep {
  if (step.operator !== 'add') return step;
  const [a, b] = step.inputs as [PackedValue, PackedValue];
  if (a.shape.some((length, axis) => length !== b.shape[axis])) return step;
  const inputs = a !== b && !canTakeIn(a) && canTakeIn(b) ? [b, a] : [a, b];
  const { output, layer } = step;
  return { operator: 'finish', inputs, output, layer, finish: { ...noFinish, shortcut: true } };
}

/** `first` and what `next` does to its result, in the place of `next`, or null where that is more than one finish can do. */
function join(first: Finishable, next: DraftStep<'finish'>): DraftStep | null {
  const [a, b] = [first.finish, next.finish];
  if (a.activation !== 'none') return null;
  const isAffine = b.scale !== null || b.bias !== null;
  if (a.shortcut && (isAffine || b.shortcut)) return null;
  const finish: DraftFinish = {
    ...b,
    scale: product(a.scale, b.scale),
    bias: sum(a.bias && product(a.bias, b.scale), b.bias),
    shortcut: a.shortcut || b.shortcut,
  };
  return { ...first, inputs: [...first.inputs, ...next.inputs.slice(1)], output: next.output, finish };
}

/** a * b by channel; a missing factor is 1. */
function product(a: Constant | null, b: Constant | null): Constant | null {
  if (!a || !b) return a ?? b;
  return { ...a, data: a.data.map((value, c) => value * b.data[c]!) };
}

/** a + b by channel; a missing term is 0. */
function sum(a: Constant | null, b: Constant | null): Constant | null {
  if (!a || !b) return a ?? b;
  return { ...a, data: a.data.map((value, c) => value + b.data[c]!) };
}

/** Of real weights each output channel times its scale. */
function scaleWeights(step: DraftStep): DraftStep {
  if (step.operator !== 'convolution' && step.operator !== 'dynamicConvolution') return step;
  const { scale } = step.finish;
  if (!scale) return step;
  const { weight } = step;
  const length = weight.data.length / weight.shape[0]!;
  const data = weight.data.map((value, i) => value * scale.data[Math.floor(i / length)]!);
  return { ...step, weight: { ...weight, data }, finish: { ...step.finish, scale: null } };
}
