export { bulkRuns, joinScores, picturesBelow, picturesListed } from './bulk.js';
export { type CollectedRun, collect, collectedCsv } from './collect.js';
export { runLocally } from './local.js';
export { openStore, type Places } from './open-store.js';
export type { TaskProgress } from './progress.js';
export { checkQueueName, runOnQueue, workOnQueue } from './redis.js';
export { parseRedisAddress, passwordVariable } from './redis-address.js';
export type { Run } from './run.js';
export type { TaskOutcome } from './runner.js';
export { parseS3Place } from './s3-client.js';
export { parseShard, partOfShard, shardOfEnvironment } from './shard.js';
export type { ResultStore, TaskResult } from './store.js';
export {
  type ConfigurationSummary,
  comparedMeasures,
  ranked,
  summarize,
  summaryCsv,
} from './summary.js';
export { describeSettings, readSweep, runsOf, type SweepRun } from './sweep.js';
export { WorkFolder } from './work-folder.js';
