import type { Architecture } from './architecture.js';
import type { SearchRecipe } from './recipe.js';

/** As in PyTorch's Adam. */
const epsilon = 1e-8;

/** Adam over the few numbers of an architecture, in doubles; weight decay is added to the gradient, as in DARTS. */
export class ArchitectureOptimizer {
  /** Steps done. */
  steps = 0;
  private readonly first: Float64Array;
  private readonly second: Float64Array;

  constructor(
    readonly architecture: Architecture,
    private readonly options: Pick<SearchRecipe['differentiable'], 'learningRate' | 'beta1' | 'beta2' | 'weightDecay'>,
  ) {
    this.first = new Float64Array(architecture.values.length);
    this.second = new Float64Array(architecture.values.length);
  }

  step(gradient: Float64Array): void {
    const { learningRate, beta1, beta2, weightDecay } = this.options;
    const { first, second } = this;
    const { values } = this.architecture;
    this.steps++;
    for (const [i, g] of gradient.entries()) {
      const whole = g + weightDecay * values[i]!;
      first[i] = beta1 * first[i]! + (1 - beta1) * whole;
      second[i] = beta2 * second[i]! + (1 - beta2) * whole * whole;
      const mean = first[i]! / (1 - beta1 ** this.steps);
      const square = second[i]! / (1 - beta2 ** this.steps);
      values[i] = values[i]! - (learningRate * mean) / (Math.sqrt(square) + epsilon);
    }
  }

  /** What a checkpoint keeps; written to in place. */
  state(): { readonly values: Float64Array; readonly first: Float64Array; readonly second: Float64Array } {
    return { values: this.architecture.values, first: this.first, second: this.second };
  }
}
