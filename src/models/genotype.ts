import { z } from 'zod';
import { parseConfig } from '../config/parse.js';
import { ConfigError } from '../errors.js';
import { parseOperation } from './operation.js';

/*
 * A genotype: what a search found, as plain data. Three cells between a stem and a head; a cell is a directed graph of nodes, node 0 its input, and
 * every other node one operation on a node before it.
 */

export const genotypeFormat = 'gossamer-genotype';

/** Cells, and so levels: low, mid and high. */
export const cellCount = 3;
export const levelNames = ['low', 'mid', 'high'] as const;

const width = z.int().min(1).max(8192);
const oddKernel = z
  .int()
  .min(1)
  .max(31)
  .refine((side) => side % 2 === 1, 'an odd side');

const operationName = z.string().superRefine((text, context) => {
  try {
    if (parseOperation(text).kind === 'none') context.addIssue('an operation; none is no layer');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    context.addIssue(error.message.slice(error.message.indexOf('needs ') + 'needs '.length));
  }
});

export const cellSchema = z
  .strictObject({
    /** Nodes 1, 2, …: what each does, and to which node before it. */
    nodes: z
      .array(z.strictObject({ from: z.int().min(0), operation: operationName }))
      .min(1)
      .max(16),
    /** Nodes whose sum is the cell's output. */
    output: z.array(z.int().min(1)).min(1),
  })
  .superRefine(({ nodes, output }, context) => {
    for (const [i, { from }] of nodes.entries()) {
      if (from > i) context.addIssue({ code: 'custom', path: ['nodes', i, 'from'], message: `a node before it, at most ${i}` });
    }
    const stray = output.findIndex((node) => node > nodes.length);
    if (stray >= 0) {
      context.addIssue({ code: 'custom', path: ['output', stray], message: `one of its nodes, at most ${nodes.length}` });
    }
    if (new Set(output).size < output.length) context.addIssue({ code: 'custom', path: ['output'], message: 'each node once' });
  });

/** What stands around the cells, which a search leaves as it is. */
export const frameSchema = z.strictObject({
  task: z.enum(['classification', 'depth-map']),
  /** Channels of the 3x3 convolutions before the first cell. */
  stem: z.array(width).min(1).max(8),
  /** Channels of the low, mid and high cell; where it is not what comes in, a 3x3 convolution stands before the cell. */
  widths: z.tuple([width, width, width]),
  /** Depth maps only: channels of the 3x3 convolutions between the levels and the one that makes the map. */
  head: z.array(width).max(8).default([]),
  /** Depth maps only: sizes of the spatial attention kernels of the three levels; none without attention. */
  attention: z.union([z.tuple([]), z.tuple([oddKernel, oddKernel, oddKernel])]).default([]),
});

export type Frame = z.output<typeof frameSchema>;

export const genotypeSchema = frameSchema.extend({
  format: z.literal(genotypeFormat),
  version: z.literal(1),
  /** Low, mid, high. */
  cells: z.tuple([cellSchema, cellSchema, cellSchema]),
});

export type Genotype = z.output<typeof genotypeSchema>;
export type Cell = Genotype['cells'][number];

/**
 * Checks a genotype and fills in the defaults.
 * @throws ConfigError with the dotted path of what is wrong
 */
export function parseGenotype(value: unknown): Genotype {
  const genotype = parseConfig(genotypeSchema, value);
  if (genotype.task === 'classification' && (genotype.head.length > 0 || genotype.attention.length > 0)) {
    const key = genotype.head.length > 0 ? 'head' : 'attention';
    throw new ConfigError(key, 'is for depth maps; a network that classifies ends in a mean over the image: leave it out');
  }
  return genotype;
}

/** As `parseGenotype`, of JSON text. @throws ConfigError */
export function parseGenotypeText(text: string): Genotype {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ConfigError('genotype', `needs the JSON of a genotype, got text that is none (${(cause as Error).message}).`, {
      cause,
    });
  }
  return parseGenotype(value);
}

/** The genotype in JSON, as the option of a network: the same text for the same network. */
export function genotypeText(genotype: Genotype): string {
  return JSON.stringify(parseGenotype(genotype));
}

/** The nodes of a cell that its output depends on, ascending. */
export function usedNodes({ nodes, output }: Cell): number[] {
  const used = new Set(output);
  for (let node = nodes.length; node > 0; node--) if (used.has(node)) used.add(nodes[node - 1]!.from);
  used.delete(0);
  return [...used].sort((a, b) => a - b);
}

/** The cells of CDCN++ (CDCN, figure 6), between its stem, attention and head. */
export const cdcnppGenotype: Genotype = parseGenotype({
  format: genotypeFormat,
  version: 1,
  task: 'depth-map',
  stem: [64, 128],
  widths: [128, 128, 128],
  head: [128],
  attention: [7, 5, 3],
  cells: [chain('cdc_2_1.6'), chain('cdc_2_1.2', 'cdc_2_1.4'), chain('cdc', 'cdc_2_1.2')],
});

/** A small network for CIFAR, cells of three plain convolutions: what a search starts to compare with. */
export const plainGenotype: Genotype = parseGenotype({
  format: genotypeFormat,
  version: 1,
  task: 'classification',
  stem: [16],
  widths: [16, 32, 64],
  cells: [chain('conv', 'conv', 'conv'), chain('conv', 'conv', 'conv'), chain('conv', 'conv', 'conv')],
});

/** One operation after another. */
function chain(...operations: string[]): z.input<typeof cellSchema> {
  return { nodes: operations.map((operation, from) => ({ from, operation })), output: [operations.length] };
}
