export { type CollectedRun, collect, collectedCsv } from './collect.js';
export { runLocally } from './local.js';
export { checkQueueName, runOnQueue, workOnQueue } from './redis.js';
export { parseRedisAddress, passwordVariable } from './redis-address.js';
export type { TaskOutcome } from './runner.js';
export { parseShard, partOfShard, shardOfEnvironment } from './shard.js';
export { FolderStore } from './store.js';
export { readSweep, runsOf, type SweepRun } from './sweep.js';
