import { ConfigError } from '../../errors.js';
import { didYouMean } from '../../nearest.js';
import { baseline } from './baseline.js';
import { beyond } from './beyond.js';
import { composed } from './composed.js';
import { dynamic, dynamicLonger } from './dynamic.js';
import { nonlinearity } from './nonlinearity.js';
import type { EvidenceTable } from './table.js';
import { theta } from './theta.js';

export { expectCifar10 } from './data.js';
export { type Cell, planOf, withEpochs } from './plan.js';
export type { CellResult } from './result.js';
export { collectResults, meanLinearity, type RowResults, statistics, writeResults } from './results.js';
export { finishedResult, runCell } from './run-cell.js';
export { type EvidenceTable, imagesTrained } from './table.js';
export { codeVersion } from './version.js';

/** The tables of evidence, in the order in which the results page tells of them. */
export const tables: readonly EvidenceTable[] = [baseline, nonlinearity, beyond, dynamic, dynamicLonger, theta, composed];

/** @throws ConfigError for an unknown name, with the nearest known one */
export function tableByName(name: string): EvidenceTable {
  const table = tables.find((candidate) => candidate.name === name);
  if (table) return table;
  const names = tables.map((candidate) => candidate.name);
  throw new ConfigError('table', `there is none called "${name}".${didYouMean(name, names)} There are: ${names.join(', ')}.`);
}
