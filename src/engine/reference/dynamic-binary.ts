import type { DynamicBinaryKernels } from '../kernels.js';
import { forEachKeptProduct } from './dynamic.js';
import type { ReferenceMemory } from './memory.js';

const sign = (value: number): number => (value >= 0 ? 1 : -1);

export function dynamicBinaryKernels(memory: ReferenceMemory): DynamicBinaryKernels {
  return {
    levelGates(rows, channels, kept, gates, index, levels) {
      const [values, indices, out] = [memory.floats(gates), memory.ints(index), memory.floats(levels)];
      for (let row = 0; row < rows; row++) {
        const selected = Array.from(indices.subarray(row * kept, (row + 1) * kept)).filter((channel) => channel >= 0);
        const sum = selected.reduce((total, channel) => total + values[row * channels + channel]!, 0);
        out.fill(selected.length > 0 ? sum / selected.length : 0, row * channels, (row + 1) * channels);
      }
    },

    dynamicBinaryConv2d(g, x, w, levels, index, y) {
      const [input, weights, factors, output] = [memory.floats(x), memory.floats(w), memory.floats(levels), memory.floats(y)];
      const pixels = g.outHeight * g.outWidth;
      const size = g.batch * pixels * g.outChannels;
      output.fill(0, 0, size);
      forEachKeptProduct(g, memory.ints(index), (i, j, k) => {
        output[k]! += sign(input[i]!) * sign(weights[j]!);
      });
      for (let k = 0; k < size; k++) {
        const image = Math.floor(k / (pixels * g.outChannels));
        const head = Math.floor((k % g.outChannels) / (g.outChannels / g.heads));
        output[k]! *= factors[(image * g.heads + head) * g.inChannels]!;
      }
    },
  };
}
