import path from 'node:path';
import process from 'node:process';
import { type Command, Option } from 'commander';
import { ConfigError, StoreError } from '../errors.js';
import {
  checkQueueName,
  openStore,
  type Places,
  parseRedisAddress,
  parseS3Place,
  parseShard,
  partOfShard,
  type ResultStore,
  type Run,
  runLocally,
  runOnQueue,
  shardOfEnvironment,
  type TaskOutcome,
  type TaskProgress,
  type TaskResult,
  WorkFolder,
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
  readonly out?: string;
  readonly store?: string;
  readonly json?: boolean;
}

const places = ['local', 'shard', 'redis'];

/** @param out the folder of results unless one is chosen, for the help */
export function addPlaceOptions(command: Command, out: string): Command {
  return command
    .addOption(
      new Option(
        '--on <where>',
        'local: all of it here; shard: this part of it, the others elsewhere over the same folder; redis: workers do it (gossamer worker)',
      )
        .argParser(nameIn(places))
        .default('local'),
    )
    .option('--out <folder>', `where results are kept (default: ${out})`)
    .option(
      '--store <s3://bucket/prefix>',
      'results go there instead, by the S3 API; the folder has what is under way, and the tables',
    )
    .option('--jobs <number>', 'processes at a time (default: all processors)', wholeNumber(1, 1024))
    .option('--shard <i/n>', 'this part (default: as Slurm or Kubernetes says)')
    .addOption(redisOption())
    .addOption(queueOption());
}

/** Where the tasks of a verb are under way, and where their results are. */
export interface Kept {
  /** As it was written, for tables and messages. */
  readonly folder: string;
  readonly places: Places;
  readonly store: ResultStore;
}

/** @param folder unless one was chosen @throws ConfigError for what cannot be written, or a bucket without a key for it; StoreError for one that refuses */
export async function openKept({ out, store: bucket }: PlaceChoice, folder: string): Promise<Kept> {
  const chosen = out ?? folder;
  const places = { folder: path.resolve(chosen), bucket: bucket === undefined ? null : parseS3Place(bucket).label };
  // Tables go there too.
  new WorkFolder(places.folder);
  const store = await openStore(places);
  // A key that is wrong should be told before hours of work, not after.
  await store.finished();
  return { folder: chosen, places, store };
}

/** The words that say again where tasks are done, and where results are kept. */
export function placeWords({ on, shard, redis, queue, out, store }: PlaceChoice): readonly string[] {
  const given = { shard, redis, queue: redis === undefined ? undefined : queue, out, store };
  const words = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]));
  return [...(on === 'local' ? [] : ['--on', on]), ...words];
}

export interface Performed {
  /** Whether nothing failed, and nothing was interrupted. */
  readonly isWhole: boolean;
}

/** Does the runs that fall to this process; tells of each that ends, as a line of JSON or by `lineOf`, whose lines have no last line feed. */
export async function performTasks(
  all: readonly Run[],
  { places, store }: Kept,
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
    places,
    signal: interruption.signal,
    onProgress: (id: string, progress: TaskProgress | null) => view?.progress(id, progress),
    onOutcome: async (outcome: TaskOutcome) => {
      if (outcome.state === 'failed') isWhole = false;
      const result = await resultOf(outcome, store);
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

/** A store that is away for the moment does not end the other tasks. */
async function resultOf({ id, state }: TaskOutcome, store: ResultStore): Promise<TaskResult | null> {
  if (state === 'failed' || state === 'interrupted') return null;
  try {
    return await store.result(id);
  } catch (error) {
    if (error instanceof StoreError) return null;
    throw error;
  }
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
