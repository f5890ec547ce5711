import type { NormKernels } from '../kernels.js';
import type { ReferenceMemory } from './memory.js';

export function normKernels(memory: ReferenceMemory): NormKernels {
  return {
    batchNormStatistics(rows, channels, x, mean, variance, across = null) {
      const values = memory.floats(x);
      const means = memory.floats(mean);
      const variances = memory.floats(variance);
      // Around means that are known exactly: sums of squares would cancel.
      const sums = new Float64Array(channels + 1);
      for (let i = 0; i < rows * channels; i++) sums[i % channels]! += values[i]!;
      sums[channels] = rows;
      across?.(sums);
      const counted = sums[channels]!;
      for (let c = 0; c < channels; c++) means[c] = sums[c]! / counted;
      const squares = new Float64Array(channels);
      for (let i = 0; i < rows * channels; i++) squares[i % channels]! += (values[i]! - means[i % channels]!) ** 2;
      across?.(squares);
      for (let c = 0; c < channels; c++) variances[c] = squares[c]! / counted;
      return counted;
    },

    batchNorm({ rows, channels, epsilon, relu }, x, mean, variance, weight, bias, shortcut, y) {
      const values = memory.floats(x);
      const means = memory.floats(mean);
      const variances = memory.floats(variance);
      const weights = memory.floats(weight);
      const biases = memory.floats(bias);
      const added = shortcut === 0 ? null : memory.floats(shortcut);
      const out = memory.floats(y);
      for (let i = 0; i < rows * channels; i++) {
        const c = i % channels;
        const normalised = ((values[i]! - means[c]!) / Math.sqrt(variances[c]! + epsilon)) * weights[c]! + biases[c]!;
        const sum = normalised + (added?.[i] ?? 0);
        out[i] = relu ? Math.max(sum, 0) : sum;
      }
    },

    /**
     * With h = (x - mean) / deviation and dz = dy, or what of it passed the ReLU: dbias = sum dz, dweight = sum dz h, and
     * dx = weight / deviation * (dz - [training] (mean of dz + h * mean of dz h)).
     */
    batchNormGradient(g, x, mean, variance, weight, bias, y, dy, dz, dx, dweight, dbias) {
      const { rows, channels, epsilon, training, relu, adds, across = null } = g;
      const values = memory.floats(x);
      const means = memory.floats(mean);
      const variances = memory.floats(variance);
      const weights = memory.floats(weight);
      const biases = memory.floats(bias);
      const outputs = y === 0 ? null : memory.floats(y);
      const gradient = memory.floats(dy).slice();
      const out = memory.floats(dx);
      const dweights = memory.floats(dweight);
      const dbiases = memory.floats(dbias);
      const deviation = (c: number) => Math.sqrt(variances[c]! + epsilon);
      const normalised = (i: number) => (values[i]! - means[i % channels]!) / deviation(i % channels);
      const output = (i: number) => outputs?.[i] ?? normalised(i) * weights[i % channels]! + biases[i % channels]!;
      // dbias, dweight, and the number of rows.
      const sums = new Float64Array(2 * channels + 1);
      sums[2 * channels] = rows;
      for (let i = 0; i < rows * channels; i++) {
        if (relu && !(output(i) > 0)) gradient[i] = 0;
        sums[i % channels]! += gradient[i]!;
        sums[channels + (i % channels)]! += gradient[i]! * normalised(i);
      }
      dbiases.set(sums.subarray(0, channels));
      dweights.set(sums.subarray(channels, 2 * channels));
      if (training) across?.(sums);
      const counted = sums[2 * channels]!;
      for (let i = 0; i < rows * channels; i++) {
        const c = i % channels;
        const throughStatistics = training ? (sums[c]! + normalised(i) * sums[channels + c]!) / counted : 0;
        out[i] = (adds ? out[i]! : 0) + (weights[c]! / deviation(c)) * (gradient[i]! - throughStatistics);
      }
      if (dz !== 0 && dz !== dx) memory.floats(dz).set(gradient.subarray(0, rows * channels));
    },
  };
}
