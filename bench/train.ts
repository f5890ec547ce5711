import { createEngine, type Engine } from '#dist/engine/index.js';
import { createModel } from '#dist/models/index.js';
import * as ops from '#dist/ops/index.js';
import { Rng, scope, Tensor, withGradients } from '#dist/tensor/index.js';
import { createOptimizer } from '#dist/train/index.js';
import { type Result, rate, time } from './measure.js';
import { measurePyTorch } from './peers.js';

const BATCH = 64;

/** What the engine promises of a ResNet-20 step on two threads. */
const PROMISED = { threads: 2, imagesPerSecond: 100 };

/** Whole training steps (forward, backward, SGD) on a fixed batch: images a second. */
export async function benchTrain(onResult: (result: Result) => void): Promise<void> {
  for (const name of ['resnet20', 'ftbnn-base-cifar', 'dydensenet-small-cifar']) {
    for (const threads of [1, 2]) {
      const pytorch = name === 'resnet20' ? measurePyTorch(threads)?.['resnet20'] : undefined;
      const engine = await createEngine({ threads });
      const reach = name === 'resnet20' && threads === PROMISED.threads ? PROMISED.imagesPerSecond : null;
      const label = `${name} step, batch ${BATCH}, ${threads} thread${threads > 1 ? 's' : ''}`;
      onResult(rate(label, 'images/s', BATCH, time(trainingStep(engine, name), { rounds: 5, seconds: 1 }), { reach, pytorch }));
      engine.dispose();
    }
  }
}

function trainingStep(engine: Engine, name: string): () => void {
  const model = createModel(name, { engine, seed: 1 }).train();
  const parameters = model.parameters();
  const optimizer = createOptimizer(engine, parameters, {
    name: 'sgd',
    learningRate: 0.01,
    momentum: 0.9,
    nesterov: true,
    weightDecay: 1e-4,
    decay: 'all',
  });
  const rng = new Rng(1);
  const images = Tensor.from(
    engine,
    Float32Array.from({ length: BATCH * 32 * 32 * 3 }, () => rng.normal()),
    [BATCH, 32, 32, 3],
  );
  const labels = Tensor.from(
    engine,
    Int32Array.from({ length: BATCH }, (_, i) => i % 10),
    [BATCH],
    'int32',
    'labels',
  );
  const values = [...parameters.values()].map((parameter) => parameter.value);
  return () =>
    scope(engine, () => {
      const { gradients } = withGradients(engine, values, () => [ops.crossEntropy(model.forward(images), labels)]);
      optimizer.step(gradients, 0.01);
    });
}
