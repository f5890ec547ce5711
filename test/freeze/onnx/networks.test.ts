import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/index.js';
import { checkOnnx } from '../../../src/freeze/onnx/check.js';
import { encodeOnnx } from '../../../src/freeze/onnx/encode.js';
import { type FoundRuntime, findRuntime } from '../../../src/freeze/onnx/runtime.js';
import { createModel, type Network } from '../../../src/models/index.js';
import { Rng, scope, sizeOf, Tensor } from '../../../src/tensor/index.js';

const engine = await createEngine({ threads: 1, convolution: 'direct' });
afterAll(() => engine.dispose());

type Input = [height: number, width: number, channels: number];

/** Lets batch norms see numbers of the size that they will get, for else values grow from layer to layer. */
function settle(model: Network, input: Input): void {
  const rng = new Rng(9);
  const shape = [4, ...input];
  model.train();
  for (let batch = 0; batch < 20; batch++) {
    const pixels = Float32Array.from({ length: sizeOf(shape) }, () => rng.normal());
    scope(engine, () => {
      model.forward(Tensor.from(engine, pixels, shape));
    });
  }
  model.eval();
}

const narrow = { widths: [8, 16], blocks: [1, 1] };
const dense = { stages: [2, 2], growth: [8, 8] };
const found = (await findRuntime()) as FoundRuntime;

describe('a network and its ONNX form give the same answers', () => {
  it.each<[string, Record<string, unknown>, Input]>([
    ['resnet20', {}, [16, 16, 3]],
    ['resnet20', { ...narrow, shortcut: 'projection', theta: 0.7 }, [15, 17, 3]],
    ['ftbnn-compact-cifar', narrow, [16, 16, 3]],
    ['ftbnn-g4-cifar', { ...narrow, widths: [16, 32] }, [16, 16, 3]],
    ['ftbnn-tiny', { ...narrow, strides: [1, 2], scale: true, theta: 0.5 }, [14, 14, 1]],
    ['bireal18', narrow, [33, 32, 3]],
    ['dydensenet-small-cifar', dense, [12, 12, 3]],
    ['dydensenet-small-cifar', { ...dense, ties: 'drop' }, [12, 12, 3]],
    ['dydensenet-small-cifar', { ...dense, selection: 'random' }, [12, 12, 3]],
    ['dydensenet-small-cifar', { ...dense, convolution: 'dynamic-binary' }, [12, 12, 3]],
    ['dyresnet18', narrow, [32, 32, 3]],
    ['cdcn', { mapSize: 4 }, [16, 20, 3]],
    ['cdcnpp', { mapSize: 4 }, [16, 20, 3]],
    ['bicdcn-s', { mapSize: 4 }, [16, 20, 3]],
  ])('%s %j', async (name, options, input) => {
    using model = createModel(name, { engine, seed: 3, ...options });
    model.setProgress(1);
    settle(model, input);
    const check = await checkOnnx(await encodeOnnx(model, { input }), model, input, found);
    expect(check).toMatchObject({ passed: true, images: 8, tipped: 0 });
    expect(check.largestDifference).toBeGreaterThan(0);
    expect(check.largestDifference).toBeLessThan(1e-5);
  });
});
