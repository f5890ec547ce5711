import { ConfigError } from '../../errors.js';
import { type Cell, levelNames, usedNodes } from '../../models/index.js';
import type { Shape } from '../../tensor/shape.js';
import type { CostUnit, NetworkCost } from '../result.js';

/** What a network answers: scores of so many classes, or a depth map of so many pixels a side. */
export type Answers = { readonly classes: number } | { readonly mapSize: number };

/** What the networks of a space are made of costs, for one image, as plain data. */
export interface CostTable {
  /** Height, width and channels of the image. */
  readonly input: Shape;
  readonly answers: Answers;
  /** All but the operations of the cells: stem, convolutions to a cell's width, pools, attention, head, classifier. */
  readonly frame: NetworkCost;
  /** Low, mid, high. */
  readonly levels: readonly LevelCosts[];
}

export interface LevelCosts {
  /** Height, width and channels of what the operations take and give. */
  readonly shape: Shape;
  /** By name, in the order of the space. */
  readonly operations: Readonly<Record<string, NetworkCost>>;
}

/**
 * What a network of these cells costs: the frame, and the operations that the cells' outputs depend on. Multiplications are exactly those of
 * `summarize`; milliseconds are those of the parts together, without the additions where an output has several nodes.
 * @param cells low, mid, high
 * @throws ConfigError for an operation that the table does not have, or another number of cells
 */
export function costOf({ frame, levels }: CostTable, cells: readonly Cell[]): NetworkCost {
  if (cells.length !== levels.length) throw new ConfigError('cells', `got ${cells.length}, needs ${levels.length}, one a level.`);
  let total = frame;
  for (const [level, cell] of cells.entries()) {
    const { operations } = levels[level]!;
    for (const node of usedNodes(cell)) {
      const { operation } = cell.nodes[node - 1]!;
      if (!Object.hasOwn(operations, operation)) {
        throw new ConfigError(
          `cells.${level}.nodes.${node - 1}.operation`,
          `"${operation}" has no cost at the ${levelNames[level]} level: there are ${Object.keys(operations).join(', ')}.`,
        );
      }
      total = sumOf(total, operations[operation]!);
    }
  }
  return total;
}

/** @throws ConfigError for milliseconds that were not measured */
export function costIn(cost: NetworkCost, unit: CostUnit): number {
  const value = cost[unit];
  if (value !== null) return value;
  throw new ConfigError('cost.unit', 'got milliseconds, but nothing was measured: make the table with measuredCosts.');
}

/** Whether a cost is at most `limit`; null: no limit. Throws as `costIn` */
export function within(cost: NetworkCost, unit: CostUnit, limit: number | null): boolean {
  return limit === null || costIn(cost, unit) <= limit;
}

function sumOf(a: NetworkCost, b: NetworkCost): NetworkCost {
  return {
    macs: a.macs + b.macs,
    operations: a.operations + b.operations,
    milliseconds: a.milliseconds === null || b.milliseconds === null ? null : a.milliseconds + b.milliseconds,
  };
}
