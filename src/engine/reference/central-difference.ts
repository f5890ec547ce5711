import type { CentralDifferenceKernels } from '../kernels.js';
import type { ReferenceMemory } from './memory.js';

/**
 * out[t] = w[t] - [t = centre] theta * sum over s of w[s]. Read backwards: dw[s] = dout[s] - theta * dout[centre], for every s, since each
 * weight takes part in the centre tap's sum.
 */
export function centralDifferenceKernels(memory: ReferenceMemory): CentralDifferenceKernels {
  return {
    centralDifference(rows, taps, channels, theta, w, out) {
      const [weights, output] = [memory.floats(w), memory.floats(out)];
      const centre = (taps - 1) / 2;
      for (let row = 0; row < rows; row++) {
        for (let c = 0; c < channels; c++) {
          const at = (tap: number) => (row * taps + tap) * channels + c;
          let sum = 0;
          for (let tap = 0; tap < taps; tap++) sum += weights[at(tap)]!;
          for (let tap = 0; tap < taps; tap++) output[at(tap)] = weights[at(tap)]! - (tap === centre ? theta * sum : 0);
        }
      }
    },

    centralDifferenceGradient(rows, taps, channels, theta, dout, dw) {
      const [outputGradient, weightGradient] = [memory.floats(dout), memory.floats(dw)];
      const centre = (taps - 1) / 2;
      for (let row = 0; row < rows; row++) {
        for (let c = 0; c < channels; c++) {
          const at = (tap: number) => (row * taps + tap) * channels + c;
          const atCentre = outputGradient[at(centre)]!;
          for (let tap = 0; tap < taps; tap++) weightGradient[at(tap)] = outputGradient[at(tap)]! - theta * atCentre;
        }
      }
    },
  };
}
