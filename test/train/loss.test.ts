import { describe, expect, it } from 'vitest';
import { createReferenceEngine } from '../../src/engine/reference/index.js';
import { ConfigError, ShapeError } from '../../src/errors.js';
import { Module } from '../../src/nn/index.js';
import { Rng, scope, Tensor, withGradients } from '../../src/tensor/index.js';
import { depthLoss } from '../../src/train/loss.js';

const engine = createReferenceEngine();

/** Answers with the images, whatever they are: their own map. */
class Echo extends Module {
  forward(x: Tensor): Tensor {
    return x;
  }
}

/** Loss of a map, and its gradient. */
function lossOf(map: readonly number[], target: readonly number[], contrast: number, shape = [1, 3, 3]) {
  return scope(engine, () => {
    const [images, maps] = [map, target].map((values) => Tensor.from(engine, Float32Array.from(values), shape));
    const { loss, gradients } = withGradients(engine, [images!], () =>
      depthLoss(new Echo(), { images: images!, maps: maps! }, { name: 'depth', contrast }),
    );
    return { loss: loss.item(), gradient: [...gradients[0]!.toArray()] };
  });
}

const zeros = new Array(9).fill(0);

describe('depthLoss', () => {
  it('of a corner that is 1 too high: 1/9, and of eight differences one is 1', () => {
    const corner = zeros.with(0, 1);
    expect(lossOf(corner, zeros, 0).loss).toBeCloseTo(1 / 9, 6);
    const { loss, gradient } = lossOf(corner, zeros, 0.5);
    expect(loss).toBeCloseTo(1 / 9 + 0.5 / 8, 6);
    // d/d corner = 2/9 + 0.5 * 2/8; d/d centre = 0.5 * 2 * (1) * (-1) / 8
    expect(gradient[0]).toBeCloseTo(2 / 9 + 1 / 8, 6);
    expect(gradient[4]).toBeCloseTo(-1 / 8, 6);
  });

  it('of a centre that is 1 too high: all eight differences are -1', () => {
    const { loss, gradient } = lossOf(zeros.with(4, 1), zeros, 1);
    expect(loss).toBeCloseTo(1 / 9 + 1, 6);
    expect(gradient[4]).toBeCloseTo(2 / 9 + 2, 6);
    for (const i of [0, 1, 2, 3, 5, 6, 7, 8]) expect(gradient[i]).toBeCloseTo(-1 / 4, 6);
  });

  it('has no contrast in a map that is too high everywhere alike', () => {
    const label = [0.1, 0.5, 0.2, 0.4, 0.9, 0.3, 0, 0.6, 0.2];
    expect(
      lossOf(
        label.map((value) => value + 0.5),
        label,
        7,
      ).loss,
    ).toBeCloseTo(0.25, 5);
  });

  it('has the gradient of finite differences', () => {
    const rng = new Rng(3);
    const shape = [2, 4, 5];
    const [map, target] = [0, 1].map(() => Array.from({ length: 40 }, () => rng.uniform()));
    const { gradient } = lossOf(map!, target!, 0.7, shape);
    const step = 2 ** -6;
    for (const [i, value] of map!.entries()) {
      const at = (shift: number) => lossOf(map!.with(i, value + shift), target!, 0.7, shape).loss;
      // The loss is quadratic: central differences are exact, but for rounding.
      expect(gradient[i]).toBeCloseTo((at(step) - at(-step)) / (2 * step), 4);
    }
  });

  it('needs maps, of the size of the answers', () => {
    const images = Tensor.full(engine, [1, 3, 3], 0);
    expect(() => depthLoss(new Echo(), { images, maps: null }, { name: 'depth', contrast: 1 })).toThrow(ConfigError);
    const maps = Tensor.full(engine, [1, 4, 4], 0);
    expect(() => depthLoss(new Echo(), { images, maps }, { name: 'depth', contrast: 1 })).toThrow(ShapeError);
  });
});
