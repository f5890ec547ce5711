import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.js';
import type { Cell } from '../../../src/models/index.js';
import { type CostTable, costIn, costOf, within } from '../../../src/search/cost/table.js';

const cost = (macs: number, milliseconds: number | null) => ({ macs, operations: macs / 2, milliseconds });

/** Conv costs 10 at the low level, 100 at the mid and 1000 at the high one. */
const table: CostTable = {
  input: [8, 8, 3],
  answers: { classes: 2 },
  frame: cost(1, 0.5),
  levels: [10, 100, 1000].map((macs) => ({ shape: [8, 8, 4], operations: { skip: cost(0, 0), conv: cost(macs, macs / 4) } })),
};

const chain = (...operations: string[]): Cell => ({
  nodes: operations.map((operation, from) => ({ from, operation })),
  output: [operations.length],
});

describe('costOf', () => {
  it('adds the frame and every used node at its level', () => {
    expect(costOf(table, [chain('conv'), chain('conv', 'conv'), chain('skip')])).toEqual(cost(211, 53));
  });

  it('leaves out what the output does not depend on', () => {
    const aside: Cell = { ...chain('skip', 'conv', 'conv'), output: [1] };
    expect(costOf(table, [aside, chain('skip'), chain('conv')])).toEqual(cost(1001, 250.5));
  });

  it('has no time where a part has none', () => {
    const untimed = { ...table, frame: cost(1, null) };
    expect(costOf(untimed, [chain('conv'), chain('conv'), chain('conv')])).toEqual(cost(1111, null));
  });

  it('refuses other operations and other numbers of cells', () => {
    expect(() => costOf(table, [chain('conv'), chain('conv', 'cdc'), chain('skip')])).toThrow(
      /^cells\.1\.nodes\.1\.operation: "cdc" has no cost at the mid level: there are skip, conv\./,
    );
    expect(() => costOf(table, [chain('toString'), chain('conv'), chain('skip')])).toThrow(ConfigError);
    expect(() => costOf(table, [chain('conv')])).toThrow(/^cells: got 1, needs 3/);
  });
});

describe('within', () => {
  it('compares in the unit', () => {
    expect(costIn(cost(8, 3), 'operations')).toBe(4);
    expect(within(cost(8, 3), 'macs', 8)).toBe(true);
    expect(within(cost(8, 3), 'macs', 7)).toBe(false);
    expect(within(cost(8, 3), 'milliseconds', 2.9)).toBe(false);
    expect(within(cost(8, null), 'milliseconds', null)).toBe(true);
  });

  it('refuses milliseconds that nobody measured', () => {
    expect(() => within(cost(8, null), 'milliseconds', 1)).toThrow(/^cost\.unit: got milliseconds, .*measuredCosts/);
  });
});
