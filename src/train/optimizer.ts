import { parseConfig } from '../config/parse.js';
import type { Engine } from '../engine/engine.js';
import type { Parameter } from '../nn/state.js';
import { Tensor } from '../tensor/tensor.js';
import { type OptimizerOptions, optimizerSchema, type RecipeInput } from './recipe.js';

/** What one parameter's update needs from step to step. */
interface Slot {
  readonly path: string;
  readonly parameter: Parameter;
  readonly weightDecay: number;
  readonly moments: Readonly<Record<string, Tensor>>;
}

/**
 * Updates parameters in place from their gradients: SGD, Adam or AdamW, each as in PyTorch. What it keeps between steps (velocity, or first
 * and second moments) lies in the engine, starts at 0, and can be saved and loaded.
 */
export class Optimizer {
  /** Steps done. */
  steps = 0;
  private readonly slots: readonly Slot[];

  constructor(
    private readonly engine: Engine,
    parameters: ReadonlyMap<string, Parameter>,
    private readonly options: OptimizerOptions,
  ) {
    const names = momentNames(options);
    this.slots = [...parameters].map(([path, parameter]) => ({
      path,
      parameter,
      weightDecay: options.decay === 'all' || parameter.role === 'weight' ? options.weightDecay : 0,
      moments: Object.fromEntries(names.map((name) => [name, zeros(engine, parameter, `${name} of ${path}`)])),
    }));
  }

  /** One update. `gradients` are those of the parameters, in their order. */
  step(gradients: readonly Tensor[], learningRate: number): void {
    const { options, engine } = this;
    const first = this.steps === 0;
    this.steps++;
    for (const [i, { parameter, weightDecay, moments }] of this.slots.entries()) {
      const { address } = parameter.value;
      const gradient = gradients[i]!.address;
      if (options.name === 'sgd') {
        const { momentum, nesterov } = options;
        const velocity = moments['velocity']?.address ?? 0;
        engine.kernels.sgd(parameter.size, { learningRate, momentum, nesterov, weightDecay, first }, address, gradient, velocity);
      } else {
        const { beta1, beta2, epsilon } = options;
        const decoupled = options.name === 'adamw';
        const adam = { learningRate, beta1, beta2, epsilon, weightDecay, decoupled, step: this.steps };
        const { first: mean, second: square } = moments;
        engine.kernels.adam(parameter.size, adam, address, gradient, mean!.address, square!.address);
      }
    }
  }

  /** What is kept between steps, by `velocity/PATH`, `first/PATH`, `second/PATH`. */
  state(): Map<string, Tensor> {
    return new Map(
      this.slots.flatMap(({ path, moments }) =>
        Object.entries(moments).map(([name, tensor]): [string, Tensor] => [`${name}/${path}`, tensor]),
      ),
    );
  }

  dispose(): void {
    for (const tensor of this.state().values()) tensor.dispose();
  }
}

function momentNames(options: OptimizerOptions): readonly string[] {
  if (options.name !== 'sgd') return ['first', 'second'];
  return options.momentum > 0 ? ['velocity'] : [];
}

function zeros(engine: Engine, parameter: Parameter, label: string): Tensor {
  return Tensor.full(engine, parameter.shape, 0, label).keep();
}

/**
 * The optimiser that `options` describe, as in a recipe.
 * @param parameters by path, as `model.parameters()` gives them, on `engine`
 * @throws ConfigError for options that are missing, unknown or out of range
 */
export function createOptimizer(
  engine: Engine,
  parameters: ReadonlyMap<string, Parameter>,
  options: RecipeInput['optimizer'],
): Optimizer {
  return new Optimizer(engine, parameters, parseConfig(optimizerSchema, options));
}
