import { z } from 'zod';
import { GlobalAveragePool, Linear, MaxPool2d, Module } from '../nn/index.js';
import * as ops from '../ops/index.js';
import type { Rng } from '../tensor/rng.js';
import type { Tensor } from '../tensor/tensor.js';
import { cdcnSchema } from './cdcn.js';
import { ConvNorms, DepthNetwork } from './depth-network.js';
import {
  type Cell,
  cdcnppGenotype,
  type Frame,
  type Genotype,
  genotypeText,
  parseGenotypeText,
  plainGenotype,
  usedNodes,
} from './genotype.js';
import { Network } from './network.js';
import { createOperation, parseOperation } from './operation.js';
import { channelCount, classCount, theta } from './options.js';
import { through } from './parts.js';

/** The JSON of a genotype, so that whatever holds a network's options holds all of the network. */
const genotypeOption = z.string().superRefine((text, context) => {
  try {
    parseGenotypeText(text);
  } catch (error) {
    context.addIssue(`a genotype's JSON (${(error as Error).message})`);
  }
});

export const cellClassifierSchema = z.strictObject({
  genotype: genotypeOption.default(genotypeText(plainGenotype)),
  classes: classCount.default(10),
  inChannels: channelCount.default(3),
  /** Share of the central difference in every `cdc` that does not say its own. */
  theta: theta.default(0.7),
});

export const cellDepthSchema = cdcnSchema.extend({ genotype: genotypeOption.default(genotypeText(cdcnppGenotype)) });

/** What stands at a level; made when its turn comes, since each draws its first weights from the same generator. */
export type CellMaker = (level: number, width: number) => Module;

/** A searched cell: [batch, height, width, channels] to the same shape. Nodes that the output does not depend on are not made. */
class SearchedCell extends Module {
  /** Of the used nodes, in their order. */
  readonly operations: readonly Module[];
  private readonly used: readonly number[];

  constructor(
    private readonly cell: Cell,
    channels: number,
    share: number,
    rng: Rng,
  ) {
    super();
    this.used = usedNodes(cell);
    this.operations = this.used.map((node) =>
      createOperation(parseOperation(cell.nodes[node - 1]!.operation), channels, share, rng),
    );
  }

  forward(x: Tensor): Tensor {
    const { cell, used, operations } = this;
    const values = new Map([[0, x]]);
    for (const [i, node] of used.entries()) values.set(node, operations[i]!.forward(values.get(cell.nodes[node - 1]!.from)!));
    const sum = cell.output.map((node) => values.get(node)!).reduce((total, value) => ops.add(total, value));
    for (const value of new Set(values.values())) if (value !== x && value !== sum) value.release();
    return sum;
  }
}

/** Cells between the pools of a depth network (`depth-network.ts`), each behind a convolution to its width where that changes. */
export class CellDepthNetwork extends DepthNetwork {
  constructor(
    { stem, widths, head, attention }: Frame,
    { inChannels, mapSize, theta: share }: z.output<typeof cdcnSchema>,
    makeCell: CellMaker,
    rng: Rng,
  ) {
    const level = (i: number) => () => leveled(i === 0 ? stem.at(-1)! : widths[i - 1]!, widths[i]!, share, makeCell, i, rng);
    const levelWidths = widths.reduce((sum, width) => sum + width, 0);
    super(
      {
        stem: [inChannels, ...stem],
        levels: [level(0), level(1), level(2)],
        head: [levelWidths, ...head],
        attention,
        mapSize,
        theta: share,
      },
      rng,
    );
  }
}

/** A stem, three cells with a pool between them, the mean over the image and a linear layer: images to logits [batch, classes]. */
export class CellClassifier extends Network {
  readonly stem: ConvNorms;
  readonly levels: readonly Module[];
  readonly classifier: Linear;
  private readonly levelPool = new MaxPool2d({ kernel: 3, stride: 2, padding: 1 });
  private readonly pool = new GlobalAveragePool();

  constructor(
    { stem, widths }: Frame,
    { inChannels, classes }: { readonly inChannels: number; readonly classes: number },
    makeCell: CellMaker,
    rng: Rng,
  ) {
    super();
    this.stem = new ConvNorms([inChannels, ...stem], 0, rng);
    this.levels = widths.map((width, i) => leveled(i === 0 ? stem.at(-1)! : widths[i - 1]!, width, 0, makeCell, i, rng));
    this.classifier = new Linear(widths[2], classes, { rng });
  }

  forward(x: Tensor): Tensor {
    const [low, mid, high] = this.levels as [Module, Module, Module];
    const { levelPool, pool, classifier } = this;
    return through(this.stem.forward(x), low, levelPool, mid, levelPool, high, pool, classifier);
  }
}

/** The cell, behind a convolution that brings what comes in to its width where that is another. */
class Level extends Module {
  constructor(
    readonly entry: ConvNorms,
    readonly cell: Module,
  ) {
    super();
  }

  forward(x: Tensor): Tensor {
    return through(this.entry.forward(x), this.cell);
  }
}

function leveled(from: number, width: number, share: number, makeCell: CellMaker, level: number, rng: Rng): Module {
  if (from === width) return makeCell(level, width);
  const entry = new ConvNorms([from, width], share, rng);
  return new Level(entry, makeCell(level, width));
}

export function createCellClassifier(options: z.output<typeof cellClassifierSchema>, rng: Rng): CellClassifier {
  const genotype = parseGenotypeText(options.genotype);
  return new CellClassifier(genotype, options, searchedCells(genotype, options.theta, rng), rng);
}

export function createCellDepthNetwork(options: z.output<typeof cellDepthSchema>, rng: Rng): CellDepthNetwork {
  const genotype = parseGenotypeText(options.genotype);
  return new CellDepthNetwork(genotype, options, searchedCells(genotype, options.theta, rng), rng);
}

function searchedCells({ cells }: Genotype, share: number, rng: Rng): CellMaker {
  return (level, width) => new SearchedCell(cells[level]!, width, share, rng);
}
