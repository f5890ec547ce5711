import path from 'node:path';
import process from 'node:process';
import { Command } from 'commander';
import { ConfigError } from '../errors.js';
import { writeFileAtomic } from '../formats/file.js';
import {
  type CollectedRun,
  checkQueueName,
  collect,
  collectedCsv,
  FolderStore,
  parseRedisAddress,
  parseShard,
  partOfShard,
  readSweep,
  runLocally,
  runOnQueue,
  runsOf,
  type SweepRun,
  shardOfEnvironment,
  type TaskOutcome,
} from '../jobs/index.js';
import { formatShare } from '../report/format.js';
import { Table } from '../report/table.js';
import { printable, wrap } from '../report/terminal.js';
import type { Console } from './console.js';
import { status } from './failure.js';
import { listenForInterruption } from './interruption.js';
import { formatNext, nextStep } from './next.js';
import { jsonOption, queueOption, redisOption, wholeNumber } from './options.js';

interface SweepChoice {
  readonly on: string;
  readonly out?: string;
  readonly jobs?: number;
  readonly shard?: string;
  readonly redis?: string;
  readonly queue: string;
  readonly collect?: boolean;
  readonly json?: boolean;
}

/** How a sweep is divided among machines; `local`: not at all. */
const places = ['local', 'shard', 'redis'];

export function sweepCommand(console: Console): Command {
  return new Command('sweep')
    .description('train many runs, seeds, grids, random settings, folds, and keep one table of their results')
    .argument('<file>', 'what to run, .json')
    .option(
      '--on <where>',
      'local: all of it here; shard: this part of it, the others elsewhere over the same folder; redis: workers do it (gossamer worker)',
      'local',
    )
    .option('--out <folder>', 'where results are kept (default: runs/NAME)')
    .option('--jobs <number>', 'processes at a time (default: all processors)', wholeNumber(1, 1024))
    .option('--shard <i/n>', 'this part (default: as Slurm or Kubernetes says)')
    .addOption(redisOption())
    .addOption(queueOption())
    .option('--collect', 'run nothing: write the table of what is finished')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ gossamer sweep sweep.json\n  $ gossamer sweep sweep.json --on shard --shard 2/8 --out /shared/sweep\n  $ gossamer sweep sweep.json --collect --out /shared/sweep\n',
    )
    .action((file: string, choice: SweepChoice) => sweep(file, choice, console));
}

async function sweep(file: string, choice: SweepChoice, console: Console): Promise<void> {
  if (!places.includes(choice.on)) throw new ConfigError('on', `got "${choice.on}", needs one of ${places.join(', ')}.`);
  const runs = await runsOf(readSweep(file), path.dirname(file));
  const store = new FolderStore(choice.out ?? path.join('runs', path.basename(file, path.extname(file))));
  const isWhole = choice.collect || (await perform(partOf(runs, choice), store, choice, console));
  await report(file, runs, store, choice, console);
  if (!isWhole) process.exitCode ??= status.failed;
}

/** The runs that fall to this process. */
function partOf(runs: readonly SweepRun[], { on, shard }: SweepChoice): readonly SweepRun[] {
  if (on !== 'shard') {
    if (shard !== undefined) throw new ConfigError('shard', 'says a part of the sweep: give --on shard with it.');
    return runs;
  }
  const part = shard === undefined ? shardOfEnvironment(process.env) : parseShard(shard);
  if (!part)
    throw new ConfigError('shard', 'is missing: give --shard I/N, or start it as a Slurm array or a Kubernetes Indexed Job.');
  return partOfShard(runs, part);
}

/** The queue that was named. */
function queueOf({ redis, queue }: SweepChoice) {
  if (redis === undefined) throw new ConfigError('redis', 'is missing: say where the queue is, --redis redis://HOST:PORT.');
  return { redis: parseRedisAddress(redis, process.env), queue: checkQueueName(queue) };
}

/** False when a run failed, or all were interrupted. */
async function perform(runs: readonly SweepRun[], store: FolderStore, choice: SweepChoice, console: Console): Promise<boolean> {
  const { jobs, json } = choice;
  const redis = choice.on === 'redis' ? queueOf(choice) : null;
  const interruption = listenForInterruption(console, json);
  const lines = new RunLines(runs, console);
  let isWhole = true;
  try {
    if (!json) console.output.write(`${wrap(`${runs.length} runs, kept in ${store.folder}`, console.output.columns())}\n\n`);
    const known = new Map(runs.map((run) => [run.id, run] as const));
    const options = {
      ...{ store: path.resolve(store.folder), signal: interruption.signal },
      onOutcome: async (outcome: TaskOutcome) => {
        if (outcome.state === 'failed') isWhole = false;
        const result = await store.result(outcome.id);
        const event = { kind: 'run', ...outcome, measures: result?.measures ?? null };
        console.output.write(json ? `${JSON.stringify(event)}\n` : lines.of(known.get(outcome.id)!, outcome, event.measures));
      },
    };
    if (redis) {
      const onTrouble = ({ message }: Error) => console.error.write(`gossamer: ${redis.redis.label}: ${printable(message)}\n`);
      await runOnQueue(runs, { ...options, ...redis, onTrouble });
    } else {
      const orders = runs.map(({ order }) => order);
      await runLocally(orders, { ...options, jobs });
    }
  } finally {
    interruption.stop();
  }
  if (!interruption.signal.aborted) return isWhole;
  process.exitCode = status.interrupted;
  return false;
}

/** Runs as they end, a line each. */
class RunLines {
  private readonly table: Table<readonly string[]>;
  private headerIsDue = true;

  constructor(runs: readonly SweepRun[], console: Console) {
    const names = ['settings', 'seed', 'fold', 'state', 'validation', 'test'];
    this.table = new Table<readonly string[]>(
      names.map((header, i) => ({
        header,
        cell: (cells) => cells[i]!,
        align: i === 0 || i === 2 || i === 3 ? 'left' : 'right',
        ...(i === 3 && { minimum: 'interrupted'.length }),
        ...(i > 3 && { minimum: 7 }),
      })),
      { width: console.output.columns(), color: console.output.color },
      runs.map((run) => RunLines.cells(run, 'done', null)),
    );
  }

  of(run: SweepRun, { state, failure }: TaskOutcome, measures: Readonly<Record<string, number | null>> | null): string {
    const head = this.headerIsDue ? `${this.table.header()}\n` : '';
    this.headerIsDue = false;
    const why = failure ? `  ${printable(failure.message)}\n` : '';
    return `${head}${this.table.row(RunLines.cells(run, state, measures))}\n${why}`;
  }

  private static cells(run: SweepRun, state: string, measures: Readonly<Record<string, number | null>> | null): string[] {
    const { settings, order } = run;
    const text = Object.entries(settings).map(([key, value]) => `${key.split('.').at(-1)}=${JSON.stringify(value)}`);
    const measure = (name: string) => formatShare(measures?.[name] ?? undefined);
    return [
      text.join(' ') || 'as the recipe',
      String(order.task.seed),
      order.task.fold ?? '',
      state,
      measure('top1_validation'),
      measure('top1_test'),
    ];
  }
}

async function report(
  file: string,
  runs: readonly SweepRun[],
  store: FolderStore,
  { json, out }: SweepChoice,
  console: Console,
): Promise<void> {
  const collected = await collect(runs, store);
  const csv = path.join(store.folder, 'results.csv');
  await writeFileAtomic(csv, new TextEncoder().encode(collectedCsv(collected)));
  const count = (state: (run: CollectedRun) => unknown) => collected.filter(state).length;
  const done = count(({ result }) => result);
  const failed = count(({ failure }) => failure);
  const missing = runs.length - done - failed;
  const place = out === undefined ? [] : ['--out', out];
  const next = done === runs.length ? [] : [nextStep('do what is missing, and what failed again', 'sweep', file, ...place)];
  if (json) {
    console.output.write(`${JSON.stringify({ kind: 'end', runs: runs.length, done, failed, missing, results: csv, next })}\n`);
    return;
  }
  const totals = `${done} of ${runs.length} runs done${failed ? `, ${failed} failed` : ''}${missing ? `, ${missing} missing` : ''}. Results: ${csv}`;
  console.output.write(
    `\n${wrap(totals, console.output.columns())}\n${next.length > 0 ? `\n${formatNext(next, console)}\n` : ''}`,
  );
}
