import { describe, expect, it } from 'vitest';
import { createReferenceEngine } from '../../src/engine/reference/index.js';
import { Linear } from '../../src/nn/layers.js';
import { Module } from '../../src/nn/module.js';
import * as ops from '../../src/ops/index.js';
import { Rng } from '../../src/tensor/rng.js';
import { scope } from '../../src/tensor/scope.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { Tensor as Tensors } from '../../src/tensor/tensor.js';
import { firstBadGradient, firstBadWeight, firstNonFinite } from '../../src/train/divergence.js';
import { evaluate } from '../../src/train/evaluate.js';
import { stripes } from './helpers.js';

const engine = createReferenceEngine();

/** Scores that are the same for every image, whatever it shows. */
class Fixed extends Module {
  readonly first: Linear;
  readonly second: Linear;

  constructor(scores: readonly number[]) {
    super();
    const rng = new Rng(1);
    this.first = new Linear(64, 4, { rng });
    this.second = new Linear(4, scores.length, { rng });
    this.to(engine);
    this.second.weight.write(new Float32Array(4 * scores.length));
    this.second.bias!.write(scores);
  }

  forward(x: Tensor): Tensor {
    return this.second.forward(ops.relu(this.first.forward(ops.flatten(x))));
  }
}

describe('evaluate', () => {
  it('counts what was answered, class by class, and weighs a short last batch by its images', async () => {
    const source = stripes(7);
    const model = new Fixed([0, 2, 1]).train();
    const result = await evaluate({ model, source, batchSize: 4, workers: 0 });
    expect(result).toMatchObject({
      count: 7,
      top1: 2 / 7,
      top5: 1,
      confusion: [
        [0, 3, 0],
        [0, 2, 0],
        [0, 2, 0],
      ],
    });
    const total = Math.log(1 + Math.E + Math.E ** 2);
    expect(result.loss).toBeCloseTo(total - (3 * 0 + 2 * 2 + 2 * 1) / 7, 6);
    expect(result.perClass[1]).toMatchObject({ name: 'column', count: 2, recall: 1, precision: 2 / 7 });
    expect(result.perClass[0]).toMatchObject({ name: 'row', count: 3, recall: 0, precision: null });
    expect(model.training).toBe(true);
  });

  it('judges the records that it is told to', async () => {
    const result = await evaluate({ model: new Fixed([0, 2, 1]), source: stripes(9), indices: [1, 4, 6], workers: 0 });
    expect(result).toMatchObject({ count: 3, top1: 2 / 3 });
  });

  it('refuses a network of other classes, and the lack of images', async () => {
    await expect(evaluate({ model: new Fixed([0, 1]), source: stripes(3), workers: 0 })).rejects.toThrow(
      /label 2 is not one of the 2 classes|scores for 2 classes/,
    );
    await expect(evaluate({ model: new Fixed([0, 1]) })).rejects.toThrow(/needs a source or a loader/);
  });

  it('stops when it is told to', async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    const onProgress = (done: number) => {
      seen.push(done);
      controller.abort(new Error('enough'));
    };
    const judged = evaluate({
      model: new Fixed([0, 1, 2]),
      source: stripes(9),
      batchSize: 3,
      workers: 0,
      signal: controller.signal,
      onProgress,
    });
    await expect(judged).rejects.toThrow('enough');
    expect(seen).toEqual([3]);
  });
});

describe('finding where numbers first went bad', () => {
  const images = () => Tensors.full(engine, [2, 8, 8, 1], 1, 'images');

  it('is nothing while all is well', () => {
    const model = new Fixed([0, 1, 2]);
    scope(engine, () => {
      const x = images();
      expect(firstNonFinite(model, () => model.forward(x))).toBeNull();
      expect(firstBadWeight(model)).toBeNull();
      expect(firstBadGradient(model, [x])).toBeNull();
    });
  });

  it('names the bad weight, the layer that overflows, the operator behind it, the input', () => {
    scope(engine, () => {
      const x = images();
      const spoilt = new Fixed([0, 1, 2]);
      spoilt.second.bias!.write([0, Number.NaN, 0]);
      expect(firstNonFinite(spoilt, () => spoilt.forward(x))).toBe('second.bias');
      expect(firstBadWeight(spoilt)).toBe('second.bias');

      const overflowing = new Fixed([0, 1, 2]);
      overflowing.second.weight.write(new Float32Array(12).fill(3e38));
      overflowing.first.bias!.write(new Float32Array(4).fill(3e38));
      const forward = () => ops.multiply(overflowing.forward(x), overflowing.forward(x));
      // Doubles hold 1e77, and the square of that, but not the square of the square.
      const further = () => [1, 2, 3].reduce((y) => ops.multiply(y, y), forward());
      expect(firstNonFinite(overflowing, further)).toBe('multiply after second');

      const fine = new Fixed([0, 1, 2]);
      const bad = Tensors.full(engine, [2, 8, 8, 1], Number.POSITIVE_INFINITY, 'images');
      expect(firstNonFinite(fine, () => fine.forward(bad))).toBe('the input');
    });
  });

  it('names the gradient nearest to the loss', () => {
    const model = new Fixed([0, 1, 2]);
    scope(engine, () => {
      const gradients = [...model.parameters().values()].map(({ shape }, i) =>
        Tensors.full(engine, shape, i === 0 || i === 2 ? Number.NaN : 0),
      );
      expect(firstBadGradient(model, gradients)).toBe('the gradient of second.weight');
    });
  });
});
