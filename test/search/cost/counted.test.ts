import { describe, expect, it } from 'vitest';
import { ConfigError, ShapeError } from '../../../src/errors.js';
import { summarize } from '../../../src/metrics/summary.js';
import { type Cell, createModel, type Genotype, genotypeFormat, genotypeText, parseGenotype } from '../../../src/models/index.js';
import { countedCosts } from '../../../src/search/cost/counted.js';
import { costOf } from '../../../src/search/cost/table.js';
import { genotypeOf, parseSpace, randomCells, type SearchSpace } from '../../../src/search/space.js';
import { Rng } from '../../../src/tensor/index.js';
import { classifying, mapping } from './spaces.js';

/** What `summarize` says of the whole network. */
function summaryOf(genotype: Genotype, input: readonly [number, number, number]): { macs: number; operations: number } {
  const options = { genotype: genotypeText(genotype), inChannels: input[2] };
  const model =
    genotype.task === 'depth-map'
      ? createModel('genotype-depth', { ...options, mapSize: 4 })
      : createModel('genotype', { ...options, classes: 5 });
  const { macs, operations } = summarize(model, input).totals;
  return { macs, operations };
}

const cases: readonly [string, SearchSpace, readonly [number, number, number], { classes: number } | { mapSize: number }][] = [
  ['scores', classifying, [16, 16, 3], { classes: 5 }],
  ['scores of odd grey images', classifying, [19, 13, 1], { classes: 5 }],
  ['depth maps', mapping, [32, 32, 3], { mapSize: 4 }],
];

describe.each(cases)('the counted costs of networks that give %s', (_what, space, input, answers) => {
  const table = countedCosts(space, input, answers);

  it('are together, to the unit, what the whole network counts', () => {
    const rng = new Rng(11);
    for (let i = 0; i < 25; i++) {
      const cells = randomCells(space, rng);
      const { milliseconds, ...counted } = costOf(table, cells);
      expect(counted).toEqual(summaryOf(genotypeOf(space, cells), input));
      expect(milliseconds).toBeNull();
    }
  });

  it('are so where outputs have several nodes and some nodes are not used', () => {
    const cells: Cell[] = [
      {
        nodes: [
          { from: 0, operation: 'dynamic' },
          { from: 1, operation: 'binary@0.7' },
          { from: 1, operation: 'cdc_2_1.6' },
        ],
        output: [2, 1],
      },
      { nodes: [{ from: 0, operation: 'conv_2_0.5' }], output: [1] },
      {
        nodes: [
          { from: 0, operation: 'binary' },
          { from: 0, operation: 'skip' },
          { from: 0, operation: 'conv' },
        ],
        output: [1, 2],
      },
    ];
    const { macs, operations } = costOf(table, cells);
    const genotype = parseGenotype({ ...space.frame, format: genotypeFormat, version: 1, cells });
    expect({ macs, operations }).toEqual(summaryOf(genotype, input));
  });

  it('has every operation at every level, with none and skip free', () => {
    expect(table.levels.map(({ shape }) => shape[2])).toEqual(space.frame.widths);
    for (const { operations } of table.levels) {
      expect(Object.keys(operations)).toEqual(space.operations);
      const { none, skip, conv, binary, dynamic } = operations;
      for (const free of [none, skip]) expect(free).toEqual({ macs: 0, operations: 0, milliseconds: null });
      expect(binary!.macs).toBe(0);
      expect(binary!.operations).toBe(conv!.macs / 64);
      // A quarter of the channels is convolved, and selectors look at all.
      expect(dynamic!.macs).toBeGreaterThan(conv!.macs / 4);
      expect(dynamic!.macs).toBeLessThan(conv!.macs);
    }
  });
});

describe('counted costs', () => {
  it('refuse an operation that cannot stand at a level, saying which and where', () => {
    const withFrame = (widths: number[], operations: string[]) => {
      const space = parseSpace({ ...classifying, frame: { ...classifying.frame, widths }, operations });
      return () => countedCosts(space, [16, 16, 3], { classes: 5 });
    };
    expect(withFrame([8, 10, 16], ['skip', 'dynamic'])).toThrow(ConfigError);
    expect(withFrame([8, 10, 16], ['skip', 'dynamic'])).toThrow(
      /^space\.operations\.1: dynamic cannot stand at the mid level, which has 10 channels \(.*does not divide/,
    );
    expect(withFrame([8, 8, 16], ['conv_2_0.1', 'skip'])).toThrow(
      /^space\.operations\.0: conv_2_0\.1 cannot stand at the low level, which has 8 channels \(.*leaves none/,
    );
  });

  it('refuse answers of the other task, and what is no image', () => {
    expect(() => countedCosts(classifying, [16, 16, 3], { mapSize: 4 })).toThrow(/^answers: got mapSize, .* give classes/);
    expect(() => countedCosts(mapping, [16, 16, 3], { classes: 2 })).toThrow(/^answers: got classes, .* give mapSize/);
    expect(() => countedCosts(classifying, [16, 16, 3], { classes: 0 })).toThrow(/^answers\.classes: got 0, needs a whole/);
    expect(() => countedCosts(classifying, [16, 3], { classes: 5 })).toThrow(ShapeError);
  });
});
