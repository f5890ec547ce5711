import { writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { createEngine, createModel, encodeOnnx, encodePackedModel, freeze, type Module } from '../../../dist/node.js';
import { load, type RuntimeModel } from '../../../dist/runtime/index.js';
import type { Threads } from '../../bench.js';

/** A network that answers, as a user would have it: name, options and the side of its images. */
export interface Answering {
  readonly name: string;
  readonly side: number;
  readonly options?: Readonly<Record<string, unknown>>;
  /** Of dynamic networks: 0 before channels are switched off, 1 (unless given) when all are that go. */
  readonly progress?: number;
}

/** Relaxed SIMD is on from here, and the promises are higher. */
export const isNewNode = Number(process.versions.node.split('.')[0]) >= 24;

const CHANNELS = 3;

/** The network on an engine of one thread, for as long as `body` takes. */
async function withNetwork<T>({ name, options, progress = 1 }: Answering, body: (model: Module) => Promise<T>): Promise<T> {
  const engine = await createEngine({ threads: 1 });
  try {
    const model = createModel(name, { engine, seed: 1, ...options }).eval();
    model.setProgress(progress);
    calm(model);
    return await body(model);
  } finally {
    engine.dispose();
  }
}

/** Untrained dynamic networks multiply activations by what grows with them, layer after layer, to infinity: batch norms keep them small. */
function calm(model: Module): void {
  for (const [path, parameter] of model.parameters()) {
    if (parameter.role === 'norm' && path.endsWith('weight')) parameter.write(new Float32Array(parameter.size).fill(0.25));
  }
}

/** Its packed file. */
export function packedFile(network: Answering): Promise<Uint8Array> {
  const input = [network.side, network.side, CHANNELS];
  return withNetwork(network, (model) => encodePackedModel(freeze(model, { input })));
}

/** The network, packed and loaded, and a call of it on `batch` images. */
export async function answering(
  network: Answering,
  threads: Threads,
  batch = 1,
): Promise<{ readonly model: RuntimeModel; readonly call: () => Promise<unknown> }> {
  const model = await load(await packedFile(network), { threads });
  const images = imagesOf(network, batch);
  return { model, call: () => model.run(images) };
}

export function imagesOf({ side }: Answering, batch = 1): { readonly data: Float32Array; readonly shape: readonly number[] } {
  const shape = [batch, side, side, CHANNELS];
  const size = shape.reduce((product, length) => product * length, 1);
  return { data: Float32Array.from({ length: size }, (_, i) => Math.sin(i * i)), shape };
}

/** The network as an ONNX file in `folder`, for peers. */
export async function onnxFile(network: Answering, folder: string): Promise<string> {
  const file = path.join(folder, `${network.name}.onnx`);
  const input = [network.side, network.side, CHANNELS] as const;
  writeFileSync(file, await withNetwork(network, (model) => encodeOnnx(model, { input })));
  return file;
}
