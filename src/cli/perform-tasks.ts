import path from 'node:path';
import process from 'node:process';
import { type Command, Option } from 'commander';
import { ConfigError } from '../errors.js';
import {
  checkQueueName,
  type FolderStore,
  parseRedisAddress,
  parseShard,
  partOfShard,
  type Run,
  runLocally,
  runOnQueue,
  shardOfEnvironment,
  type TaskOutcome,
  type TaskProgress,
  type TaskResult,
} from '../jobs/index.js';
import { TasksView } from '../report/tasks-view.js';
import { printable } from '../report/terminal.js';
import type { Console } from './console.js';
import { status } from './failure.js';
import { listenForInterruption } from './interruption.js';
import { nameIn, queueOption, redisOption, wholeNumber } from './options.js';

/** Where tasks are done: what `addPlaceOptions` gives. */
export interface PlaceChoice {
  readonly on: string;
  readonly jobs?: number;
  readonly shard?: string;
  readonly redis?: string;
  readonly queue: string;
  readonly json?: boolean;
}

const places = ['local', 'shard', 'redis'];

export function addPlaceOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--on <where>',
        'local: all of it here; shard: this part of it, the others elsewhere over the same folder; redis: workers do it (gossamer worker)',
      )
        .argParser(nameIn(places))
        .default('local'),
    )
    .option('--jobs <number>', 'processes at a time (default: all processors)', wholeNumber(1, 1024))
    .option('--shard <i/n>', 'this part (default: as Slurm or Kubernetes says)')
    .addOption(redisOption())
    .addOption(queueOption());
}

export interface Performed {
  /** Whether nothing failed, and nothing was interrupted. */
  readonly isWhole: boolean;
}

/** Does the runs that fall to this process; tells of each that ends, as a line of JSON or by `lineOf`, whose lines have no last line feed. */
export async function performTasks(
  all: readonly Run[],
  store: FolderStore,
  choice: PlaceChoice,
  console: Console,
  lineOf: (outcome: TaskOutcome, result: TaskResult | null) => string,
): Promise<Performed> {
  const runs = partOf(all, choice);
  const queue = choice.on === 'redis' ? queueOf(choice) : null;
  const view = choice.json ? null : new TasksView(console.output, runs);
  const interruption = listenForInterruption(console, choice.json);
  // What the interruption has to say goes where the view stands.
  interruption.signal.addEventListener('abort', () => view?.clear());
  const clock = setInterval(() => view?.draw(), 1000);
  let isWhole = true;
  const options = {
    store: path.resolve(store.folder),
    signal: interruption.signal,
    onProgress: (id: string, progress: TaskProgress | null) => view?.progress(id, progress),
    onOutcome: async (outcome: TaskOutcome) => {
      if (outcome.state === 'failed') isWhole = false;
      const result = await store.result(outcome.id);
      if (view) view.ended(outcome.id, outcome.state, lineOf(outcome, result));
      else console.output.write(`${JSON.stringify({ kind: 'run', ...outcome, measures: result?.measures ?? null })}\n`);
    },
  };
  try {
    if (queue) {
      const onTrouble = ({ message }: Error) => {
        view?.clear();
        console.error.write(`gossamer: ${queue.redis.label}: ${printable(message)}\n`);
      };
      await runOnQueue(runs, { ...options, ...queue, onTrouble });
    } else {
      await runLocally(runs, { ...options, jobs: choice.jobs });
    }
  } finally {
    interruption.stop();
    clearInterval(clock);
    view?.clear();
  }
  if (interruption.signal.aborted) process.exitCode = status.interrupted;
  else if (!isWhole) process.exitCode = status.failed;
  return { isWhole: isWhole && !interruption.signal.aborted };
}

function partOf(runs: readonly Run[], { on, shard }: PlaceChoice): readonly Run[] {
  if (on !== 'shard') {
    if (shard !== undefined) throw new ConfigError('shard', 'says a part of the tasks: give --on shard with it.');
    return runs;
  }
  const part = shard === undefined ? shardOfEnvironment(process.env) : parseShard(shard);
  if (part) return partOfShard(runs, part);
  throw new ConfigError('shard', 'is missing: give --shard I/N, or start it as a Slurm array or a Kubernetes Indexed Job.');
}

function queueOf({ redis, queue }: PlaceChoice) {
  if (redis === undefined) throw new ConfigError('redis', 'is missing: say where the queue is, --redis redis://HOST:PORT.');
  return { redis: parseRedisAddress(redis, process.env), queue: checkQueueName(queue) };
}
