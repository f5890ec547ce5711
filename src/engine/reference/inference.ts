import type { Address, InferenceKernels } from '../kernels.js';
import type { ReferenceMemory } from './memory.js';

export function inferenceKernels(memory: ReferenceMemory): InferenceKernels {
  const valuesAt = (address: Address) => (address === 0 ? null : memory.floats(address));
  return {
    finish(rows, channels, tensors, x, y) {
      const [scale, bias, shortcut] = [valuesAt(tensors.scale), valuesAt(tensors.bias), valuesAt(tensors.shortcut)];
      const [positive, negative] = [valuesAt(tensors.positive), valuesAt(tensors.negative)];
      const from = memory.floats(x);
      const to = memory.floats(y);
      for (let i = 0; i < rows * channels; i++) {
        const c = i % channels;
        const value = from[i]! * (scale?.[c] ?? 1) + (bias?.[c] ?? 0) + (shortcut?.[i] ?? 0);
        switch (tensors.activation) {
          case 'none':
            to[i] = value;
            break;
          case 'relu':
            to[i] = Math.max(value, 0);
            break;
          default:
            to[i] = value * ((value >= 0 ? positive?.[c] : negative?.[c]) ?? 1);
        }
      }
    },
  };
}
