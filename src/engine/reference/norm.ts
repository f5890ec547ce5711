import type { NormKernels } from '../kernels.js';
import type { ReferenceMemory } from './memory.js';

export function normKernels(memory: ReferenceMemory): NormKernels {
  return {
    batchNormStatistics(rows, channels, x, mean, variance) {
      const values = memory.floats(x);
      const means = memory.floats(mean);
      const variances = memory.floats(variance);
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let row = 0; row < rows; row++) sum += values[row * channels + c]!;
        const average = sum / rows;
        let squares = 0;
        for (let row = 0; row < rows; row++) squares += (values[row * channels + c]! - average) ** 2;
        means[c] = average;
        variances[c] = squares / rows;
      }
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
      const { rows, channels, epsilon, training, relu, adds } = g;
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
      for (let c = 0; c < channels; c++) {
        const deviation = Math.sqrt(variances[c]! + epsilon);
        const normalised = (i: number) => (values[i]! - means[c]!) / deviation;
        const output = (i: number) => outputs?.[i] ?? normalised(i) * weights[c]! + biases[c]!;
        let sum = 0;
        let products = 0;
        for (let i = c; i < rows * channels; i += channels) {
          if (relu && !(output(i) > 0)) gradient[i] = 0;
          sum += gradient[i]!;
          products += gradient[i]! * normalised(i);
        }
        for (let i = c; i < rows * channels; i += channels) {
          const throughStatistics = training ? sum / rows + (normalised(i) * products) / rows : 0;
          out[i] = (adds ? out[i]! : 0) + (weights[c]! / deviation) * (gradient[i]! - throughStatistics);
        }
        dweights[c] = products;
        dbiases[c] = sum;
      }
      if (dz !== 0 && dz !== dx) memory.floats(dz).set(gradient.subarray(0, rows * channels));
    },
  };
}
