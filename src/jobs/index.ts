export { type CollectedRun, collect, collectedCsv } from './collect.js';
export { digestOfPlace } from './data-digest.js';
export { type LocalOptions, runLocally } from './local.js';
export type { TaskOutcome, TaskState } from './runner.js';
export { parseShard, partOfShard, type Shard, shardOfEnvironment } from './shard.js';
export { FolderStore, type ResultStore, type TaskFailure, type TaskResult } from './store.js';
export { readSweep, runsOf, type Sweep, type SweepRun, sweepSchema } from './sweep.js';
export { type Order, type Task, taskId } from './task.js';
