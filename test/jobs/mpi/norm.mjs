// Batch norm over a batch that the ranks share in unequal parts, beside the same over all of it in one process: the largest differences, relative to
// the largest value, of every result.

import { createEngine } from '../../../dist/engine/index.js';
import { createReferenceEngine } from '../../../dist/engine/reference/index.js';
import { startMpi } from '../../../dist/jobs/mpi/index.js';
import * as ops from '../../../dist/ops/index.js';
import { Rng } from '../../../dist/tensor/rng.js';
import { scope } from '../../../dist/tensor/scope.js';
import { withGradients } from '../../../dist/tensor/tape.js';
import { Tensor } from '../../../dist/tensor/tensor.js';

const images = 9;
const inside = [7, 5, 13];
const [channels] = inside.slice(-1);
const valuesOfImage = inside.reduce((a, b) => a * b);

function normOf(engine, { start, end, mean, across, form }) {
  const rng = new Rng(5);
  const draw = (count, of) => Float32Array.from({ length: count }, of);
  const all = () => draw(images * valuesOfImage, () => rng.normal());
  const [x, shortcut, multiplier] = [all().map((value) => mean + value), all(), all()];
  const [weight, bias] = [draw(channels, () => rng.normal()), draw(channels, () => rng.normal())];
  return scope(engine, () => {
    const part = (values) =>
      Tensor.from(engine, values.subarray(start * valuesOfImage, end * valuesOfImage), [end - start, ...inside]);
    const own = { x: part(x), shortcut: part(shortcut), multiplier: part(multiplier) };
    const ofChannels = (values) => Tensor.from(engine, values, [channels]);
    const tensors = {
      weight: ofChannels(weight),
      bias: ofChannels(bias),
      runningMean: Tensor.full(engine, [channels], 0),
      runningVariance: Tensor.full(engine, [channels], 1),
    };
    const targets = [own.x, tensors.weight, tensors.bias];
    const { outputs, gradients } = withGradients(engine, targets, () => {
      const options = { epsilon: 1e-5, momentum: 0.3, training: true, across, relu: form.relu };
      const y = ops.batchNorm(own.x, tensors, { ...options, shortcut: form.shortcut ? own.shortcut : null });
      return [ops.sum(ops.multiply(y, own.multiplier)), y];
    });
    const [dx, dweight, dbias] = gradients;
    const results = { y: outputs[0], dx, dweight, dbias, mean: tensors.runningMean, variance: tensors.runningVariance };
    return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, Float64Array.from(tensor.toArray())]));
  });
}

const mpi = await startMpi();
const start = mpi.rank === 0 ? 0 : 2;
const end = mpi.rank === 0 ? 2 : images;
const across = (values) => mpi.sum(values);
const differences = {};
for (const engine of [await createEngine({ threads: 1, autotune: 'off' }), createReferenceEngine()]) {
  for (const mean of [0, 300]) {
    for (const form of [{}, { relu: true }, { relu: true, shortcut: true }]) {
      const own = normOf(engine, { start, end, mean, across, form });
      const whole = normOf(engine, { start: 0, end: images, mean, across: null, form });
      for (const name of ['dweight', 'dbias']) mpi.sum(own[name]);
      for (const [name, values] of Object.entries(own)) {
        const isPart = name === 'y' || name === 'dx';
        const expected = isPart ? whole[name].subarray(start * valuesOfImage, end * valuesOfImage) : whole[name];
        const size = Math.max(...whole[name].map(Math.abs));
        const key = `${engine.facts().backend} ${name} at ${mean}`;
        differences[key] = Math.max(differences[key] ?? 0, ...values.map((value, i) => Math.abs(value - expected[i]) / size));
      }
    }
  }
  engine.dispose();
}
const largest = Float64Array.from(Object.values(differences));
// A sum is a bound of the largest.
mpi.sum(largest);
if (mpi.rank === 0) console.log(JSON.stringify(Object.fromEntries(Object.keys(differences).map((key, i) => [key, largest[i]]))));
mpi.finalize();
