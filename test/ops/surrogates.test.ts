import { describe, expect, it } from 'vitest';
import { createEngine } from '../../src/engine/index.js';
import { createReferenceEngine } from '../../src/engine/reference/index.js';
import * as ops from '../../src/ops/index.js';
import { Rng } from '../../src/tensor/rng.js';
import { withGradients } from '../../src/tensor/tape.js';
import { Tensor } from '../../src/tensor/tensor.js';

const engine = createReferenceEngine();

function gradientsOf(inputs: Tensor[], compute: (...inputs: Tensor[]) => Tensor): number[][] {
  return withGradients(engine, inputs, () => [ops.sum(compute(...inputs))]).gradients.map((gradient) =>
    // -0 is as good a zero as 0.
    Array.from(gradient.toArray(), (value) => value + 0),
  );
}

describe('surrogate gradients against their closed form', () => {
  const values = [-1.5, -1, -0.75, -0.25, 0, 0.5, 1, 2];

  it('clip is 1 inside [-1, 1]', () => {
    const x = Tensor.from(engine, values, [8]);
    expect(gradientsOf([x], (a) => ops.sign(a!, 'clip'))[0]).toEqual([0, 1, 1, 1, 1, 1, 1, 0]);
  });

  it('quadratic is 2 - 2|x| inside (-1, 1)', () => {
    const x = Tensor.from(engine, values, [8]);
    expect(gradientsOf([x], (a) => ops.sign(a!, 'quadratic'))[0]).toEqual([0, 0, 0.5, 1.5, 2, 1, 0, 0]);
  });

  it('a 1-bit convolution passes gradients to weights of |w| <= 1 only, and sees signs', () => {
    const x = Tensor.from(engine, [0.5, -2, 0], [1, 1, 1, 3]);
    const w = Tensor.from(engine, [0.3, -1, 1.2], [1, 1, 1, 3]);
    // y = sign(x) . sign(w) = 1 + 1 + 1; dy/dsign(w) = sign(x) = [1, -1, 1]; dy/dsign(x) = sign(w) = [1, -1, 1].
    const y = ops.binaryConv2d(x, w);
    expect(y.item()).toBe(3);
    const [dx, dw] = gradientsOf([x, w], (a, b) => ops.binaryConv2d(a!, b!, { surrogate: 'quadratic' }));
    expect(dw).toEqual([1, -1, 0]);
    expect(dx).toEqual([1, 0, 2]);
  });

  it('a 1-bit central difference convolution takes the signs of the transformed weights', () => {
    const x = Tensor.from(engine, [1, 1, 1, 1, 1, 1, 1, 1, 1], [1, 3, 3, 1]);
    const w = Tensor.from(engine, [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5], [1, 3, 3, 1]);
    // Centre: 0.5 - 0.7 * 4.5 < 0, so the signs are eight +1 and one -1.
    expect(ops.binaryConv2d(x, ops.centralDifference(w, 0.7)).item()).toBe(7);
    const [dw] = gradientsOf([w], (b) => ops.binaryConv2d(x, ops.centralDifference(b!, 0.7)));
    // Straight through to the eight taps (|t| <= 1); the centre's |0.5 - 3.15| > 1 passes nothing, so no -theta term reaches the others.
    expect(dw).toEqual([1, 1, 1, 1, 0, 1, 1, 1, 1]);
  });
});

describe('dynamic group convolution', () => {
  it('gives exactly zero gradient to what was not selected', () => {
    const x = Tensor.from(engine, [1, 2, 3, 4], [1, 1, 1, 4]);
    const w = Tensor.from(engine, [1, 1, 1, 1, 2, 2, 2, 2], [2, 1, 1, 4]);
    const gates = Tensor.from(engine, [0.9, 0.1, 0.5, 0.2, 0.1, 0.8, 0.2, 0.7], [1, 2, 4]);
    const run = (a: Tensor, b: Tensor, g: Tensor) => ops.dynamicConv2d(a, b, g, { heads: 2, kept: 2 });
    expect([...run(x, w, gates).toArray()]).toEqual([0.9 * 1 + 0.5 * 3, 2 * (0.8 * 2 + 0.7 * 4)]);
    const [dx, dw, dgates] = gradientsOf([x, w, gates], (a, b, g) => run(a!, b!, g!));
    expect(dx).toEqual([0.9, 1.6, 0.5, 1.4]);
    expect(dw).toEqual([0.9, 0, 1.5, 0, 0, 1.6, 0, 2.8]);
    expect(dgates).toEqual([1, 0, 3, 0, 0, 4, 0, 8]);
  });

  it('chooses by a ranking in place of the gates, for every image alike, and multiplies by the gates still', () => {
    const x = Tensor.from(engine, [1, 10, 100, 1000, 2, 20, 200, 2000], [2, 1, 1, 4]);
    const w = Tensor.from(engine, [1, 1, 1, 1, 1, 1, 1, 1], [2, 1, 1, 4]);
    const gates = Tensor.from(engine, [3, 1, 1, 2, 3, 1, 1, 2, 1, 5, 1, 1, 1, 5, 1, 1], [2, 2, 4]);
    const ranking = Tensor.from(engine, [0, 3, 1, 2, 3, 2, 1, 0], [2, 4]);
    const run = (a: Tensor, b: Tensor, g: Tensor, r: Tensor) => ops.dynamicConv2d(a, b, g, { heads: 2, kept: 2, ranking: r });
    // The first head keeps channels 1 and 3, the second 0 and 1.
    expect([...run(x, w, gates, ranking).toArray()]).toEqual([2010, 13, 2100, 102]);
    const [, , dgates, dranking] = gradientsOf([x, w, gates, ranking], (a, b, g, r) => run(a!, b!, g!, r!));
    expect(dgates).toEqual([0, 10, 0, 1000, 1, 10, 0, 0, 0, 20, 0, 2000, 2, 20, 0, 0]);
    expect(dranking).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('keeps exactly the asked number among ties, the lowest index first; the drop rule lets all tied go', () => {
    const x = Tensor.from(engine, [1, 10, 100, 1000], [1, 1, 1, 4]);
    const w = Tensor.from(engine, [1, 1, 1, 1], [1, 1, 1, 4]);
    const gates = Tensor.from(engine, [1, 1, 1, 2], [1, 1, 4]);
    expect(ops.dynamicConv2d(x, w, gates, { heads: 1, kept: 2 }).item()).toBe(2001);
    expect(ops.dynamicConv2d(x, w, gates, { heads: 1, kept: 2, ties: 'drop' }).item()).toBe(2000);
  });
});

describe('1-bit dynamic group convolution', () => {
  // The one head keeps channels 0 and 3, whose level is (0.75 + 0.5) / 2.
  const x = Tensor.from(engine, [0.5, -2, 0.25, -0.5], [1, 1, 1, 4]);
  const gates = Tensor.from(engine, [0.75, 0.125, 0.25, 0.5], [1, 1, 4]);
  const run = (a: Tensor, b: Tensor, g: Tensor) => ops.dynamicBinaryConv2d(a, b, g, { heads: 1, kept: 2 });

  it('convolves the signs of what is kept, times the mean of its gates', () => {
    const w = Tensor.from(engine, [0.3, 9, -9, -0.5], [1, 1, 1, 4]);
    expect(run(x, w, gates).item()).toBe(0.625 * (1 + 1));
  });

  it('gives each kept gate its own channel, straight through the level; dropped channels get exactly zero', () => {
    const w = Tensor.from(engine, [0.3, 1, 1, 0.5], [1, 1, 1, 4]);
    const [dx, dw, dgates] = gradientsOf([x, w, gates], (a, b, g) => run(a!, b!, g!));
    expect(dx).toEqual([0.625, 0, 0, 0.625]);
    expect(dw).toEqual([0.625, 0, 0, -0.625]);
    expect(dgates).toEqual([1, 0, 0, -1]);
  });

  it('passes nothing to weights beyond 1', () => {
    const w = Tensor.from(engine, [1.5, 1, 1, -1], [1, 1, 1, 4]);
    expect(gradientsOf([x, w, gates], (a, b, g) => run(a!, b!, g!))[1]).toEqual([0, 0, 0, -0.625]);
  });

  it('adds up to the exact derivative where all gates of a head rise together', () => {
    const rng = new Rng(4);
    const draw = (shape: number[], value: () => number) =>
      Tensor.from(engine, Array.from({ length: shape.reduce((a, b) => a * b, 1) }, value), shape);
    const image = draw([1, 4, 5, 9], () => rng.normal());
    const weights = draw([3, 3, 3, 9], () => rng.normal());
    const drawn = draw([1, 1, 9], () => rng.uniform(0.5, 1));
    const convolve = (g: Tensor) => ops.sum(ops.dynamicBinaryConv2d(image, weights, g, { heads: 1, kept: 4, padding: 1 }));
    const raised = ops.add(drawn, Tensor.full(engine, [1, 1, 9], 1));
    const [dgates] = gradientsOf([drawn], (g) => convolve(g!));
    const together = dgates!.reduce((sum, value) => sum + value, 0);
    expect(together).not.toBe(0);
    expect(together).toBeCloseTo(convolve(raised).item() - convolve(drawn).item(), 9);
  });

  it('is integers times that factor on the fast engine, to the bit', async () => {
    const fast = await createEngine({ threads: 1 });
    try {
      const [channels, kept, pixels, rng] = [70, 18, 6, new Rng(8)];
      const values = Array.from({ length: pixels * channels }, () => Math.fround(rng.normal()));
      const weights = Array.from({ length: channels }, () => Math.fround(rng.normal()));
      const saliencies = Array.from({ length: channels }, () => Math.fround(rng.uniform(0, 2)));
      const order = saliencies.map((_, c) => c).sort((a, b) => saliencies[b]! - saliencies[a]!);
      const selected = order.slice(0, kept).sort((a, b) => a - b);
      const level = Math.fround(selected.reduce((sum, c) => sum + saliencies[c]!, 0) / kept);
      const expected = Array.from({ length: pixels }, (_, pixel) => {
        const products = selected.map((c) => (values[pixel * channels + c]! >= 0 === weights[c]! >= 0 ? 1 : -1));
        return Math.fround(level * products.reduce((sum, product) => sum + product, 0));
      });
      const y = ops.dynamicBinaryConv2d(
        Tensor.from(fast, values, [1, 2, 3, channels]),
        Tensor.from(fast, weights, [1, 1, 1, channels]),
        Tensor.from(fast, saliencies, [1, 1, channels]),
        { heads: 1, kept },
      );
      expect([...y.toArray()]).toEqual(expected.map((value) => value + 0));
    } finally {
      fast.dispose();
    }
  });
});
