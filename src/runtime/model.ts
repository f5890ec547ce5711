import { createEngineOn } from '../engine/create.js';
import type { Engine } from '../engine/engine.js';
import type { ForwardKernels } from '../engine/forward-kernels.js';
import type { EngineHost } from '../engine/host.js';
import type { EngineFacts, EngineOptions } from '../engine/index.js';
import { forwardKernels } from '../engine/wasm/forward.js';
import { ConfigError, LifetimeError, UnsupportedError } from '../errors.js';
import type { Contract } from '../formats/packed/contract.js';
import { decodePackedModel, type PackedModel, type Provenance } from '../formats/packed/model.js';
import { type NamedClass, nameClasses } from '../metrics/ranking.js';
import { type Batch, ImageReader, type Images } from './images.js';
import { checkMemory, preparationBytes } from './memory.js';
import { Plan } from './plan.js';
import type { ModelBytes } from './source.js';
import { Turns } from './turns.js';

export interface LoadOptions extends Pick<EngineOptions, 'threads' | 'relaxedSimd' | 'binaryKernel' | 'autotune'> {
  /**
   * Bytes that one image may take, between the steps and until it is what they take: a file that claims more is refused before they are taken. Unless
   * given, 256 MiB, or 64 times the file where that is more.
   */
  readonly memoryPerImage?: number;
  /** What error texts call the model; where it comes from unless given. */
  readonly name?: string;
  /**
   * In a page: address of the folder that has the files of the package's `dist/browser`, where a bundler or a server has moved them without this
   * module. Node needs none.
   */
  readonly files?: string | URL;
}

/** What of an image can be handed over: the buffer of its numbers, or itself, where it is an `ImageBitmap`. */
export type Transfer = ArrayBuffer | { readonly width: number; readonly height: number; close(): void };

export interface RunOptions {
  /**
   * A page's images are copied on their way to the model's worker; these are handed over instead, and are empty for the page afterwards. Node copies
   * nothing and leaves all as it is.
   */
  readonly transfer?: readonly Transfer[];
}

/** What a loaded model is, as plain data. */
export interface RuntimeFacts {
  /** Height, width and channels of the image that it takes. */
  readonly input: readonly number[];
  /** Shape of the answer to one image. */
  readonly output: readonly number[];
  readonly contract: Contract;
  readonly provenance: Provenance;
  /** SHA-256 of graph, contract, provenance and tensors. */
  readonly digest: string;
  /** Bytes that its tensors take in the file. */
  readonly weightBytes: number;
  /** Bytes for all that lies between its steps, as it last ran. */
  readonly arenaBytes: number;
  readonly engine: EngineFacts;
}

export interface Answer {
  /** [batch, ...] */
  readonly shape: readonly number[];
  /** Scores before softmax, or a map, row-major. */
  readonly data: Float32Array;
}

/** What a step takes of a run. */
export interface ProfiledStep {
  /** Path of the module that it was, or its operator where that had no parameters. */
  readonly layer: string;
  readonly operator: string;
  /** Height, width and channels of its result, for one image. */
  readonly output: readonly number[];
  /** Median over the rounds. */
  readonly milliseconds: number;
}

export interface ClassifyOptions {
  /** Classes for each image, best first; 1 unless given. */
  readonly top?: number;
}

/** A packed model in memory, ready to answer. Calls made at once are answered in their order; each reads its images before it returns. */
export interface RuntimeModel {
  /**
   * Images of any size are brought to the size that the contract says; floats are taken as they are.
   * @throws ShapeError, DTypeError or ConfigError for images that it does not take, saying what it takes; UnsupportedError for one whose pixels the
   *   browser does not give away; LifetimeError when it is disposed of before the answer
   */
  run(images: Images, options?: RunOptions): Promise<Answer>;
  /**
   * Names what is on each image: its classes with their probabilities. Throws as `run`.
   * @throws UnsupportedError when the contract names no classes
   */
  classify(images: Images, options?: ClassifyOptions & RunOptions): Promise<NamedClass[][]>;
  /** How long each step takes, from several runs on the same images. Throws as `run`. */
  profile(images: Images, rounds?: number): Promise<readonly ProfiledStep[]>;
  /** As of the last call that was answered. */
  readonly facts: RuntimeFacts;
  /** Gives its memory back. Calls that wait for their turn fail with a LifetimeError. */
  dispose(): void;
}

/**
 * Checks all of a packed model, puts it on an engine of its own and runs it once, so that the first answer takes no longer than any.
 * @throws FormatError as `decodePackedModel`, and as `checkMemory`; what `createEngineOn` throws
 */
export async function loadOn(host: EngineHost, source: ModelBytes, options: LoadOptions): Promise<RuntimeModel> {
  const { name, files: _, memoryPerImage = null, ...engineOptions } = options;
  const { bytes, place } = source;
  const file = { place: name ?? place, bytes: bytes.length };
  const model = await decodePackedModel(bytes, file.place);
  const engine = await createEngineOn(host, engineOptions, forwardKernels);
  try {
    const plan = new Plan(model, engine);
    const [image] = model.graph.values;
    checkMemory(plan.bytesFor(1) + preparationBytes(image!.shape, model.contract), memoryPerImage, file);
    const [height, width, channels] = image!.shape;
    plan.run(1, new Float32Array(height * width * channels));
    return runtimeModel(model, plan, engine);
  } catch (error) {
    engine.dispose();
    throw error;
  }
}

function runtimeModel(model: PackedModel, plan: Plan, engine: Engine<ForwardKernels>): RuntimeModel {
  const { graph, contract, provenance, digest, tensors } = model;
  const input = graph.values[0]!.shape;
  const output = outputShape(graph.values[graph.output]!.shape);
  const weightBytes = [...tensors.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
  const reader = new ImageReader(input, contract);
  const turns = new Turns();
  let disposed = false;
  const checkUsable = () => {
    if (disposed) throw modelDisposed();
  };
  const inTurn = <T>(images: Images, work: (batch: Batch) => T): Promise<T> => {
    checkUsable();
    const batch = reader.read(images);
    return turns.take(() => {
      checkUsable();
      const result = work(batch);
      reader.reuse(batch);
      return result;
    });
  };
  const run = ({ batch, data }: Batch): Answer => ({ shape: [batch, ...output], data: plan.run(batch, data) });
  return {
    run: async (images) => inTurn(images, run),
    async classify(images, { top = 1 } = {}) {
      const { labels } = contract;
      if (!labels)
        throw new UnsupportedError('classifying with this model', 'its file names no classes. What it answers comes from run.');
      checkCount('top', top);
      return nameClasses((await inTurn(images, run)).data, labels, top);
    },
    async profile(images, rounds = 15) {
      checkCount('rounds', rounds);
      const times = graph.steps.map((): number[] => []);
      await inTurn(images, ({ batch, data }) => {
        for (let round = 0; round < rounds; round++) {
          plan.run(batch, data, (i, step) => {
            const start = performance.now();
            step();
            times[i]!.push(performance.now() - start);
          });
        }
      });
      return graph.steps.map(({ layer, operator, output: place }, i) => ({
        layer: layer || operator,
        operator,
        output: graph.values[place]!.shape,
        milliseconds: median(times[i]!),
      }));
    },
    get facts() {
      return { input, output, contract, provenance, digest, weightBytes, arenaBytes: plan.arenaBytes, engine: engine.facts() };
    },
    dispose() {
      if (disposed) return;
      disposed = true;
      plan.dispose();
      engine.dispose();
    },
  };
}

function checkCount(key: string, count: number): void {
  if (!Number.isInteger(count) || count < 1) throw new ConfigError(key, `got ${count}, needs a whole number from 1 on`);
}

/** For whoever still asks a model for answers. */
export function modelDisposed(): LifetimeError {
  return new LifetimeError('run: this model was disposed of. Load it again.');
}

/** Leading axes of length 1 are none: scores are [classes]. */
function outputShape(shape: readonly number[]): readonly number[] {
  const first = shape.findIndex((length) => length !== 1);
  return first === -1 ? [1] : shape.slice(first);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
