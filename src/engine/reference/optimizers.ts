import type { OptimizerKernels } from '../kernels.js';
import type { ReferenceMemory } from './memory.js';

export function optimizerKernels(memory: ReferenceMemory): OptimizerKernels {
  return {
    sgd(n, step, w, gradient, velocity) {
      const weights = memory.floats(w);
      const gradients = memory.floats(gradient);
      const velocities = velocity === 0 ? null : memory.floats(velocity);
      for (let i = 0; i < n; i++) {
        const g = gradients[i]! + step.weightDecay * weights[i]!;
        let update = g;
        if (velocities) {
          const v = step.first ? g : step.momentum * velocities[i]! + g;
          velocities[i] = v;
          update = step.nesterov ? g + step.momentum * v : v;
        }
        weights[i] = weights[i]! - step.learningRate * update;
      }
    },

    adam(n, step, w, gradient, first, second) {
      const weights = memory.floats(w);
      const gradients = memory.floats(gradient);
      const firsts = memory.floats(first);
      const seconds = memory.floats(second);
      const firstCorrection = 1 - step.beta1 ** step.step;
      const secondCorrection = 1 - step.beta2 ** step.step;
      for (let i = 0; i < n; i++) {
        const decay = step.weightDecay * weights[i]!;
        const g = step.decoupled ? gradients[i]! : gradients[i]! + decay;
        const m = step.beta1 * firsts[i]! + (1 - step.beta1) * g;
        const v = step.beta2 * seconds[i]! + (1 - step.beta2) * g * g;
        const update = m / firstCorrection / (Math.sqrt(v / secondCorrection) + step.epsilon);
        firsts[i] = m;
        seconds[i] = v;
        weights[i] = weights[i]! - step.learningRate * (step.decoupled ? decay : 0) - step.learningRate * update;
      }
    },

    movingAverage(n, decay, w, average) {
      const weights = memory.floats(w);
      const averages = memory.floats(average);
      for (let i = 0; i < n; i++) averages[i] = decay * averages[i]! + (1 - decay) * weights[i]!;
    },
  };
}
