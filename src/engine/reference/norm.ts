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

    batchNorm(rows, channels, epsilon, x, mean, variance, weight, bias, y) {
      const values = memory.floats(x);
      const means = memory.floats(mean);
      const variances = memory.floats(variance);
      const weights = memory.floats(weight);
      const biases = memory.floats(bias);
      const out = memory.floats(y);
      for (let i = 0; i < rows * channels; i++) {
        const c = i % channels;
        out[i] = ((values[i]! - means[c]!) / Math.sqrt(variances[c]! + epsilon)) * weights[c]! + biases[c]!;
      }
    },

    /**
     * With h = (x - mean) / deviation: dbias = sum dy, dweight = sum dy h, and
     * dx = weight / deviation * (dy - [training] (mean of dy + h * mean of dy h)).
     */
    batchNormGradient(rows, channels, epsilon, training, x, mean, variance, weight, dy, dx, dweight, dbias) {
      const values = memory.floats(x);
      const means = memory.floats(mean);
      const variances = memory.floats(variance);
      const weights = memory.floats(weight);
      const gradient = memory.floats(dy);
      const out = memory.floats(dx);
      const dweights = memory.floats(dweight);
      const dbiases = memory.floats(dbias);
      for (let c = 0; c < channels; c++) {
        const deviation = Math.sqrt(variances[c]! + epsilon);
        const normalised = (i: number) => (values[i]! - means[c]!) / deviation;
        let sum = 0;
        let products = 0;
        for (let i = c; i < rows * channels; i += channels) {
          sum += gradient[i]!;
          products += gradient[i]! * normalised(i);
        }
        for (let i = c; i < rows * channels; i += channels) {
          const throughStatistics = training ? sum / rows + (normalised(i) * products) / rows : 0;
          out[i] = (weights[c]! / deviation) * (gradient[i]! - throughStatistics);
        }
        dweights[c] = products;
        dbiases[c] = sum;
      }
    },
  };
}
