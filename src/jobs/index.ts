export { bulkRuns, joinScores, picturesBelow, picturesListed } from './bulk.js';
export { type CollectedRun, collect, collectedCsv } from './collect.js';
export { runLocally } from './local.js';
export type { TaskProgress } from './progress.js';
export { checkQueueName, runOnQueue, workOnQueue } from './redis.js';
export { parseRedisAddress, passwordVariable } from './redis-address.js';
export type { Run } from './run.js';
export type { TaskOutcome } from './runner.js';
export { parseShard, partOfShard, shardOfEnvironment } from './shard.js';
export { FolderStore, type TaskResult } from './store.js';
export {
  type ConfigurationSummary,
  comparedMeasures,
  ranked,
  summarize,
  summaryCsv,
} from './summary.js';
export { describeSettings, readSweep, runsOf, type SweepRun } from './sweep.js';
