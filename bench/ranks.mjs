/**
 * Steps of `train()` on all ranks of an mpirun: `node ranks.mjs WORK`, where WORK is JSON, `{ data, recipe, threads, steps, startingSteps }`. Rank 0 writes, as JSON, of a
 * step after the starting ones: its seconds; of those the seconds in sums over ranks, waiting for each other included; the gradients' bytes; bytes and number of all other
 * sums. And the seconds of a sum of the gradients alone, of ranks that come to it together.
 */
import { createEngine, startMpi, train } from '../dist/node.js';

const { data, recipe, threads, steps, startingSteps } = JSON.parse(process.argv[2]);
const REPEATS = 21;

const mpi = await startMpi();
const engine = await createEngine({ threads });
const sums = [];
/** When each step was done. */
const times = [];
const ranks = {
  rank: mpi.rank,
  size: mpi.size,
  sum(values) {
    const start = performance.now();
    mpi.sum(values);
    sums.push({ step: times.length, seconds: (performance.now() - start) / 1000, bytes: values.byteLength });
  },
  broadcast: (values) => mpi.broadcast(values),
};
const onEvent = (event) => event.kind === 'step' && times.push(performance.now());
const { model } = await train({ data, recipe, engine, ranks, onEvent });

const timed = sums.filter(({ step }) => step >= startingSteps && step < steps);
const perStep = (values) => values.reduce((total, value) => total + value, 0) / (steps - startingSteps);
const gradientBytes = Math.max(...timed.map(({ bytes }) => bytes));
const others = timed.filter(({ bytes }) => bytes < gradientBytes);

const gradients = new Float32Array(gradientBytes / 4);
const alone = Array.from({ length: REPEATS }, () => {
  mpi.sum(new Float64Array(1));
  const start = performance.now();
  mpi.sum(gradients);
  return (performance.now() - start) / 1000;
}).sort((a, b) => a - b)[(REPEATS - 1) / 2];

if (mpi.rank === 0) {
  const answer = {
    seconds: (times[steps - 1] - times[startingSteps - 1]) / 1000 / (steps - startingSteps),
    sumSeconds: perStep(timed.map(({ seconds }) => seconds)),
    gradientBytes,
    otherBytes: perStep(others.map(({ bytes }) => bytes)),
    otherSums: others.length / (steps - startingSteps),
    gradientSumSeconds: alone,
  };
  console.log(JSON.stringify(answer));
}
model.dispose();
engine.dispose();
mpi.finalize();
