import type { OptimizerKernels } from '../kernels.js';
import type { WasmContext } from './context.js';
import { mapElements } from './elements.js';

export function optimizerKernels(wasm: WasmContext): OptimizerKernels {
  return {
    sgd(n, step, w, gradient, velocity) {
      const { learningRate, momentum, weightDecay } = step;
      const kernel = velocity === 0 ? 'sgd' : step.nesterov ? 'sgdNesterov' : 'sgdMomentum';
      // The first step forgets what the velocity's memory held.
      mapElements(wasm, kernel, n, [w, gradient, velocity, step.first ? 1 : 0], [learningRate, momentum, weightDecay]);
    },

    /**
     * The corrections depend on the step alone: lr * m / c1 / (sqrt(v / c2) + epsilon) = (lr / c1) * m / (sqrt(v) / sqrt(c2) + epsilon).
     */
    adam(n, step, w, gradient, first, second) {
      const stepSize = step.learningRate / (1 - step.beta1 ** step.step);
      const correction = 1 / Math.sqrt(1 - step.beta2 ** step.step);
      const coupledDecay = step.decoupled ? 0 : step.weightDecay;
      const ownDecay = step.decoupled ? step.learningRate * step.weightDecay : 0;
      const moments = [step.beta1, 1 - step.beta1, step.beta2, 1 - step.beta2];
      const floats = [stepSize, correction, step.epsilon, coupledDecay, ownDecay, ...moments];
      mapElements(wasm, 'adam', n, [w, gradient, first, second], floats, 2);
    },

    movingAverage: (n, decay, w, average) => mapElements(wasm, 'movingAverage', n, [w, average], [1 - decay]),
  };
}
