import process from 'node:process';
import { Argument, Command } from 'commander';
import {
  type CatalogEntry,
  catalog,
  type DatasetName,
  getDataset,
  openSource,
  type Progress,
  type Source,
} from '../data/index.js';
import { DataError } from '../errors.js';
import { formatBytes, formatCount, formatDuration } from '../report/format.js';
import { LiveLine } from '../report/live-line.js';
import { progressLine } from '../report/progress-line.js';
import { renderTable } from '../report/table.js';
import { answer, type Console } from './console.js';
import { status } from './failure.js';
import { formatNext, type NextStep, nextStep } from './next.js';
import { jsonOption, nameIn } from './options.js';

export function dataCommand(console: Console): Command {
  return new Command('data')
    .description('download public data sets, check your own')
    .addCommand(getCommand(console))
    .addCommand(checkCommand(console));
}

interface GetChoice {
  readonly dir: string;
  readonly url?: string;
  readonly json?: boolean;
}

function getCommand(console: Console): Command {
  const names = Object.keys(catalog);
  return new Command('get')
    .description('download a public data set, check it (SHA-256) and unpack it; goes on where it was interrupted')
    .addArgument(new Argument('<name>', names.join(', ')).argParser(nameIn(names)))
    .option('--dir <folder>', 'where its own folder is made', 'data')
    .option('--url <address>', 'in place of the official address: a mirror of the folder, or the archive itself')
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ gossamer data get cifar10\n')
    .action((name: DatasetName, choice: GetChoice) => get(name, choice, console));
}

async function get(name: DatasetName, { dir, url, json }: GetChoice, console: Console): Promise<void> {
  const entry: CatalogEntry = catalog[name];
  const live = new LiveLine(console.output);
  const speed = new Speedometer();
  const onProgress = (progress: Progress) => {
    const rate = speed.at(progress);
    live.draw((width) => downloadLine(progress, rate, { width, color: console.output.color }));
  };
  try {
    const result = await getDataset(name, { dir, url, onProgress: json ? undefined : onProgress });
    live.clear();
    const next = [nextStep('what is in it', 'data', 'check', result.folder), ...trainingOn(name, result.folder)];
    answer(console, json, { name, ...result, next }, () => {
      const verb = result.downloaded ? 'is now in' : 'was already in';
      return `${entry.name} ${verb} ${result.folder}.\nLicence: ${result.licence}\n\n${formatNext(next, console)}`;
    });
  } finally {
    live.clear();
  }
}

/** Bytes a second since the file's first sign of life in this run: what was there before took no time. */
class Speedometer {
  private file = '';
  private since = 0;
  private before = 0;

  at({ file, received }: Progress): number {
    if (file !== this.file) {
      this.file = file;
      this.since = performance.now();
      this.before = received;
    }
    return ((received - this.before) / Math.max(1, performance.now() - this.since)) * 1000;
  }
}

function downloadLine(
  { file, received, total }: Progress,
  rate: number,
  style: { readonly width: number; readonly color: boolean },
): string {
  const facts = [
    { forms: [`${formatBytes(received)} of ${formatBytes(total)}`, formatBytes(received), ''], rank: 2 },
    { forms: [`${formatBytes(rate)}/s`, ''], rank: 1 },
    { forms: [`${formatDuration((total - received) / rate)} left`, ''], rank: 3 },
  ];
  return progressLine(file, received / total, facts, style);
}

function trainingOn(name: DatasetName, folder: string): NextStep[] {
  if (name !== 'cifar10') return [];
  return [nextStep('the usual yardstick', 'train', 'resnet20-cifar10', '--data', folder)];
}

interface CheckChoice {
  readonly json?: boolean;
}

function checkCommand(console: Console): Command {
  return new Command('check')
    .description('read every record of a data set, say what is in it and what is wrong with it; exit status 1 for bad records')
    .argument('<path>', 'folder (IDX, CIFAR-10/100, class folders), or a CSV manifest')
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ gossamer data check data/cifar-10-batches-bin\n')
    .action((path: string, choice: CheckChoice) => check(path, choice, console));
}

interface SplitReport {
  readonly split: 'train' | 'test';
  readonly name: string;
  readonly images: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly classes: readonly { readonly name: string; readonly images: number }[];
  readonly problems: Source['problems'];
}

async function check(path: string, { json }: CheckChoice, console: Console): Promise<void> {
  const train = await reportOn(path, 'train');
  const test = await reportOn(path, 'test').catch((error: unknown) => {
    const isAbsent = error instanceof DataError && (error.reason === 'no-split' || error.reason === 'not-found');
    if (isAbsent) return null;
    throw error;
  });
  const splits = test ? [train, test] : [train];
  const problems = splits.flatMap((split) => split.problems);
  if (problems.length > 0) process.exitCode = status.failed;
  answer(console, json, { path, splits }, () => {
    const style = { width: console.output.columns(), color: console.output.color };
    const facts = splits.map(
      ({ split, images, height, width, channels }) =>
        `${split}: ${formatCount(images)} images of ${height} x ${width} x ${channels}`,
    );
    const table = renderTable(
      [
        { header: 'class', cell: ({ name }: ClassRow) => name, align: 'left' as const },
        ...splits.map(({ split }, i) => ({ header: split, cell: ({ counts }: ClassRow) => formatCount(counts[i]!) })),
      ],
      classRows(splits),
      style,
    );
    const found = problems.length === 0 ? ['No bad records.'] : problemLines(problems);
    const heldOut = test ? [] : ['There is no test split: training holds out a part by seed, and has nothing left to test on.'];
    const next = [
      '',
      formatNext([nextStep('by one of the recipes that `gossamer recipes` lists', 'train', 'RECIPE', '--data', path)], console),
    ];
    return [...facts, ...heldOut, '', table, '', ...found, ...next].join('\n');
  });
}

/** Opens with bad records left out and listed, and reads all that is left. */
async function reportOn(path: string, split: 'train' | 'test'): Promise<SplitReport> {
  const source = await openSource(path, { split, skipBad: true, expectSplit: split === 'test' });
  const { name, length: images, height, width, channels, problems } = source;
  const counts = source.classes.map(() => 0);
  for (let i = 0; i < images; i++) counts[source.label(i)]!++;
  const classes = source.classes.map((name, label) => ({ name, images: counts[label]! }));
  return { split, name, images, height, width, channels, classes, problems };
}

interface ClassRow {
  readonly name: string;
  readonly counts: readonly number[];
}

function classRows(splits: readonly SplitReport[]): ClassRow[] {
  return splits[0]!.classes.map(({ name }, label) => ({
    name,
    counts: splits.map(({ classes }) => classes[label]?.images ?? 0),
  }));
}

const shownProblems = 10;

function problemLines(problems: Source['problems']): string[] {
  const lost = problems.reduce((sum, problem) => sum + problem.lost, 0);
  const more = problems.length - shownProblems;
  return [
    lost === 0 ? 'No bad records, but:' : `${formatCount(lost)} bad ${lost === 1 ? 'record' : 'records'}:`,
    ...problems.slice(0, shownProblems).map(({ message }) => `  ${message}`),
    ...(more > 0 ? [`  … and ${formatCount(more)} more; --json lists all.`] : []),
    'Mend or remove them, or train with --skip-bad.',
  ];
}
