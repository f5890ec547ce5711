/** A training step of this project's CDCN in a process of its own, whose memory is then that of the step: `node gossamer.mjs THREADS`. */
import { createEngine, createModel, createOptimizer, ops, Rng, scope, Tensor, withGradients } from '../../dist/node.js';
import { serve } from './serve.mjs';

const engine = await createEngine({ threads: Number(process.argv[2]) });

await serve(depthMapStep, () => ({ engineBytes: engine.memory().bytesPeak }));

function depthMapStep({ kind, batch, side }) {
  if (kind !== 'cdcn') throw new Error('not written for this process');
  const model = createModel('cdcn', { engine, seed: 1 }).train();
  const parameters = model.parameters();
  const values = [...parameters.values()].map((parameter) => parameter.value);
  const optimizer = createOptimizer(engine, parameters, {
    name: 'adam',
    learningRate: 1e-4,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 5e-5,
    decay: 'all',
  });
  const rng = new Rng(1);
  const images = Tensor.from(
    engine,
    random(batch * side * side * 3, () => rng.normal()),
    [batch, side, side, 3],
  );
  const maps = Tensor.from(
    engine,
    random(batch * 32 * 32, () => rng.uniform()),
    [batch, 32, 32],
  );
  const loss = () => {
    const map = model.forward(images);
    return [ops.add(ops.meanSquaredError(map, maps), ops.contrastiveDepthLoss(map, maps))];
  };
  return () => scope(engine, () => optimizer.step(withGradients(engine, values, loss).gradients, 1e-4));
}

function random(length, next) {
  return Float32Array.from({ length }, next);
}
