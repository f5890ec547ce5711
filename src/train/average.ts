import type { Module } from '../nn/module.js';
import { Buffer, Parameter } from '../nn/state.js';
import { Tensor } from '../tensor/tensor.js';

interface Averaged {
  readonly path: string;
  readonly entry: Parameter | Buffer;
  readonly average: Tensor;
}

/**
 * Moving average of a model's parameters and running statistics (Polyak and Juditsky, 1992): smoother than the weights of any one step. In the
 * first steps the decay is lower, (1 + n) / (10 + n) after n updates, so that the random start is soon forgotten.
 */
export class WeightAverage {
  updates = 0;
  private readonly averaged: readonly Averaged[];

  /** @param decay share of the old average that stays, in (0, 1) */
  constructor(
    model: Module,
    private readonly decay: number,
  ) {
    this.averaged = [...model.state()].flatMap(([path, entry]) => {
      if (!(entry instanceof Parameter || entry instanceof Buffer)) return [];
      const average = Tensor.empty(entry.value.engine, entry.shape, 'float32', `average of ${path}`).keep();
      average.engine.kernels.copy(average.size, entry.value.address, average.address);
      return [{ path, entry, average }];
    });
  }

  update(): void {
    const decay = Math.min(this.decay, (1 + this.updates) / (10 + this.updates));
    this.updates++;
    for (const { entry, average } of this.averaged) {
      average.engine.kernels.movingAverage(average.size, decay, entry.value.address, average.address);
    }
  }

  /** Runs `body` with the averages in the model's place; its own weights are back afterwards. */
  async during<T>(body: () => Promise<T>): Promise<T> {
    this.swap();
    try {
      return await body();
    } finally {
      this.swap();
    }
  }

  /** The averages, by the path of what they are averages of. */
  state(): Map<string, Tensor> {
    return new Map(this.averaged.map(({ path, average }) => [path, average]));
  }

  dispose(): void {
    for (const { average } of this.averaged) average.dispose();
  }

  private swap(): void {
    for (const { entry, average } of this.averaged) {
      const { kernels } = average.engine;
      using held = Tensor.empty(average.engine, average.shape, 'float32', 'weights set aside');
      kernels.copy(held.size, entry.value.address, held.address);
      kernels.copy(held.size, average.address, entry.value.address);
      kernels.copy(held.size, held.address, average.address);
    }
  }
}
