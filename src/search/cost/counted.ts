import { type Summary, summarize } from '../../metrics/summary.js';
import { Module } from '../../nn/index.js';
import type { Shape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { NetworkCost } from '../result.js';
import type { SearchSpace } from '../space.js';
import { frameNetwork, partsAt } from './parts.js';
import type { Answers, CostTable } from './table.js';

/**
 * What the networks of a space are made of multiplies; nothing is computed or timed, so milliseconds are null. Dynamic operations count as they are
 * shipped, with all channels switched off that shall be.
 * @param input height, width and channels of the image
 * @throws ConfigError for answers of another task than the frame's, and for an operation that cannot stand at a level's width; ShapeError for images
 *   that the frame does not take
 */
export function countedCosts(space: SearchSpace, input: Shape, answers: Answers): CostTable {
  const shapes: Shape[] = [];
  const frame = frameNetwork(space, input.at(-1)!, answers, (level) => new Watcher(shapes, level));
  const counted = countOf(summarize(frame, input));
  return { input, answers, frame: counted, levels: shapes.map((shape, level) => levelCosts(space, level, shape)) };
}

function levelCosts(space: SearchSpace, level: number, shape: Shape) {
  const costs = new Map(partsAt(space, level, shape).map(({ name, module }) => [name, countOf(summarize(module, shape))]));
  const free = { macs: 0, operations: 0, milliseconds: null };
  return { shape, operations: Object.fromEntries(space.operations.map((name) => [name, costs.get(name) ?? free])) };
}

function countOf({ totals: { macs, operations } }: Summary): NetworkCost {
  return { macs, operations, milliseconds: null };
}

/** Hands on what comes in, and notes its shape. */
class Watcher extends Module {
  constructor(
    private readonly shapes: Shape[],
    private readonly level: number,
  ) {
    super();
  }

  forward(x: Tensor): Tensor {
    this.shapes[this.level] = x.shape.slice(1);
    return x;
  }
}
