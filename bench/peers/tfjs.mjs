/** TensorFlow.js on its WebAssembly backend, which has no threads in Node: `node tfjs.mjs THREADS`. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
// Registers the gradients, which the core alone does not.
import '@tensorflow/tfjs-layers';
import { serve } from './serve.mjs';
import { registerFilterGradient } from './tfjs-filter-gradient.mjs';

await tf.setBackend('wasm');
await tf.ready();
registerFilterGradient();

await serve((work) => {
  if (work.kind === 'convolution' && work.pass === 'forward') return convolution(work);
  if (work.kind === 'resnet20') return trainingStep(work.batch);
  if (work.kind === 'network' && work.name === 'resnet18') return resnet18(work.side);
  throw new Error('not written for this peer');
});

/** ResNet-18 with its batch norms folded away, one image. */
function resnet18(side) {
  const x = tf.randomNormal([1, side, side, 3]);
  const convolution = (kernel, inChannels, outChannels, stride) => {
    const w = tf.randomNormal([kernel, kernel, inChannels, outChannels], 0, 0.05);
    const bias = tf.zeros([outChannels]);
    return (input, activation) => tf.fused.conv2d({ x: input, filter: w, strides: stride, pad: 'same', bias, activation });
  };
  const stem = convolution(7, 3, 64, 2);
  const widths = [64, 64, 64, 128, 128, 256, 256, 512, 512];
  const blocks = widths.slice(1).map((width, i) => {
    const before = widths[i];
    const stride = width === before ? 1 : 2;
    const shortcut = stride === 1 ? null : convolution(1, before, width, stride);
    return { first: convolution(3, before, width, stride), second: convolution(3, width, width, 1), shortcut };
  });
  const classifier = tf.randomNormal([512, 1000], 0, 0.05);
  return () =>
    tf.tidy(() => {
      let y = tf.maxPool(stem(x, 'relu'), 3, 2, 'same');
      for (const { first, second, shortcut } of blocks) {
        y = tf.relu(tf.add(second(first(y, 'relu')), shortcut ? shortcut(y) : y));
      }
      return tf.matMul(tf.mean(y, [1, 2]), classifier).dataSync();
    });
}

function convolution({ batch, side, inChannels, outChannels, kernel, groups }) {
  const x = tf.randomNormal([batch, side, side, inChannels]);
  const w = tf.randomNormal([kernel, kernel, inChannels, groups === 1 ? outChannels : 1]);
  const convolve = groups === 1 ? tf.conv2d : tf.depthwiseConv2d;
  return () => tf.dispose(convolve(x, w, 1, 'same'));
}

/** ResNet-20 as in `pytorch.py`, without running statistics and weight decay, which this peer is spared. */
function trainingStep(batch) {
  const x = tf.randomNormal([batch, 32, 32, 3]);
  const labels = tf.oneHot(
    Array.from({ length: batch }, (_, i) => i % 10),
    10,
  );
  const forward = resnet20();
  const optimizer = tf.train.momentum(0.01, 0.9, true);
  return () => {
    optimizer.minimize(() => tf.losses.softmaxCrossEntropy(labels, forward(x)));
  };
}

function resnet20() {
  const stem = convNorm(3, 16, 1);
  const blocks = [
    ...[0, 1, 2].map(() => block(16, 16, 1)),
    ...[0, 1, 2].map((i) => block(i === 0 ? 16 : 32, 32, i === 0 ? 2 : 1)),
    ...[0, 1, 2].map((i) => block(i === 0 ? 32 : 64, 64, i === 0 ? 2 : 1)),
  ];
  const weight = tf.variable(tf.randomNormal([64, 10], 0, 0.1));
  const bias = tf.variable(tf.zeros([10]));
  return (x) => {
    const features = blocks.reduce((y, layer) => layer(y), tf.relu(stem(x)));
    return tf.add(tf.matMul(tf.mean(features, [1, 2]), weight), bias);
  };
}

function block(inChannels, outChannels, stride) {
  const first = convNorm(inChannels, outChannels, stride);
  const second = convNorm(outChannels, outChannels, 1);
  const added = outChannels - inChannels;
  return (x) => {
    const y = second(tf.relu(first(x)));
    return tf.relu(tf.add(added === 0 ? x : widened(x, added), y));
  };
}

/** Every second pixel, with `added` channels of zeros; strided slices have no gradient here, plain ones have. */
function widened(x, added) {
  const [batch, height, width, channels] = x.shape;
  const rows = tf.slice(tf.reshape(x, [batch, height / 2, 2, width * channels]), [0, 0, 0, 0], [-1, -1, 1, -1]);
  const pixels = tf.slice(tf.reshape(rows, [(batch * height) / 2, width / 2, 2, channels]), [0, 0, 0, 0], [-1, -1, 1, -1]);
  const half = tf.reshape(pixels, [batch, height / 2, width / 2, channels]);
  return tf.pad(half, [
    [0, 0],
    [0, 0],
    [0, 0],
    [added / 2, added / 2],
  ]);
}

function convNorm(inChannels, outChannels, stride) {
  const w = tf.variable(tf.randomNormal([3, 3, inChannels, outChannels], 0, Math.sqrt(2 / (9 * inChannels))));
  const scale = tf.variable(tf.ones([outChannels]));
  const offset = tf.variable(tf.zeros([outChannels]));
  return (x) => {
    const y = tf.conv2d(x, w, stride, 1);
    const { mean, variance } = tf.moments(y, [0, 1, 2]);
    return tf.batchNorm(y, mean, variance, offset, scale, 1e-5);
  };
}
