import os from 'node:os';
import type { Engine } from '../engine/engine.js';
import type { Contract } from '../formats/packed/contract.js';
import type { Step } from '../formats/packed/graph.js';
import { encodePackedModel } from '../formats/packed/model.js';
import type { ModelSpec } from '../models/network.js';
import { createFromSpec } from '../models/registry.js';
import { type LoadOptions, load, type RuntimeModel } from '../runtime/index.js';
import type { Shape } from '../tensor/shape.js';
import { packed, randomImages } from './freeze.js';
import { trace } from './trace.js';

/** How long the steps of a packed model take beside those of its float twin, in one process, one after the other. */
export interface FreezeTiming {
  /** Median milliseconds of each step. */
  readonly steps: readonly number[];
  readonly twin: TwinTiming | null;
  /** Runs that the medians are of. */
  readonly rounds: number;
  readonly threads: number;
  /** Node's name and version. */
  readonly host: string;
  readonly processor: string;
  /** In ISO 8601. */
  readonly date: string;
}

export interface TwinTiming {
  readonly name: string;
  /** Median milliseconds of all its steps. */
  readonly total: number;
  /** For each step of the packed model what stands in its place in the twin, or null where nothing of the same layer does. */
  readonly steps: readonly (number | null)[];
}

/** A packed model, and the steps in it. */
interface Timed {
  readonly bytes: Uint8Array;
  readonly steps: readonly Step[];
}

interface Twin extends Timed {
  readonly name: string;
}

const ROUNDS = 15;
const WARM_UP = 10;

/** The network of a twin, of the weights that it begins with: what it answers is of no use, how long it takes is. */
export async function packTwin(
  spec: ModelSpec,
  { input, contract, engine }: { readonly input: Shape; readonly contract: Contract; readonly engine: Engine },
): Promise<Twin> {
  const model = createFromSpec(spec, engine).eval();
  try {
    const { graph, tensors } = packed(trace(model, input), model, engine);
    const bytes = await encodePackedModel({ graph, tensors, contract, provenance: { model: spec } });
    return { name: spec.name, bytes, steps: graph.steps };
  } finally {
    model.dispose();
  }
}

/**
 * Times a packed model, and its twin where there is one, on a random image of the size that they take.
 */
export async function timeSteps(model: Timed, twin: Twin | null, options: LoadOptions = {}): Promise<FreezeTiming> {
  // Both are our own.
  const trusting = { ...options, memoryPerImage: Number.POSITIVE_INFINITY };
  const ours = await load(model.bytes, trusting);
  try {
    const theirs = twin && (await load(twin.bytes, trusting));
    try {
      const milliseconds = await profile(ours);
      const { threads: used, host } = ours.facts.engine;
      return {
        steps: milliseconds,
        twin: twin && theirs && besideTwin(model.steps, { ...twin, milliseconds: await profile(theirs) }),
        ...{ rounds: ROUNDS, threads: used, host },
        processor: os.cpus()[0]?.model.trim() ?? 'unknown',
        date: new Date().toISOString(),
      };
    } finally {
      theirs?.dispose();
    }
  } finally {
    ours.dispose();
  }
}

async function profile(model: RuntimeModel): Promise<readonly number[]> {
  const image = imageOf(model);
  // JavaScript around the kernels is compiled as it is found to be used often.
  await model.profile(image, WARM_UP);
  return (await model.profile(image, ROUNDS)).map(({ milliseconds }) => milliseconds);
}

function imageOf({ facts: { input } }: RuntimeModel) {
  return { data: randomImages(input, 1)[0]!, shape: [1, ...input] };
}

/**
 * A layer's time in the twin is that of all its steps there, and of modules within it that this model has not. It stands at the layer's last step that
 * multiplies (behind selectors), or at its first. Steps without parameters are met by their operator and place among such, where both have as many.
 */
function besideTwin(
  steps: readonly Step[],
  twin: { readonly name: string; readonly steps: readonly Step[]; readonly milliseconds: readonly number[] },
): TwinTiming {
  const [keys, twinKeys] = [keysOf(steps), keysOf(twin.steps)];
  const times = new Map<string, number>();
  for (const [i, twinKey] of twinKeys.entries()) {
    const key = keys.includes(twinKey) ? twinKey : (keys.find((layer) => twinKey.startsWith(`${layer}.`)) ?? twinKey);
    times.set(key, (times.get(key) ?? 0) + twin.milliseconds[i]!);
  }
  const isMatched = (operator: string) => unnamed(steps, operator) === unnamed(twin.steps, operator);
  const found = steps.map(({ layer, operator }, i): number | null => {
    const alike = keys.flatMap((key, at) => (key === keys[i] ? [at] : []));
    const main = alike.findLast((at) => 'weight' in steps[at]!) ?? alike[0];
    if (i !== main || (layer === '' && !isMatched(operator))) return null;
    return times.get(keys[i]!) ?? null;
  });
  return { name: twin.name, total: twin.milliseconds.reduce((sum, time) => sum + time, 0), steps: found };
}

function unnamed(steps: readonly Step[], wanted: string): number {
  return steps.filter(({ layer, operator }) => layer === '' && operator === wanted).length;
}

/** A layer's path, or an operator and its place among those without one. */
function keysOf(steps: readonly Step[]): readonly string[] {
  const seen = new Map<string, number>();
  return steps.map(({ layer, operator }) => {
    if (layer !== '') return layer;
    const place = (seen.get(operator) ?? 0) + 1;
    seen.set(operator, place);
    return `${operator} #${place}`;
  });
}
