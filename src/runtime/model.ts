import { createEngine, type EngineFacts, type EngineOptions } from '../engine/index.js';
import { FormatError, LifetimeError } from '../errors.js';
import type { Contract } from '../formats/packed/contract.js';
import { decodePackedModel, type PackedModel, type Provenance } from '../formats/packed/model.js';
import { batchOf, type Images } from './images.js';
import { Plan } from './plan.js';

export interface LoadOptions extends Pick<EngineOptions, 'threads' | 'relaxedSimd' | 'binaryKernel'> {
  /** What error texts call the model; where it comes from unless given. */
  readonly name?: string;
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

/** A packed model in memory, ready to answer. */
export interface RuntimeModel {
  /** Calls made at once are answered one after another. @throws ShapeError for images that it does not take; LifetimeError after `dispose` */
  run(images: Images): Promise<Answer>;
  readonly facts: RuntimeFacts;
  /** Gives its memory back. */
  dispose(): void;
}

/**
 * Loads a packed model, checks all of it, and runs it once, so that the first answer takes no longer than any.
 * @param source its bytes, or where they are
 * @throws FormatError as `decodePackedModel`, and with reason `not-found` when `source` cannot be fetched
 */
export async function load(source: Uint8Array | ArrayBuffer | URL, options: LoadOptions = {}): Promise<RuntimeModel> {
  const { name, ...engineOptions } = options;
  const [bytes, place] = await read(source);
  const model = await decodePackedModel(bytes, name ?? place);
  const engine = await createEngine(engineOptions);
  try {
    const plan = new Plan(model, engine);
    const [height, width, channels] = model.graph.values[0]!.shape;
    plan.run(1, new Float32Array(height * width * channels));
    return runtimeModel(model, plan, engine);
  } catch (error) {
    engine.dispose();
    throw error;
  }
}

async function read(source: Uint8Array | ArrayBuffer | URL): Promise<[bytes: Uint8Array, name: string]> {
  if (source instanceof Uint8Array) return [source, 'model'];
  if (source instanceof ArrayBuffer) return [new Uint8Array(source), 'model'];
  const response = await fetch(source);
  if (!response.ok)
    throw new FormatError(source.href, 'not-found', `cannot be fetched (${response.status} ${response.statusText}).`);
  return [new Uint8Array(await response.arrayBuffer()), source.href];
}

function runtimeModel(model: PackedModel, plan: Plan, engine: Awaited<ReturnType<typeof createEngine>>): RuntimeModel {
  const { graph, contract, provenance, digest, tensors } = model;
  const input = graph.values[0]!.shape;
  const output = outputShape(graph.values[graph.output]!.shape);
  const weightBytes = [...tensors.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
  let disposed = false;
  return {
    async run(images) {
      if (disposed) throw new LifetimeError('run: this model was disposed of. Load it again.');
      const { batch, data } = batchOf(images, input, contract);
      return { shape: [batch, ...output], data: plan.run(batch, data) };
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

/** Leading axes of length 1 are none: scores are [classes]. */
function outputShape(shape: readonly number[]): readonly number[] {
  const first = shape.findIndex((length) => length !== 1);
  return first === -1 ? [1] : shape.slice(first);
}
