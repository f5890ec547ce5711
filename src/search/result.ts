import type { Genotype } from '../models/index.js';

/*
 * What searches give, as plain data: files of a run folder and what reports are made of.
 */

/** What one network costs for one image, in evaluation form. */
export interface NetworkCost {
  /** Real multiply-accumulates. */
  readonly macs: number;
  /** Real multiply-accumulates and a 64th of the binary ones (`metrics/cost.ts`). */
  readonly operations: number;
  /** Frozen, on one thread of this machine; null where nothing was measured. */
  readonly milliseconds: number | null;
}

export const costUnits = ['macs', 'operations', 'milliseconds'] as const;
export type CostUnit = (typeof costUnits)[number];

/** As they are written behind a number. */
export const unitNames: Readonly<Record<CostUnit, string>> = { macs: 'MACs', operations: 'OPs', milliseconds: 'ms' };

export const strategies = ['differentiable', 'random', 'evolution'] as const;
export type Strategy = (typeof strategies)[number];

/** A network that a search trained for a while by itself. */
export interface Candidate {
  readonly genotype: Genotype;
  readonly cost: NetworkCost;
  /** On the half that is held out, higher is better: accuracy, or for depth maps 1 - equal error rate. */
  readonly score: number;
  readonly loss: number;
  /** How long it was trained. */
  readonly epochs: number;
  /** Given up before its time, because others were better at that age. */
  readonly stopped: boolean;
}

/** Where a differentiable search stood at a moment. Lists over levels are low, mid, high; edges are in the order of `edgesOf`. */
export interface CoursePoint {
  readonly step: number;
  readonly epoch: number;
  /** [level][edge][operation]: each edge's share of each candidate, 1 together. */
  readonly operations: readonly (readonly (readonly number[])[])[];
  /** [level][edge]: share of each edge among those of its node, 1 together. */
  readonly edges: readonly (readonly number[])[];
  /** [level][node]: share of each node in the cell's output, 1 together. */
  readonly attention: readonly (readonly number[])[];
  /** Mean loss since the point before on the half that the weights learn from, and on that of the architecture: null while only weights learn. */
  readonly trainLoss: number;
  readonly validationLoss: number | null;
  /** Of the network that these shares expect, in the unit of the search. */
  readonly expectedCost: number;
}

export interface SearchResult {
  readonly strategy: Strategy;
  readonly seed: number;
  /** Name of the search recipe. */
  readonly recipe: string;
  readonly task: 'classification' | 'depth-map';
  /** The unit that the search weighed and limited. */
  readonly unit: CostUnit;
  /** Largest cost allowed; null for none. */
  readonly limit: number | null;
  /** Spent on the search, all of its parts together. */
  readonly seconds: number;
  /** Most that tensors took. */
  readonly bytesPeak: number;
  readonly genotype: Genotype;
  readonly cost: NetworkCost;
  /** Candidates of each edge, as in the space. */
  readonly operations: readonly string[];
  /** Nodes of a cell besides its input. */
  readonly nodes: number;
  /** Networks that were trained one by one, in their order; none in a differentiable search. */
  readonly candidates: readonly Candidate[];
  /** Of a differentiable search; empty otherwise. */
  readonly course: readonly CoursePoint[];
}

/** One network of a comparison, trained from scratch by the same recipe as all others of it. */
export interface ComparedNetwork {
  /** `differentiable`, `random`, `evolution`, or the name of a network made by hand. */
  readonly name: string;
  /** The seed of the search that found it; null for one made by hand. */
  readonly searchSeed: number | null;
  readonly searchSeconds: number | null;
  readonly genotype: Genotype;
  readonly cost: NetworkCost;
  readonly parameters: number;
  /** Test scores, one a training seed: accuracy, or for depth maps 1 - ACER. */
  readonly scores: readonly number[];
}

export interface Comparison {
  readonly recipe: string;
  readonly task: 'classification' | 'depth-map';
  readonly unit: CostUnit;
  readonly limit: number | null;
  /** Epochs of each training from scratch. */
  readonly epochs: number;
  readonly networks: readonly ComparedNetwork[];
  /** What came out of it, in a sentence. */
  readonly verdict: string;
}
