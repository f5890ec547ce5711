import type { z } from 'zod';
import type { Rng } from '../tensor/rng.js';
import type { Network } from './network.js';

/** Networks that one class makes from checked options. */
export interface Family<Schema extends z.ZodObject> {
  readonly schema: Schema;
  create(options: z.output<Schema>, rng: Rng): Network;
}

interface Facts {
  readonly description: string;
  /** Where the network comes from; a twin has its original's. */
  readonly paper: string;
  /** `classification`: logits [batch, classes]; `depth-map`: [batch, height, width]. */
  readonly task: 'classification' | 'depth-map';
  /** Height, width and channels that it was designed for; others work too. */
  readonly input: readonly [height: number, width: number, channels: number];
  /** Null for a network that does not classify. */
  readonly classes: number | null;
  /** Learned numbers, 1-bit ones included. */
  readonly parameters: number;
  /** The network of the same shape that it is compared with; takes the same options. */
  readonly twin: string | null;
}

/** One line of the table of networks. */
export interface ModelEntry extends Facts {
  readonly family: Family<z.ZodObject>;
  /** Options that the name stands for. */
  readonly preset: Readonly<Record<string, unknown>>;
}

export interface TypedEntry<Schema extends z.ZodObject> extends ModelEntry {
  readonly family: Family<Schema>;
}

export interface Twin {
  /** What differs from the original, as the end of its description. */
  readonly change: string;
  readonly preset: Readonly<Record<string, unknown>>;
  /** As many as the original unless given. */
  readonly parameters?: number;
}

/**
 * A network and its twins, named by what they have in its place (`ftbnn-tiny`, `ftbnn-tiny-float`); the first twin is the one that
 * the network is compared with.
 */
export function network<Name extends string, Schema extends z.ZodObject, Suffix extends string = never>(
  name: Name,
  family: Family<Schema>,
  preset: Partial<z.input<Schema>>,
  facts: Omit<Facts, 'twin'>,
  twins: Readonly<Record<Suffix, Twin>> = {} as Readonly<Record<Suffix, Twin>>,
): { readonly [Key in Name | `${Name}-${Suffix}`]: TypedEntry<Schema> } {
  const suffixes = Object.entries<Twin>(twins);
  const entries: [string, TypedEntry<Schema>][] = [
    [name, { ...facts, family, preset, twin: suffixes[0] ? `${name}-${suffixes[0][0]}` : null }],
    ...suffixes.map(([suffix, { change, parameters = facts.parameters, preset: changed }]): [string, TypedEntry<Schema>] => [
      `${name}-${suffix}`,
      { ...facts, description: `${name} ${change}`, parameters, family, preset: { ...preset, ...changed }, twin: null },
    ]),
  ];
  return Object.fromEntries(entries) as { [Key in Name | `${Name}-${Suffix}`]: TypedEntry<Schema> };
}
