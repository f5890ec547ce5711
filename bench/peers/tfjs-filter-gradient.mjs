import * as tf from '@tensorflow/tfjs-core';

/**
 * The kernel that keeps this backend from training convolutions, composed of kernels that it has.
 *
 *     dw[i, j, c, k] = sum over n, p, q of x[n, p * stride + i - pad, q * stride + j - pad, c] * dy[n, p, q, k]
 *
 * is itself a convolution: of x with its channels as the batch and its images as the channels, by dy as the filter, the strides as
 * dilations.
 */
export function registerFilterGradient() {
  tf.registerKernel({
    kernelName: 'Conv2DBackpropFilter',
    backendName: 'wasm',
    kernelFunc: ({ inputs: { x, dy }, attrs: { strides, pad, filterShape } }) => {
      const [stride] = Array.isArray(strides) ? strides : [strides];
      return filterGradient(x, dy, stride, pad, filterShape);
    },
  });
  check();
}

function filterGradient(x, dy, stride, pad, filterShape) {
  return tf.tidy(() => {
    const images = tf.transpose(x, [3, 1, 2, 0]);
    const filter = tf.transpose(dy, [1, 2, 0, 3]);
    const dw = tf.conv2d(images, filter, 1, pad, 'NHWC', stride);
    const [height, width, inChannels, outChannels] = filterShape;
    // Rows and columns of the image that no window reaches give taps beyond the kernel.
    const taps = tf.slice(dw, [0, 0, 0, 0], [inChannels, height, width, outChannels]);
    return tf.transpose(taps, [1, 2, 0, 3]);
  });
}

/** Against the sum as it stands above, strided and not. */
function check() {
  for (const [stride, outSide] of [
    [1, 6],
    [2, 3],
  ]) {
    tf.tidy(() => {
      const x = tf.randomNormal([2, 6, 6, 3]);
      const dy = tf.randomNormal([2, outSide, outSide, 5]);
      const got = filterGradient(x, dy, stride, 1, [3, 3, 3, 5]).arraySync();
      const [images, gradients] = [x.arraySync(), dy.arraySync()];
      for (const [i, j, c, k] of everyIndex([3, 3, 3, 5])) {
        let sum = 0;
        for (const [n, p, q] of everyIndex([2, outSide, outSide])) {
          const pixel = images[n][p * stride + i - 1]?.[q * stride + j - 1];
          sum += (pixel?.[c] ?? 0) * gradients[n][p][q][k];
        }
        const error = Math.abs(got[i][j][c][k] - sum);
        if (!(error < 1e-4)) throw new Error(`the filter gradient is off by ${error} at stride ${stride}`);
      }
    });
  }
}

function everyIndex([length, ...rest]) {
  const indices = Array.from({ length }, (_, i) => [i]);
  return rest.length === 0 ? indices : indices.flatMap((index) => everyIndex(rest).map((others) => [...index, ...others]));
}
