/**
 * Everything: `gossamer`, and what needs Node's file system and threads: data sets, training, checkpoints.
 *
 * @module gossamer/node
 */
export * from './data/index.js';
export { readFileChecked, writeFileAtomic } from './formats/file.js';
export * from './freeze/index.js';
export * from './index.js';
export { type Mpi, startMpi } from './jobs/mpi/index.js';
export * from './pad/index.js';
export { formatSummary } from './report/summary.js';
export * from './search/index.js';
export * from './train/index.js';
