import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../src/engine/index.js';
import { DynamicGroupConv2d } from '../../src/nn/index.js';
import { observe } from '../../src/ops/index.js';
import { Rng, scope, Tensor } from '../../src/tensor/index.js';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.dispose());

const create = (selection: 'random' | 'saliency', seed = 3) =>
  new DynamicGroupConv2d(12, 8, { kernel: 1, heads: 2, keep: 0.25, selection, rng: new Rng(seed) }).to(engine);

function answers(layer: DynamicGroupConv2d, values: ArrayLike<number>): number[] {
  return scope(engine, () => [
    ...layer
      .eval()
      .forward(Tensor.from(engine, values, [values.length / 12, 1, 1, 12]))
      .toArray(),
  ]);
}

const pixels = Float32Array.from({ length: 5 * 12 }, (_, i) => 0.1 + ((7 * i) % 13));

describe('DynamicGroupConv2d with channels picked at random', () => {
  it('gives each head an order of its own, by the seed', () => {
    const [a, b] = [create('random'), create('random')];
    const ranking = a.ranking!.read();
    expect(ranking).toEqual(b.ranking!.read());
    expect(ranking).not.toEqual(create('random', 4).ranking!.read());
    const heads = [ranking.slice(0, 12), ranking.slice(12)];
    for (const head of heads) expect([...head].sort((x, y) => x - y)).toEqual(Array.from({ length: 12 }, (_, i) => i));
    expect(heads[0]).not.toEqual(heads[1]);
  });

  it('starts with the weights of the same layer with selectors, and answers as it while all channels are kept', () => {
    const [random, picked] = [create('random'), create('saliency')];
    for (const [path, entry] of picked.state()) expect(random.state().get(path)!.read(), path).toEqual(entry.read());
    expect(answers(random, pixels)).toEqual(answers(picked, pixels));
  });

  it('keeps the channels of the highest ranks, of every image', () => {
    const layer = create('random');
    layer.setProgress(1);
    expect(layer.inactive.value).toBe(9);
    const ranking = layer.ranking!.read();
    const kept = new Set([...ranking].flatMap((rank, i) => (rank >= 9 ? [i % 12] : [])));
    const zeroed = pixels.map((value, i) => (kept.has(i % 12) ? value : -1));
    // What no head keeps has no say but by the selectors, whose saliencies are made equal here.
    for (const parameter of [layer.reduce, layer.expand]) parameter.write(new Float32Array(parameter.size));
    expect(answers(layer, zeroed)).toEqual(answers(layer, pixels));
    const other = pixels.map((value, i) => (i % 12 === [...kept][0] ? value + 1 : value));
    expect(answers(layer, other)).not.toEqual(answers(layer, pixels));
  });

  it('keeps its order with the state', () => {
    const [layer, other] = [create('random'), create('random', 9)];
    for (const each of [layer, other]) each.setProgress(1);
    expect(answers(other, pixels)).not.toEqual(answers(layer, pixels));
    other.loadState(new Map([...layer.state()].map(([path, entry]) => [path, { shape: entry.shape, data: entry.read() }])));
    expect(answers(other, pixels)).toEqual(answers(layer, pixels));
  });

  it('convolves as many channels as with selectors', () => {
    const macs = (['random', 'saliency'] as const).map((selection) => {
      const layer = create(selection);
      layer.setProgress(1);
      const seen: number[] = [];
      observe(
        engine,
        ({ operator, cost }) => operator === 'dynamicConv2d' && seen.push(cost.macs),
        () => answers(layer, pixels),
      );
      return seen;
    });
    expect(macs[0]).toEqual([5 * 8 * 3]);
    expect(macs[1]).toEqual(macs[0]);
  });
});
