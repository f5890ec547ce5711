import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../src/engine/index.js';
import { createModel, genotypeText, type Network } from '../../src/models/index.js';
import * as ops from '../../src/ops/index.js';
import { Architecture, edgeNumber } from '../../src/search/architecture.js';
import { genotypeOf, parseSpace, type SearchSpace } from '../../src/search/space.js';
import { createSupernet } from '../../src/search/supernet.js';
import { Rng, scope, Tensor, withGradients } from '../../src/tensor/index.js';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.dispose());

const operations = ['none', 'skip', 'conv', 'cdc_2_1.5', 'binary', 'dynamic'];

const classifying = parseSpace({ frame: { task: 'classification', stem: [8], widths: [8, 8, 16] }, nodes: 2, operations });
const mapping = parseSpace({
  frame: { task: 'depth-map', stem: [8], widths: [8, 8, 8], head: [8], attention: [3, 3, 3] },
  nodes: 2,
  operations,
});

function images(): Tensor {
  const rng = new Rng(1);
  return Tensor.from(
    engine,
    Float32Array.from({ length: 3 * 16 * 16 * 3 }, () => rng.normal()),
    [3, 16, 16, 3],
  );
}

function supernetOf(architecture: Architecture, partial: number) {
  return createSupernet(architecture, { engine, partial, seed: 2, inChannels: 3, classes: 5, mapSize: 4 });
}

const forward = (network: Network) => scope(engine, () => Float32Array.from(network.forward(images()).toArray()));

describe.each([
  ['classification', classifying],
  ['depth maps', mapping],
] as const)('a supernet for %s', (_, space: SearchSpace) => {
  it('computes what a network of the space does once its shares are all on that', () => {
    const architecture = new Architecture(space);
    const supernet = supernetOf(architecture, 1);
    // 0 -dynamic-> 1 -cdc_2_1.5-> 2; 0 -binary-> 2 is not chosen.
    const chosen = [
      { from: 0, operation: 'dynamic' },
      { from: 1, operation: 'cdc_2_1.5' },
    ];
    const shares = new Float64Array(architecture.values.length);
    for (const cell of architecture.cells) {
      for (const [i, { from, operation }] of chosen.entries()) {
        shares[cell.edges[i]!.start + from] = 1;
        shares[cell.operations[edgeNumber(from, i + 1)]!.start + operations.indexOf(operation)] = 1;
      }
      shares[cell.attention.start + 1] = 1;
    }
    supernet.mix(shares);
    const genotype = genotypeOf(
      space,
      space.frame.widths.map(() => ({ nodes: chosen, output: [2] })),
    );
    const name = space === mapping ? 'genotype-depth' : 'genotype';
    const answers = space === mapping ? { mapSize: 4 } : { classes: 5 };
    const single = createModel(name, { engine, genotype: genotypeText(genotype), theta: space.theta, ...answers });
    // The single network's weights, from where the supernet has them.
    const state = supernet.network.state();
    const values = [...single.state()].map(([path, { shape }]) => {
      const [, before, i, rest] = /^(.*)operations\.(\d)\.(.*)$/.exec(path) ?? [];
      const kept = operations.filter((operation) => operation !== 'none');
      const number = Number(i);
      const source =
        before === undefined
          ? path
          : `${before}edges.${edgeNumber(chosen[number]!.from, number + 1)}.operations.${kept.indexOf(chosen[number]!.operation)}.${rest}`;
      const entry = state.get(source);
      if (!entry) throw new Error(`no ${source} in ${[...state.keys()].join('\n')}`);
      return [path, { shape, data: entry.read() }] as const;
    });
    single.loadState(new Map(values));
    const [expected, got] = [forward(single.eval()), forward(supernet.network.eval())];
    expect(expected.some((value) => value !== 0)).toBe(true);
    for (const [i, value] of got.entries()) expect(value).toBeCloseTo(expected[i]!, 5);
    single.dispose();
    supernet.dispose();
  });

  it('has the gradients towards its shares that finite differences show', () => {
    // Not of signs and chosen channels, which jump.
    const architecture = new Architecture({ ...space, operations: ['none', 'skip', 'conv', 'cdc_2_1.5'] });
    const supernet = supernetOf(architecture, 2);
    const shares = architecture.shares();
    const loss = () => {
      const map = supernet.network.forward(images());
      return ops.mean(ops.multiply(map, map));
    };
    supernet.network.eval();
    supernet.mix(shares);
    const gradients = scope(engine, () =>
      withGradients(engine, supernet.shares, () => [loss()]).gradients.map((gradient) => gradient.item()),
    );
    const at = (i: number, value: number) => {
      supernet.mix(shares.map((share, j) => (i === j ? value : share)));
      return scope(engine, () => loss().item());
    };
    const size = Math.max(...gradients.map(Math.abs));
    expect(size).toBeGreaterThan(0);
    // Two of each cell's groups of operations, its edges and its attention.
    const looked = architecture.cells.flatMap(({ operations: groups, edges, attention }) =>
      [groups[0]!, groups[2]!, edges[1]!, attention].flatMap(({ start, length }) => Array.from({ length }, (_, i) => start + i)),
    );
    for (const i of looked) {
      const step = 1e-2;
      const slope = (at(i, shares[i]! + step) - at(i, shares[i]! - step)) / (2 * step);
      expect(Math.abs(gradients[i]! - slope)).toBeLessThan(0.03 * size);
    }
    supernet.dispose();
  });

  it('lets one in `partial` channels pass its operations, and needs the less memory', () => {
    const sizes = [1, 2].map((partial) => {
      const before = engine.memory().bytesInUse;
      const supernet = supernetOf(new Architecture(space), partial);
      const bytes = engine.memory().bytesInUse - before;
      supernet.mix(new Architecture(space).shares());
      expect(forward(supernet.network).every(Number.isFinite)).toBe(true);
      supernet.dispose();
      return { bytes, after: engine.memory().bytesInUse - before };
    });
    expect(sizes[1]!.bytes).toBeLessThan(sizes[0]!.bytes);
    expect(sizes.map(({ after }) => after)).toEqual([0, 0]);
  });
});
