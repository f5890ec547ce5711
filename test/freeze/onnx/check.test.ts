import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/index.js';
import { checkOnnx } from '../../../src/freeze/onnx/check.js';
import { encodeOnnx } from '../../../src/freeze/onnx/encode.js';
import { type FoundRuntime, findRuntime } from '../../../src/freeze/onnx/runtime.js';
import { createModel } from '../../../src/models/index.js';

const engine = await createEngine({ threads: 1, convolution: 'direct' });
afterAll(() => engine.dispose());

const found = (await findRuntime()) as FoundRuntime;
const input: [number, number, number] = [14, 14, 1];

function narrow(name: string, seed: number) {
  const strides = name === 'ftbnn-tiny' ? { strides: [1, 2] } : {};
  return createModel(name, { engine, seed, inChannels: 1, widths: [8, 16], blocks: [1, 1], ...strides });
}

/** A runtime that answers a little beside the mark for its first images, of which a batch has two. */
function spoiling(images: number, change: (value: number) => number): FoundRuntime {
  const { InferenceSession, Tensor, env } = found.runtime;
  let answered = 0;
  const create: typeof InferenceSession.create = async (bytes, options) => {
    const session = await InferenceSession.create(bytes, options);
    return {
      release: () => session.release(),
      run: async (feeds) => {
        const { output } = await session.run(feeds);
        answered += 2;
        return { output: { data: answered <= images ? Array.from(output!.data, change) : output!.data } };
      },
    };
  };
  return { name: 'spoiling', runtime: { Tensor, env, InferenceSession: { create } } };
}

describe('the check of an ONNX file', () => {
  it('notices another network', async () => {
    using model = narrow('ftbnn-tiny', 1);
    using other = narrow('ftbnn-tiny', 2);
    const check = await checkOnnx(await encodeOnnx(other, { input }), model, input, found);
    expect(check).toMatchObject({ passed: false, tipped: 0 });
    expect(check.largestDifference).toBeGreaterThan(0.01);
  });

  it.each([
    [2, 'ftbnn-tiny', true],
    [4, 'ftbnn-tiny', false],
    [2, 'resnet20', false],
  ])('of eight images, %i that differ, of %s: passed is %s', async (images, name, passed) => {
    using model = narrow(name, 1);
    const spoiled = spoiling(images, (value) => value + 0.1);
    const check = await checkOnnx(await encodeOnnx(model, { input }), model, input, spoiled);
    expect(check).toMatchObject({ passed, tipped: passed ? images : 0 });
    if (passed) expect(check.largestDifference).toBeLessThan(check.bound);
    else expect(check.largestDifference).toBeGreaterThan(check.bound);
  });

  it('takes no NaN for a number', async () => {
    using model = narrow('resnet20', 1);
    const check = await checkOnnx(
      await encodeOnnx(model, { input }),
      model,
      input,
      spoiling(8, () => Number.NaN),
    );
    expect(check).toMatchObject({ passed: false, largestDifference: Number.POSITIVE_INFINITY });
  });

  it('leaves the model as it was', async () => {
    using model = narrow('resnet20', 1);
    await checkOnnx(await encodeOnnx(model.train(), { input }), model, input, found);
    expect(model.modules().every(([, module]) => module.training)).toBe(true);
  });

  it('says which packages it lacks', async () => {
    expect(await findRuntime(['onnxruntime-nowhere', 'onnxruntime-neither'])).toEqual({
      why: 'onnxruntime-nowhere is not installed, onnxruntime-neither is not installed',
    });
  });
});
