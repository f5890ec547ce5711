import type { Engine } from '../engine/engine.js';
import { CellClassifier, CellDepthNetwork, createOperation, type Network, parseOperation } from '../models/index.js';
import { Module } from '../nn/index.js';
import * as ops from '../ops/index.js';
import { Rng } from '../tensor/rng.js';
import { Tensor } from '../tensor/tensor.js';
import { type Architecture, type CellGroups, edgeNumber } from './architecture.js';

/*
 * One network that holds all others of a space: on every edge all operations, each times its share. So the loss of the mixture tells, by its
 * gradient towards the shares, which operations help.
 */

/** The shares of an architecture as tensors of one number each, in the places of its numbers. */
export type ShareTensors = readonly Tensor[];

/** All operations of an edge on the channels that pass it: [batch, height, width, channels] to the same shape. `none` adds nothing. */
class MixedEdge extends Module {
  readonly operations: readonly Module[];
  private readonly weights: readonly Tensor[];

  constructor({ space }: Architecture, channels: number, shares: readonly Tensor[], rng: Rng) {
    super();
    const kept = space.operations.flatMap((name, k) => {
      const operation = parseOperation(name);
      return operation.kind === 'none' ? [] : [{ operation, weight: shares[k]! }];
    });
    this.operations = kept.map(({ operation }) => createOperation(operation, channels, space.theta, rng));
    this.weights = kept.map(({ weight }) => weight);
  }

  forward(x: Tensor): Tensor {
    const terms = this.operations.map((operation) => operation.forward(x));
    const mixed = ops.weightedSum(terms, this.weights);
    for (const term of new Set(terms)) if (term !== x) term.release();
    return mixed;
  }
}

/** What of a node passes its edges' operations, and what passes by. */
interface Parts {
  readonly passing: Tensor;
  readonly rest: Tensor | null;
}

/**
 * A cell with all of its edges: [batch, height, width, channels] to the same shape. Of every node one in `partial` channels passes the operations of an
 * edge, all others pass by, and a channel shuffle behind lets the next edge see others (partial channel connections, PC-DARTS, section 3.2): so
 * the supernet needs about 1 / partial of the memory.
 */
class MixedCell extends Module {
  /** In the order of `edgesOf`. */
  readonly edges: readonly MixedEdge[];
  private readonly edgeWeights: readonly (readonly Tensor[])[];
  private readonly attention: readonly Tensor[];

  constructor(
    architecture: Architecture,
    { operations, edges, attention }: CellGroups,
    private readonly channels: number,
    private readonly partial: number,
    shares: ShareTensors,
    rng: Rng,
  ) {
    super();
    const of = ({ start, length }: { readonly start: number; readonly length: number }) => shares.slice(start, start + length);
    this.edges = operations.map((group) => new MixedEdge(architecture, channels / partial, of(group), rng));
    this.edgeWeights = edges.map(of);
    this.attention = of(attention);
  }

  forward(x: Tensor): Tensor {
    const nodes: Tensor[] = [];
    const parts = [this.split(x)];
    for (const [i, weights] of this.edgeWeights.entries()) {
      const terms = weights.map((_, from) => this.pass(parts[from]!, edgeNumber(from, i + 1)));
      const node = ops.weightedSum(terms, weights);
      for (const term of terms) term.release();
      nodes.push(node);
      parts.push(this.split(node));
    }
    const output = ops.weightedSum(nodes, this.attention);
    for (const { passing, rest } of parts) for (const part of [passing, rest]) if (part && part !== x) part.release();
    for (const node of nodes) if (!parts.some(({ passing }) => passing === node)) node.release();
    return output;
  }

  private split(node: Tensor): Parts {
    if (this.partial === 1) return { passing: node, rest: null };
    const passing = this.channels / this.partial;
    return {
      passing: ops.sliceChannels(node, 0, passing),
      rest: ops.sliceChannels(node, passing, this.channels - passing),
    };
  }

  private pass({ passing, rest }: Parts, edge: number): Tensor {
    const mixed = this.edges[edge]!.forward(passing);
    if (!rest) return mixed;
    const beside = ops.concat([mixed, rest]);
    mixed.release();
    const shuffled = ops.shuffleChannels(beside, this.partial);
    beside.release();
    return shuffled;
  }
}

export interface SupernetOptions {
  readonly engine: Engine;
  readonly partial: number;
  readonly seed: number;
  readonly inChannels: number;
  /** Of a network that classifies. */
  readonly classes: number;
  /** Of a network that answers with maps. */
  readonly mapSize: number;
}

export interface Supernet {
  readonly network: Network;
  readonly shares: ShareTensors;
  /** Sets the shares; see `Architecture.shares`. */
  mix(shares: Float64Array): void;
  dispose(): void;
}

/** The frame of the space with mixed cells in it, on `engine`. */
export function createSupernet(architecture: Architecture, options: SupernetOptions): Supernet {
  const { engine, partial, seed, inChannels, classes, mapSize } = options;
  const { frame, theta } = architecture.space;
  const shares = Array.from(architecture.values, (_, i) => Tensor.full(engine, [1], 0, `share ${i}`).keep());
  const rng = new Rng(seed);
  const makeCell = (level: number, width: number) => {
    return new MixedCell(architecture, architecture.cells[level]!, width, partial, shares, rng);
  };
  const network =
    frame.task === 'depth-map'
      ? new CellDepthNetwork(frame, { inChannels, mapSize, theta }, makeCell, rng)
      : new CellClassifier(frame, { inChannels, classes }, makeCell, rng);
  network.to(engine);
  return {
    network,
    shares,
    mix(values) {
      for (const [i, tensor] of shares.entries()) engine.floats(tensor.address, 1)[0] = values[i]!;
    },
    dispose() {
      network.dispose();
      for (const tensor of shares) tensor.dispose();
    },
  };
}
