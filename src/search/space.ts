import { z } from 'zod';
import { parseConfig } from '../config/parse.js';
import {
  type Cell,
  frameSchema,
  type Genotype,
  genotypeFormat,
  type Operation,
  parseGenotype,
  parseOperation,
  usedNodes,
} from '../models/index.js';
import type { Rng } from '../tensor/rng.js';

/*
 * What a search chooses from, as data: how many nodes a cell has and which operations may stand on an edge. Every level has its own cell ("varied
 * cells", CDCN, section 3.2); in each, a node keeps one incoming edge and the output one node.
 */

const operationName = z.string().superRefine((text, context) => {
  try {
    parseOperation(text);
  } catch (error) {
    context.addIssue((error as Error).message);
  }
});

export const spaceSchema = z.strictObject({
  frame: frameSchema,
  /** Nodes of a cell besides its input. */
  nodes: z.int().min(1).max(6),
  /** Candidates of every edge. */
  operations: z
    .array(operationName)
    .min(2)
    .max(16)
    .refine((names) => new Set(names).size === names.length, 'each operation once')
    .refine((names) => names.some((name) => name !== 'none'), 'an operation other than none'),
  /** Share of the central difference in every `cdc` that does not say its own. */
  theta: z.number().min(0).max(1).default(0.7),
});

export type SearchSpace = z.output<typeof spaceSchema>;

/** @throws ConfigError with the dotted path of what is wrong */
export function parseSpace(value: unknown): SearchSpace {
  return parseConfig(spaceSchema, value);
}

/** An edge of a cell, from node `from` to node `to`. */
export interface Edge {
  readonly from: number;
  readonly to: number;
}

/** The edges of a cell of that many nodes, by the node that they lead to, then by the one that they come from: (0, 1), (0, 2), (1, 2), … */
export function edgesOf(nodes: number): Edge[] {
  return Array.from({ length: nodes }, (_, i) => i + 1).flatMap((to) => Array.from({ length: to }, (_, from) => ({ from, to })));
}

/** The operations of the space that may stay on an edge: all but `none`. */
export function keptOperations({ operations }: SearchSpace): Operation[] {
  return operations.map(parseOperation).filter(({ kind }) => kind !== 'none');
}

/** The genotype of these cells in the space's frame. */
export function genotypeOf({ frame }: SearchSpace, cells: readonly Cell[]): Genotype {
  return parseGenotype({ ...frame, format: genotypeFormat, version: 1, cells: cells.map(pruned) });
}

/**
 * The cell without the nodes that its output does not depend on, and without skips, which hand on another node as it is: of a cell that is nothing else one
 * is left. So cells that compute the same in the same order become equal.
 */
function pruned(cell: Cell): Cell {
  return renumbered(cell.output.length === 1 ? withoutSkips(cell) : cell);
}

function withoutSkips({ nodes, output }: Cell): Cell {
  const source = (node: number): number =>
    node > 0 && nodes[node - 1]!.operation === 'skip' ? source(nodes[node - 1]!.from) : node;
  const last = source(output[0]!);
  if (last === 0) return { nodes: [{ from: 0, operation: 'skip' }], output: [1] };
  return { nodes: nodes.map(({ from, operation }) => ({ from: source(from), operation })), output: [last] };
}

function renumbered(cell: Cell): Cell {
  const used = usedNodes(cell);
  const place = new Map([0, ...used].map((node, i) => [node, i]));
  return {
    nodes: used.map((node) => {
      const { from, operation } = cell.nodes[node - 1]!;
      return { from: place.get(from)!, operation };
    }),
    output: cell.output.map((node) => place.get(node)!),
  };
}

/** Cells by chance: every node an operation and a source, every cell an output, each alike likely. */
export function randomCells(space: SearchSpace, rng: Rng): Cell[] {
  const names = keptOperations(space).map(({ name }) => name);
  return space.frame.widths.map(() => ({
    nodes: Array.from({ length: space.nodes }, (_, i) => ({
      from: rng.integer(i + 1),
      operation: names[rng.integer(names.length)]!,
    })),
    output: [1 + rng.integer(space.nodes)],
  }));
}

/** The cells with one thing changed by chance: a node's operation, a node's source, or a cell's output. */
export function mutatedCells(space: SearchSpace, cells: readonly Cell[], rng: Rng): Cell[] {
  const names = keptOperations(space).map(({ name }) => name);
  const changed = structuredClone(cells) as Cell[];
  const cell = changed[rng.integer(changed.length)]!;
  const node = 1 + rng.integer(space.nodes);
  const kinds = ['operation', ...(node > 1 ? ['source'] : []), ...(space.nodes > 1 ? ['output'] : [])];
  const kind = kinds[rng.integer(kinds.length)]!;
  if (kind === 'operation') cell.nodes[node - 1]!.operation = other(names, cell.nodes[node - 1]!.operation, rng);
  else if (kind === 'source') cell.nodes[node - 1]!.from = other([...new Array(node).keys()], cell.nodes[node - 1]!.from, rng);
  else
    cell.output = [
      other(
        Array.from({ length: space.nodes }, (_, i) => i + 1),
        cell.output[0]!,
        rng,
      ),
    ];
  return changed;
}

/** One of `choices` besides `present`; `present` where there is no other. */
function other<T>(choices: readonly T[], present: T, rng: Rng): T {
  const others = choices.filter((choice) => choice !== present);
  return others.length === 0 ? present : others[rng.integer(others.length)]!;
}
