/** ONNX Runtime, native or on WebAssembly: `node onnxruntime.mjs PACKAGE THREADS`, PACKAGE being onnxruntime-node or onnxruntime-web. */
import { readFileSync } from 'node:fs';
import { encodeConvolution } from './onnx-model.mjs';
import { serve } from './serve.mjs';

const [, , name, threads] = process.argv;
const { env, InferenceSession, Tensor } = await import(name);
env.logLevel = 'error';
env.wasm.numThreads = Number(threads);

await serve(async (work) => {
  if (work.kind === 'network') return network(work);
  if (work.kind !== 'convolution' || work.pass !== 'forward') throw new Error('does not train');
  const { batch, side, inChannels } = work;
  const session = await InferenceSession.create(encodeConvolution(work), { intraOpNumThreads: Number(threads) });
  const shape = [batch, inChannels, side, side];
  const values = Float32Array.from({ length: batch * inChannels * side * side }, () => Math.random() - 0.5);
  const feeds = { x: new Tensor('float32', values, shape) };
  return () => session.run(feeds);
});

async function network({ file, side }) {
  const session = await InferenceSession.create(new Uint8Array(readFileSync(file)), { intraOpNumThreads: Number(threads) });
  const shape = [1, 3, side, side];
  const values = Float32Array.from({ length: 3 * side * side }, () => Math.random() - 0.5);
  const feeds = { [session.inputNames[0]]: new Tensor('float32', values, shape) };
  return () => session.run(feeds);
}
