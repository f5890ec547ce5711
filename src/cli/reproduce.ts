import path from 'node:path';
import process from 'node:process';
import type { Command } from 'commander';
import { createEngine, type Engine } from '../engine/index.js';
import { ConfigError } from '../errors.js';
import { formatCount, formatShare } from '../report/format.js';
import { renderTable } from '../report/table.js';
import { paintFor, wrap } from '../report/terminal.js';
import { TrainingView } from '../report/training-view.js';
import {
  type Cell,
  type CellResult,
  codeVersion,
  collectResults,
  type EvidenceTable,
  expectCifar10,
  finishedResult,
  imagesTrained,
  planOf,
  type RowResults,
  runCell,
  statistics,
  tableByName,
  tables,
  withEpochs,
} from '../train/tables/index.js';
import { answer, type Console } from './console.js';
import { type EngineChoice, EngineCommand, engineChoice } from './engine-command.js';
import { writeEvidence } from './evidence-files.js';
import { status } from './failure.js';
import { listenForInterruption } from './interruption.js';
import { JudgingLine } from './judging-line.js';
import { formatNext, type NextStep, nextStep } from './next.js';
import { jsonOption, wholeNumber } from './options.js';

interface ReproduceChoice extends EngineChoice {
  readonly data?: string;
  readonly out: string;
  readonly rows?: readonly string[];
  readonly seeds?: number;
  readonly epochs?: number;
  readonly results?: string;
  readonly report?: boolean;
  readonly json?: boolean;
}

const defaultOut = 'runs/reproduce';

export function reproduceCommand(console: Console): Command {
  return new EngineCommand('reproduce')
    .description('train what is missing of a table of results, and write the table; without a name, list the tables')
    .argument('[table]', 'name of a table')
    .option('--data <folder>', 'where CIFAR-10 lies')
    .option('--out <folder>', 'where the runs are kept', defaultOut)
    .option('--rows <ids>', 'these rows only, joined by commas; * stands for any text', (text: string) => text.split(','))
    .option('--seeds <number>', "seeds of each row, in place of the table's", wholeNumber(1, 100))
    .option('--epochs <number>', "in place of the table's: makes a table of another name, for a first look", wholeNumber(1))
    .option('--results <folder>', 'where the table is written (default: docs/results; with --epochs: RUNS/results)')
    .option('--report', 'train nothing: write the table from the runs that are finished')
    .engineOptions()
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ gossamer reproduce\n  $ gossamer reproduce dynamic --data data/cifar-10-batches-bin\n  $ gossamer reproduce dynamic --data data/cifar-10-batches-bin --epochs 1 --rows "keep-*" --seeds 1\n',
    )
    .action((name: string | undefined, choice: ReproduceChoice) =>
      name === undefined ? list(choice.json, console) : reproduce(tableByName(name), choice, console),
    );
}

function list(json: boolean | undefined, console: Console): void {
  const entries = tables.map(({ name, title, question, rows, seeds }) => ({
    name,
    title,
    question,
    rows: rows.map(({ id, label }) => ({ id, label })),
    seeds,
    runs: rows.length * seeds,
    imagesTrained: seeds * rows.reduce((sum, { recipe }) => sum + imagesTrained(recipe), 0),
  }));
  answer(console, json, entries, () => {
    const style = { width: console.output.columns(), color: console.output.color };
    const paint = paintFor(style.color);
    const table = renderTable(
      [
        { header: 'table', cell: ({ name }) => name, align: 'left' },
        { header: 'rows', cell: ({ rows }) => String(rows.length) },
        { header: 'seeds', cell: ({ seeds }) => String(seeds) },
        { header: 'runs', cell: ({ runs }) => String(runs) },
        { header: 'images trained', cell: (entry) => formatCount(entry.imagesTrained) },
      ],
      entries,
      style,
    );
    const questions = entries.map(({ name, question }) => `${paint.bold(name)}\n${wrap(question, style.width, '  ')}`);
    const next = formatNext(
      [nextStep('train what is missing of one, and write it', 'reproduce', 'TABLE', '--data', 'FOLDER')],
      console,
    );
    return `${table}\n\n${questions.join('\n')}\n\n${next}`;
  });
}

/** What all steps of one call share. */
interface Context {
  readonly table: EvidenceTable;
  /** What the user calls the table, whatever its epochs. */
  readonly name: string;
  readonly choice: ReproduceChoice;
  readonly results: string;
  readonly console: Console;
}

async function reproduce(own: EvidenceTable, choice: ReproduceChoice, console: Console): Promise<void> {
  const { epochs, out } = choice;
  const table = epochs === undefined ? own : withEpochs(own, epochs);
  const results = choice.results ?? (epochs === undefined ? 'docs/results' : path.join(out, 'results'));
  const context = { table, name: own.name, choice, results, console };
  if (choice.report) {
    await report(context);
    return;
  }
  const { data } = choice;
  if (data === undefined)
    throw new ConfigError('data', 'name the folder of CIFAR-10 (--data); `gossamer data get cifar10` makes one.');
  const cells = planOf(table, { out, data: path.resolve(data), rows: choice.rows, seeds: choice.seeds });
  // Runs of other recipes, and data that cannot be judged on, are refused before hours go into training.
  await collectResults(table, out);
  const missing: Cell[] = [];
  for (const cell of cells) if (!(await finishedResult(cell))) missing.push(cell);
  if (missing.length > 0) await expectCifar10(data);
  tell(context, { kind: 'plan', table: table.name, runs: cells.length, missing: missing.length }, () =>
    wrap(
      `${paintFor(console.output.color).bold(table.title)}: ${table.question} ${cells.length} runs, ${cells.length - missing.length} of them finished before.`,
      console.output.columns(),
    ),
  );
  if (missing.length > 0 && !(await trainMissing(context, missing))) return;
  await report(context);
}

/** False when it was interrupted. */
async function trainMissing(context: Context, missing: readonly Cell[]): Promise<boolean> {
  const { choice, console, table } = context;
  const commit = codeVersion();
  const interruption = listenForInterruption(console, choice.json);
  try {
    const engine = await createEngine(engineChoice(choice));
    try {
      for (const [i, cell] of missing.entries()) {
        const head = { kind: 'run', table: table.name, row: cell.row.id, seed: cell.seed, folder: cell.folder };
        tell(
          context,
          head,
          () =>
            `\n${paintFor(console.output.color).bold(`Run ${i + 1} of ${missing.length}: ${cell.row.label}, seed ${cell.seed}`)}`,
        );
        const result = await trainOne(context, cell, { engine, commit, signal: interruption.signal });
        if (!result) {
          process.exitCode = status.interrupted;
          tellHowToGoOn(context);
          return false;
        }
        tell(context, { kind: 'result', ...result }, () => resultLine(result));
        await writeEvidence(table, await collectResults(table, choice.out), { out: choice.out, folder: context.results });
      }
    } finally {
      engine.dispose();
    }
  } finally {
    interruption.stop();
  }
  return true;
}

async function trainOne(
  { choice: { json }, console }: Context,
  cell: Cell,
  parts: { readonly engine: Engine; readonly commit: string; readonly signal: AbortSignal },
): Promise<CellResult | null> {
  const view = json ? null : new TrainingView(console.output);
  const testing = new JudgingLine('testing', console);
  try {
    return await runCell(cell, {
      ...parts,
      onEvent: (event) => (view ? view.handle(event) : console.output.write(`${JSON.stringify(event)}\n`)),
      ...(json ? {} : { onTesting: testing.onProgress }),
    });
  } finally {
    view?.close();
    testing.clear();
  }
}

function resultLine({ top1Test, top1Validation, bestEpoch }: CellResult): string {
  return `Test accuracy ${formatShare(top1Test)} with the weights of epoch ${bestEpoch} (validation ${formatShare(top1Validation)}).`;
}

/** Writes the table from what is finished, and shows it. */
async function report(context: Context): Promise<void> {
  const { table, choice, results, console } = context;
  const rows = await collectResults(table, choice.out);
  const files = await writeEvidence(table, rows, { out: choice.out, folder: results });
  const next = nextSteps(context, rows);
  tell(context, { kind: 'table', table: table.name, files, results: rows.flatMap((row) => row.results), next }, () => {
    const style = { width: console.output.columns(), color: console.output.color };
    const written = wrap(`Written: ${files.join(' ')}`, style.width);
    return ['', formatRows(rows, console), '', written, '', formatNext(next, console)].join('\n');
  });
}

function formatRows(rows: readonly RowResults[], console: Console): string {
  const accuracy = ({ results }: RowResults) => statistics(results.map(({ top1Test }) => top1Test));
  return renderTable(
    [
      { header: 'row', cell: ({ row }) => row.label, align: 'left' },
      { header: 'seeds', cell: ({ results }) => String(results.length) },
      { header: 'test accuracy', cell: (row) => formatShare(accuracy(row)?.mean) },
      { header: 'lowest', cell: (row) => formatShare(accuracy(row)?.lowest), rank: 2 },
      { header: 'highest', cell: (row) => formatShare(accuracy(row)?.highest), rank: 2 },
    ],
    rows,
    { width: console.output.columns(), color: console.output.color },
  );
}

function nextSteps(context: Context, rows: readonly RowResults[]): NextStep[] {
  const isWhole = rows.every(({ results }) => results.length >= context.table.seeds);
  if (isWhole) return [nextStep('other tables', 'reproduce')];
  return [nextStep('train what is missing', ...commandWords(context))];
}

function tellHowToGoOn(context: Context): void {
  const { rows, seeds } = context.choice;
  const selection = [
    ...(rows === undefined ? [] : ['--rows', rows.join(',')]),
    ...(seeds === undefined ? [] : ['--seeds', String(seeds)]),
  ];
  const next = [nextStep('go on where it stopped', ...commandWords(context), ...selection)];
  tell(context, { kind: 'interrupted', next }, () => `\n${formatNext(next, context.console)}`);
}

/** The command for all of the table, where the user keeps things. */
function commandWords({ name, choice: { data, out, epochs, results } }: Context): string[] {
  return [
    'reproduce',
    name,
    '--data',
    data ?? 'FOLDER',
    ...(out === defaultOut ? [] : ['--out', out]),
    ...(epochs === undefined ? [] : ['--epochs', String(epochs)]),
    ...(results === undefined ? [] : ['--results', results]),
  ];
}

/** A line of JSON for machines, or text for people. */
function tell({ choice, console }: Context, event: object, text: () => string): void {
  console.output.write(`${choice.json ? JSON.stringify(event) : text()}\n`);
}
