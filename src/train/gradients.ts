import { scope } from '../tensor/scope.js';
import { Tensor } from '../tensor/tensor.js';

/** As in PyTorch's clip_grad_norm_. */
const epsilon = 1e-6;

/** Euclidean norm of all gradients together; NaN or infinite when one of them has such an element, or overflows float32 when squared. */
export function globalNorm(gradients: readonly Tensor[]): number {
  const engine = gradients[0]!.engine;
  return scope(engine, () => {
    const out = Tensor.empty(engine, [1], 'float32', 'gradient norm');
    let total = 0;
    for (const gradient of gradients) {
      engine.kernels.sumSquares(gradient.size, gradient.address, out.address);
      total += out.item();
    }
    return Math.sqrt(total);
  });
}

/** Shrinks all gradients, in place, by one factor, so that their global norm `norm` becomes `largest` if it is above that. */
export function clipGradients(gradients: readonly Tensor[], norm: number, largest: number): void {
  const factor = largest / (norm + epsilon);
  if (factor >= 1) return;
  for (const { engine, size, address } of gradients) engine.kernels.affine(size, factor, 0, address, address);
}
