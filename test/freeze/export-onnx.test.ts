import fs from 'node:fs';
import path from 'node:path';
import * as ort from 'onnxruntime-web';
import { beforeAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../src/engine/index.js';
import { ConfigError, FormatError } from '../../src/errors.js';
import { exportOnnx } from '../../src/freeze/index.js';
import { graphElements } from '../../src/freeze/onnx/layout.js';
import { Rng, scope, Tensor } from '../../src/tensor/index.js';
import { type Checkpoint, readCheckpoint } from '../../src/train/checkpoint.js';
import { loadModel } from '../../src/train/model.js';
import { pretrained } from '../../src/train/pretrained.js';
import { runPath } from '../train/helpers.js';

ort.env.wasm.numThreads = 1;
let checkpoint: Checkpoint;

beforeAll(async () => {
  checkpoint = await readCheckpoint(pretrained('ftbnn-tiny-cifar10'));
});

/** The averaged weights that training would have kept beside its own. */
function withAverage(read: Checkpoint): Checkpoint {
  const [name, entry] = [...read.weights].find(([path]) => path.startsWith('classifier') && path.endsWith('bias'))!;
  return { ...read, average: new Map([[name, { ...entry, data: entry.data.map((value) => value + 100) }]]) };
}

describe('exportOnnx', () => {
  it.each(['ftbnn-tiny-cifar10', 'dydensenet-tiny-cifar10'] as const)('checks %s, and tells of it', async (name) => {
    const out = runPath();
    const { bytes, check, unchecked } = await exportOnnx(pretrained(name), out);
    expect(bytes).toBe(fs.statSync(out).size);
    expect(unchecked).toBeNull();
    expect(check).toMatchObject({ passed: true, images: 8, runtime: expect.stringMatching(/^onnxruntime-\w+ \d/) });
    expect(check!.largestDifference).toBeLessThan(1e-5);
  });

  it('writes a file of one input and one output, of any batch, that answers as the network does', async () => {
    const out = runPath();
    await exportOnnx(checkpoint, out);
    const session = await ort.InferenceSession.create(new Uint8Array(fs.readFileSync(out)));
    expect([session.inputNames, session.outputNames]).toEqual([['image'], ['output']]);
    expect(session.inputMetadata[0]).toMatchObject({ type: 'float32', shape: ['batch', 3, 32, 32] });
    expect(session.outputMetadata[0]).toMatchObject({ type: 'float32', shape: ['batch', 10] });

    const shape = [5, 32, 32, 3];
    const rng = new Rng(1);
    const pixels = Float32Array.from({ length: 5 * 32 * 32 * 3 }, () => rng.normal());
    const image = new ort.Tensor('float32', graphElements(shape, pixels), [5, 3, 32, 32]);
    const { output } = await session.run({ image });
    const engine = await createEngine({ threads: 1 });
    const { model } = await loadModel(checkpoint, engine);
    const ours = scope(engine, () => model.forward(Tensor.from(engine, pixels, shape)).toArray());
    engine.dispose();
    for (const [i, value] of ours.entries()) expect(output!.data[i]).toBeCloseTo(value, 3);
  });

  it('says in the file which images it takes and what the answers mean', async () => {
    const out = runPath();
    const { metadata } = await exportOnnx(checkpoint, out, { runtimes: [] });
    const { mean, std } = checkpoint.recipe.transforms.evaluate.find(({ name }) => name === 'normalize') as {
      name: 'normalize';
      mean: number[];
      std: number[];
    };
    expect(metadata).toMatchObject({
      model: 'ftbnn-tiny',
      recipe: 'ftbnn-tiny-cifar10',
      task: 'classification',
      layout: 'NCHW',
      height: '32',
      width: '32',
      channels: '3',
      pixels: 'from 0 to 1, red green blue, minus mean, divided by std',
      mean: JSON.stringify(mean),
      std: JSON.stringify(std),
      labels: JSON.stringify(checkpoint.classes),
    });
    const text = fs.readFileSync(out, 'latin1');
    for (const entry of [...Object.keys(metadata), ...Object.values(metadata), 'gossamer']) expect(text).toContain(entry);
  });

  it('takes averaged weights where there are such', async () => {
    const [plain, averaged] = [runPath(), runPath()];
    await exportOnnx(checkpoint, plain);
    await exportOnnx(withAverage(checkpoint), averaged);
    const image = new ort.Tensor('float32', new Float32Array(32 * 32 * 3), [1, 3, 32, 32]);
    const [first, second] = await Promise.all(
      [plain, averaged].map(async (file) => {
        const session = await ort.InferenceSession.create(new Uint8Array(fs.readFileSync(file)));
        return (await session.run({ image })).output!.data[0] as number;
      }),
    );
    expect(second! - first!).toBeCloseTo(100, 2);
  });

  it('writes without a runtime, and says that nothing was checked', async () => {
    const out = runPath();
    const { check, unchecked } = await exportOnnx(checkpoint, out, { runtimes: ['onnxruntime-nowhere'] });
    expect([check, unchecked]).toEqual([null, 'onnxruntime-nowhere is not installed']);
    expect(fs.existsSync(out)).toBe(true);
  });

  it.each([
    ['differs', 'async () => ({ output: { data: new Float32Array(20) } })'],
    ['does-not-run', "async () => { throw new Error('no such operator'); }"],
  ])('leaves no file when the runtime %s', async (reason, run) => {
    const out = runPath();
    const folder = path.dirname(out);
    const runtime = path.join(folder, 'runtime.mjs');
    fs.writeFileSync(
      runtime,
      `export const env = { versions: { common: '0' }, wasm: {} };
       export class Tensor {}
       const session = { run: ${run}, release: async () => {} };
       export const InferenceSession = { create: async () => session };`,
    );
    const failed = exportOnnx(checkpoint, out, { runtimes: [runtime] });
    await expect(failed).rejects.toThrow(FormatError);
    await expect(failed).rejects.toMatchObject({ reason, message: expect.stringContaining('was not written') });
    expect(fs.readdirSync(folder)).toEqual(['runtime.mjs']);
  });

  it('refuses to write over a file, into no folder, and networks that it does not know', async () => {
    const out = runPath();
    fs.writeFileSync(out, 'mine');
    await expect(exportOnnx(checkpoint, out)).rejects.toThrow(ConfigError);
    expect(fs.readFileSync(out, 'utf8')).toBe('mine');
    const nowhere = path.join(runPath(), 'network.onnx');
    await expect(exportOnnx(checkpoint, nowhere, { runtimes: [] })).rejects.toMatchObject({ reason: 'not-writable' });
    await expect(exportOnnx({ ...checkpoint, model: null }, runPath())).rejects.toThrow('network of your own');
  });
});
