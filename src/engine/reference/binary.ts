import type { BinaryKernels } from '../kernels.js';
import { forEachProduct } from './convolution.js';
import type { ReferenceMemory } from './memory.js';

const sign = (value: number): number => (value >= 0 ? 1 : -1);

/** The float convolution of the signs. Taps outside the image are no products at all, which is zero padding after the sign. */
export function binaryKernels(memory: ReferenceMemory): BinaryKernels {
  return {
    binaryConv2d(g, x, w, scale, y) {
      const [input, weights, output] = [memory.floats(x), memory.floats(w), memory.floats(y)];
      const factors = scale === 0 ? null : memory.floats(scale);
      const size = g.batch * g.outHeight * g.outWidth * g.outChannels;
      output.fill(0, 0, size);
      forEachProduct(g, (i, j, k) => {
        output[k]! += sign(input[i]!) * sign(weights[j]!);
      });
      if (factors) for (let i = 0; i < size; i++) output[i]! *= factors[i % g.outChannels]!;
    },
  };
}
