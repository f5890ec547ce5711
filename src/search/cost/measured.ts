import { createEngineOn } from '../../engine/create.js';
import type { Engine } from '../../engine/engine.js';
import type { ForwardKernels } from '../../engine/forward-kernels.js';
import type { TimingStore } from '../../engine/host.js';
import { createEngine } from '../../engine/index.js';
import { type Autotune, keepTiming, keptTiming } from '../../engine/timed-once.js';
import { forwardKernels } from '../../engine/wasm/forward.js';
import { parseOperation, shareOf } from '../../models/index.js';
import type { Module } from '../../nn/index.js';
import { runtimeHost } from '../../runtime/load.js';
import type { Shape } from '../../tensor/shape.js';
import type { SearchSpace } from '../space.js';
import { countedCosts } from './counted.js';
import { leastTimes } from './least-times.js';
import { frameNetwork, partsAt } from './parts.js';
import { createStopwatch, type Stopwatch } from './stopwatch.js';
import type { Answers, CostTable } from './table.js';
import { Surroundings, type TimedNetwork, timedNetwork } from './timed-network.js';

export interface MeasuringOptions {
  /** `on`, unless given: what was measured on this machine before is taken; `fresh`: all is measured, and kept. */
  readonly autotune?: Exclude<Autotune, 'off'>;
  /** Where measurements are kept; beside the timings of kernels, in the user's cache folder, unless given. */
  readonly store?: TimingStore;
  /** Times a run; by the clocks of the machine unless given. */
  readonly stopwatch?: Stopwatch;
  /** Ends the measuring between two rounds. */
  readonly signal?: AbortSignal | null;
  /** Called as parts become known. */
  readonly onProgress?: (known: number, of: number) => void;
}

/** Something that is timed. */
interface Part {
  /** What its time depends on, besides the machine and the versions. */
  readonly key: string;
  readonly network: () => Module;
}

/** Parts that are timed together, on images of `input`. */
interface Group {
  readonly input: Shape;
  readonly parts: readonly Part[];
  /** What surrounds every part, whose time is taken off; null for nothing. */
  readonly surroundings: (() => Module) | null;
}

/**
 * As `countedCosts`, with the milliseconds that each part takes as it is shipped: frozen, on the runtime, on one thread, one image, the least of many
 * runs. An operation stands behind a ReLU, and the time of what surrounds it is taken off; one that takes less than the stopwatch shows costs 0.
 * Of 12 random networks of three spaces (16 to 64 channels, images of 32 to 128 pixels), each measured twice on a busy machine, the parts
 * together took from 8 % less to 1 % more than the frozen whole.
 *
 * What was measured is kept, a file for each operation and shape, where the timings of kernels are: by processor, version of Node and of the
 * package, and build of the kernels. Another search on the machine starts at once; a file that is damaged, or of something else, is measured anew.
 * @throws as `countedCosts`; the signal's reason once it is aborted
 */
export async function measuredCosts(
  space: SearchSpace,
  input: Shape,
  answers: Answers,
  options: MeasuringOptions = {},
): Promise<CostTable> {
  const counted = countedCosts(space, input, answers);
  const frame = frameGroup(space, input, answers);
  const levels = counted.levels.map(({ shape }, level) => new LevelGroup(space, level, shape));
  const times = await timesOf([frame, ...levels], options);
  return {
    ...counted,
    frame: { ...counted.frame, milliseconds: times.get(frame.parts[0]!.key)! },
    levels: counted.levels.map(({ shape, operations }, level) => ({
      shape,
      operations: Object.fromEntries(
        Object.entries(operations).map(([name, cost]) => {
          const key = levels[level]!.keys.get(name);
          return [name, { ...cost, milliseconds: key === undefined ? 0 : times.get(key)! }];
        }),
      ),
    })),
  };
}

function frameGroup(space: SearchSpace, input: Shape, answers: Answers): Group {
  const { frame, theta } = space;
  const key = JSON.stringify({ frame, theta, input, answers });
  return { input, parts: [{ key, network: () => frameNetwork(space, input.at(-1)!, answers) }], surroundings: null };
}

/** The operations that cost something, at one level. */
class LevelGroup implements Group {
  readonly input: Shape;
  readonly parts: readonly Part[];
  /** Of the parts, by the operation's name. */
  readonly keys: ReadonlyMap<string, string>;
  readonly surroundings: () => Module;

  constructor(space: SearchSpace, level: number, shape: Shape) {
    const [height, width, channels] = shape as [number, number, number];
    const operations = partsAt(space, level, shape);
    this.input = [height, width, 1];
    this.surroundings = () => new Surroundings(channels, null);
    this.keys = new Map(operations.map(({ name }) => [name, operationKey(name, space.theta, shape)]));
    // Two names of one operation are one part.
    const modules = new Map(operations.map(({ name, module }) => [this.keys.get(name)!, module]));
    this.parts = [...modules].map(([key, module]) => ({ key, network: () => new Surroundings(channels, module) }));
  }
}

function operationKey(name: string, theta: number, shape: Shape): string {
  const operation = parseOperation(name);
  return JSON.stringify({ operation: operation.kind, expand: operation.expand, theta: shareOf(operation, theta), shape });
}

/** Milliseconds of every part, by its key. */
async function timesOf(
  groups: readonly Group[],
  { autotune = 'on', store, stopwatch = createStopwatch(), signal = null, onProgress }: MeasuringOptions,
): Promise<ReadonlyMap<string, number>> {
  const host = await runtimeHost();
  const runner = await createEngineOn(host, { threads: 1, autotune }, forwardKernels);
  let maker: Engine | null = null;
  try {
    const keeper = store ?? host.timings;
    const subjectOf = ({ key }: Part) => ({ build: runner.facts().build!, network: key });
    const times = new Map<string, number>();
    const parts = groups.flatMap((group) => group.parts);
    for (const part of autotune === 'on' ? parts : []) {
      const kept = await keptTiming(subjectOf(part), keeper, isTime);
      if (kept) times.set(part.key, kept.timing);
    }
    onProgress?.(times.size, parts.length);
    for (const group of groups) {
      const missing = group.parts.filter(({ key }) => !times.has(key));
      if (missing.length === 0) continue;
      signal?.throwIfAborted();
      maker ??= await createEngine({ threads: 1, autotune });
      const measured = await measure({ ...group, parts: missing }, maker, runner, stopwatch, signal);
      for (const [i, part] of missing.entries()) {
        times.set(part.key, measured[i]!);
        if (isTime(measured[i])) await keepTiming(subjectOf(part), keeper, measured[i]);
      }
      onProgress?.(times.size, parts.length);
    }
    return times;
  } finally {
    maker?.dispose();
    runner.dispose();
  }
}

/** Nothing takes no time: a clock or a machine that showed none is asked again. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && Number.isFinite(value);
}

/** Milliseconds of each part of a group. */
async function measure(
  { input, parts, surroundings }: Group,
  maker: Engine,
  runner: Engine<ForwardKernels>,
  stopwatch: Stopwatch,
  signal: AbortSignal | null,
): Promise<readonly number[]> {
  const networks: TimedNetwork[] = [];
  try {
    for (const { network } of parts) networks.push(timedNetwork(network(), input, maker, runner));
    if (surroundings) networks.push(timedNetwork(surroundings(), input, maker, runner));
    const times = await leastTimes(
      networks.map((network) => () => network.run()),
      stopwatch,
      signal,
    );
    const around = surroundings ? times.at(-1)! : 0;
    return parts.map((_, i) => Math.max(0, times[i]! - around));
  } finally {
    for (const network of networks) network.dispose();
  }
}
