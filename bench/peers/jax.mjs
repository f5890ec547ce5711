/** jax-js on WebAssembly, compiled by its `jit`; it has no threads in Node: `node jax.mjs THREADS`. */
import { blockUntilReady, defaultDevice, grad, init, jit, lax, nn, numpy as np, tree } from '@jax-js/jax';
import { serve } from './serve.mjs';

/** Of ResNet-20, in their order. */
const BLOCKS = [16, 32, 64].flatMap((width, stage) =>
  [0, 1, 2].map((index) => ({
    inChannels: index === 0 && stage > 0 ? width / 2 : width,
    outChannels: width,
    stride: index === 0 && stage > 0 ? 2 : 1,
  })),
);

await init('wasm');
defaultDevice('wasm');

await serve((work) => {
  if (work.kind === 'convolution' && work.pass === 'forward') return convolution(work);
  if (work.kind === 'resnet20') return trainingStep(work.batch);
  throw new Error('not written for this peer');
});

function convolution({ batch, side, inChannels, outChannels, kernel, groups }) {
  const x = random([batch, inChannels, side, side], 1);
  const w = random([outChannels, inChannels / groups, kernel, kernel], 1);
  const run = jit((a, b) => lax.convGeneralDilated(a, b, [1, 1], 'SAME', { featureGroupCount: groups }));
  return async () => {
    const y = run(x.ref, w.ref);
    await blockUntilReady(y);
    y.dispose();
  };
}

/** ResNet-20 as in `pytorch.py`, but by plain SGD without momentum, running statistics and weight decay, which this peer is spared. */
function trainingStep(batch) {
  const x = random([batch, 3, 32, 32], 1);
  const labels = nn.oneHot(np.array(Int32Array.from({ length: batch }, (_, i) => i % 10)), 10);
  let weights = resnet20Weights();
  const loss = (parameters, images, targets) =>
    np.mean(np.sum(nn.logSoftmax(resnet20(parameters, images)).mul(targets), 1)).mul(-1);
  const step = jit((parameters, images, targets) => {
    const gradients = grad(loss)(tree.ref(parameters), images, targets);
    return tree.map((weight, gradient) => weight.sub(gradient.mul(0.01)), parameters, gradients);
  });
  return async () => {
    weights = step(weights, x.ref, labels.ref);
    await blockUntilReady(weights);
  };
}

function resnet20Weights() {
  const blocks = BLOCKS.map(({ inChannels, outChannels }) => ({
    first: convNormWeights(inChannels, outChannels),
    second: convNormWeights(outChannels, outChannels),
  }));
  return { stem: convNormWeights(3, 16), blocks, weight: random([64, 10], 0.1), bias: np.zeros([10]) };
}

function convNormWeights(inChannels, outChannels) {
  return {
    w: random([outChannels, inChannels, 3, 3], Math.sqrt(2 / (9 * inChannels))),
    scale: np.ones([outChannels, 1, 1]),
    offset: np.zeros([outChannels, 1, 1]),
  };
}

function resnet20({ stem, blocks, weight, bias }, x) {
  let y = nn.relu(convNorm(stem, x, 1));
  for (const [i, { first, second }] of blocks.entries()) {
    const { inChannels, outChannels, stride } = BLOCKS[i];
    const branch = convNorm(second, nn.relu(convNorm(first, y.ref, stride)), 1);
    y = nn.relu(branch.add(inChannels === outChannels ? y : widened(y, outChannels - inChannels)));
  }
  return np.matmul(np.mean(y, [2, 3]), weight).add(bias);
}

function convNorm({ w, scale, offset }, x, stride) {
  const padding = [
    [1, 1],
    [1, 1],
  ];
  const y = lax.convGeneralDilated(x, w, [stride, stride], padding);
  const centred = y.ref.sub(np.mean(y, [0, 2, 3], { keepdims: true }));
  const variance = np.mean(np.square(centred.ref), [0, 2, 3], { keepdims: true });
  return centred
    .div(np.sqrt(variance.add(1e-5)))
    .mul(scale)
    .add(offset);
}

/** Every second pixel, with `added` channels of zeros. */
function widened(x, added) {
  const [batch, channels, height, width] = x.shape;
  const half = x.reshape([batch, channels, height / 2, 2, width / 2, 2]).slice([], [], [], 0, [], 0);
  return np.pad(half, [
    [0, 0],
    [added / 2, added / 2],
    [0, 0],
    [0, 0],
  ]);
}

/** Numbers of about this size; which ones does not matter to the time. */
function random(shape, deviation) {
  const size = shape.reduce((product, length) => product * length, 1);
  const values = Float32Array.from({ length: size }, () => (Math.random() - 0.5) * Math.sqrt(12) * deviation);
  return np.array(values).reshape(shape);
}
