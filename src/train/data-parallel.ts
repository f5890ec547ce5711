import type { Engine } from '../engine/engine.js';
import { BatchNorm2d } from '../nn/layers.js';
import type { Module } from '../nn/module.js';
import * as ops from '../ops/index.js';
import { Tensor } from '../tensor/tensor.js';
import { digestOf, expectAlike, type Ranks } from './ranks.js';
import type { Recipe } from './recipe.js';

/**
 * One model on several ranks, each with its part of every batch. With a part's mean loss weighted by its share of the images, the loss of the
 * batch is the sum of the parts' losses, so its gradients are the sums of theirs, whatever the size of the parts. After a step all ranks hold the same bits.
 *
 * Batch norm is where images of a batch meet. `global`: it takes its statistics over all parts (synchronised batch norm), so that ranks change nothing
 * but rounding. `local`: over each part by itself, which needs no messages in the middle of a pass; the running statistics are then the mean of
 * the ranks', by share.
 */
export class DataParallel {
  /** Room for all that is summed after a backward pass, side by side: one message. */
  private readonly packed: Tensor;
  private readonly norms: readonly BatchNorm2d[];
  /** Running statistics that differ between ranks until they are summed. */
  private readonly statistics: readonly Tensor[];
  private readonly batchSize: number;

  constructor(
    readonly ranks: Ranks,
    engine: Engine,
    private readonly model: Module,
    { batchNorm, batchSize }: Pick<Recipe, 'batchNorm' | 'batchSize'>,
  ) {
    this.batchSize = batchSize;
    this.norms = model.modules().flatMap(([, module]) => (module instanceof BatchNorm2d ? [module] : []));
    const isGlobal = batchNorm === 'global';
    this.statistics = isGlobal ? [] : this.norms.flatMap((norm) => [norm.runningMean.value, norm.runningVariance.value]);
    if (isGlobal) for (const norm of this.norms) norm.across = (values) => ranks.sum(values);
    const weights = [...model.parameters().values()].map(({ value }) => value);
    const elements = [...weights, ...this.statistics].reduce((sum, { size }) => sum + size, 0);
    this.packed = Tensor.empty(engine, [elements], 'float32', 'gradients of all ranks').keep();
  }

  /** Of a part's mean loss, what it adds to that of the batch. */
  weigh(loss: Tensor, images: number): Tensor {
    return ops.scale(loss, images / this.batchSize);
  }

  /** Replaces the gradients by those of the whole batch, and running statistics of `local` batch norm by their mean. */
  sum(gradients: readonly Tensor[], images: number): void {
    for (const { engine, size, address } of this.statistics) {
      engine.kernels.affine(size, images / this.batchSize, 0, address, address);
    }
    const tensors = [...gradients, ...this.statistics];
    // All views are of the engine's memory: what is copied here never leaves it, and nothing below allocates there.
    const packed = this.packed.view() as Float32Array | Float64Array;
    let start = 0;
    for (const tensor of tensors) {
      packed.set(tensor.view(), start);
      start += tensor.size;
    }
    this.ranks.sum(packed);
    start = 0;
    for (const tensor of tensors) {
      tensor.view().set(packed.subarray(start, start + tensor.size));
      start += tensor.size;
    }
  }

  /** Overwrites the model's state, and `kept` tensors beside it, by those of rank 0. */
  takeState(kept: readonly Tensor[] = []): void {
    for (const entry of this.model.state().values()) {
      const values = entry.read();
      this.ranks.broadcast(values);
      entry.write(values);
    }
    for (const tensor of kept) this.ranks.broadcast(tensor.view() as Float32Array);
  }

  /** @throws RanksError when the model's state or a kept tensor has other bits than in rank 0 */
  expectSameState(kept: readonly Tensor[], step: number): void {
    const state = [...this.model.state().values()].map((entry) => entry.read());
    expectAlike(
      this.ranks,
      digestOf([...state, ...kept.map((tensor) => tensor.view() as Float32Array)]),
      (others) =>
        `Step ${step}: the weights of ${others} are not those of rank 0, though all took the same steps. Nothing was saved at this step. ` +
        'One computes otherwise (relaxed SIMD on some machines only: --relaxed-simd off) or has a fault. The last checkpoint is good.',
    );
  }

  /** The model trains by itself again. */
  dispose(): void {
    for (const norm of this.norms) norm.across = null;
    this.packed.dispose();
  }
}
