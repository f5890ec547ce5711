import path from 'node:path';
import { Command } from 'commander';
import {
  type CollectedRun,
  collect,
  ranked,
  readSweep,
  runsOf,
  type SweepRun,
  summarize,
  type TaskOutcome,
  type TaskResult,
} from '../jobs/index.js';
import { formatShare } from '../report/format.js';
import { formatSweep } from '../report/sweep/text.js';
import { Table } from '../report/table.js';
import { printable, wrap } from '../report/terminal.js';
import type { Console } from './console.js';
import { formatNext, nextStep } from './next.js';
import { jsonOption } from './options.js';
import { addPlaceOptions, type Kept, openKept, type PlaceChoice, performTasks, placeWords } from './perform-tasks.js';
import { writeSweepFiles } from './sweep-files.js';

interface SweepChoice extends PlaceChoice {
  readonly collect?: boolean;
}

export function sweepCommand(console: Console): Command {
  const command = new Command('sweep')
    .description('train many runs, seeds, grids, random settings, folds, and keep one table of their results')
    .argument('<file>', 'what to run, .json');
  return addPlaceOptions(command, 'runs/NAME')
    .option('--collect', 'run nothing: write the table of what is finished')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ gossamer sweep sweep.json\n  $ gossamer sweep sweep.json --on shard --shard 2/8 --out /shared/sweep\n  $ gossamer sweep sweep.json --collect --out /shared/sweep\n  $ gossamer sweep sweep.json --on redis --redis redis://10.0.0.5 --store s3://bucket/sweep\n',
    )
    .action((file: string, choice: SweepChoice) => sweep(file, choice, console));
}

async function sweep(file: string, choice: SweepChoice, console: Console): Promise<void> {
  const runs = await runsOf(readSweep(file), path.dirname(file));
  const kept = await openKept(choice, path.join('runs', nameOf(file)));
  if (!choice.collect) {
    if (!choice.json)
      console.output.write(`${wrap(`${runs.length} runs, kept in ${kept.store.label}`, console.output.columns())}\n\n`);
    const lines = new RunLines(runs, console);
    await performTasks(runs, kept, choice, console, (outcome, result) => lines.of(outcome, result));
  }
  await report(file, runs, kept, choice, console);
}

/** Of a sweep: what its file is called. */
function nameOf(file: string): string {
  return path.basename(file, path.extname(file));
}

/** Runs as they end, a line each. */
class RunLines {
  private readonly table: Table<readonly string[]>;
  private readonly names: ReadonlyMap<string, string>;
  private readonly width: number;
  private headerIsDue = true;

  constructor(runs: readonly SweepRun[], console: Console) {
    this.names = new Map(runs.map(({ id, name }) => [id, name]));
    this.width = console.output.columns();
    this.table = new Table<readonly string[]>(
      [
        { header: 'run', cell: (cells) => cells[0]!, align: 'left' },
        { header: 'state', cell: (cells) => cells[1]!, align: 'left', minimum: 'interrupted'.length },
        { header: 'validation', cell: (cells) => cells[2]!, minimum: 7 },
        { header: 'test', cell: (cells) => cells[3]!, minimum: 7 },
      ],
      { width: this.width, color: console.output.color },
      runs.map(({ name }) => [name, 'done', '', '']),
    );
  }

  of({ id, state, failure }: TaskOutcome, result: TaskResult | null): string {
    const head = this.headerIsDue ? `${this.table.header()}\n` : '';
    this.headerIsDue = false;
    // Accuracy, or of detectors of attacks the rates of errors.
    const measure = (...names: readonly string[]) =>
      formatShare(names.map((name) => result?.measures[name]).find((value) => value != null));
    const row = [this.names.get(id)!, state, measure('top1_validation', 'eer_validation'), measure('top1_test', 'acer_test')];
    const why = failure ? `\n${wrap(printable(failure.message), this.width, '  ')}` : '';
    return `${head}${this.table.row(row)}${why}`;
  }
}

async function report(
  file: string,
  runs: readonly SweepRun[],
  { folder, store }: Kept,
  choice: SweepChoice,
  console: Console,
): Promise<void> {
  const collected = await collect(runs, store);
  const summaries = ranked(summarize(collected));
  const { results, page } = await writeSweepFiles(folder, nameOf(file), collected, summaries);
  const count = (state: (run: CollectedRun) => unknown) => collected.filter(state).length;
  const done = count(({ result }) => result);
  const failed = count(({ failure }) => failure);
  const missing = runs.length - done - failed;
  const next =
    done === runs.length ? [] : [nextStep('do what is missing, and what failed again', 'sweep', file, ...placeWords(choice))];
  if (choice.json) {
    const end = { kind: 'end', runs: runs.length, done, failed, missing, results, page, summary: summaries, next };
    console.output.write(`${JSON.stringify(end)}\n`);
    return;
  }
  const totals = `${done} of ${runs.length} runs done${failed ? `, ${failed} failed` : ''}${missing ? `, ${missing} missing` : ''}. Results: ${results}, ${page}`;
  const style = { width: console.output.columns(), color: console.output.color };
  if (done > 1) console.output.write(`\n${formatSweep(summaries, style)}\n`);
  console.output.write(
    `\n${wrap(totals, console.output.columns())}\n${next.length > 0 ? `\n${formatNext(next, console)}\n` : ''}`,
  );
}
