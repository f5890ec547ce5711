import process from 'node:process';
import { Command, Option } from 'commander';
import {
  type Doubt,
  datasetReaders,
  depthKinds,
  type Inspection,
  inspectDataset,
  type PrepareOptions,
  type PrepareProgress,
  type PrepareResult,
  prepareDataset,
} from '../../pad/index.js';
import { formatCount, formatDuration } from '../../report/format.js';
import { LiveLine } from '../../report/live-line.js';
import { progressLine } from '../../report/progress-line.js';
import { renderTable } from '../../report/table.js';
import { paintFor, printable, wrap } from '../../report/terminal.js';
import { answer, type Console } from '../console.js';
import { status } from '../failure.js';
import { listenForInterruption } from '../interruption.js';
import { jsonOption, nameIn, positiveNumber, wholeNumber } from '../options.js';

interface PrepareChoice extends Omit<PrepareOptions, 'onProgress' | 'signal'> {
  readonly out?: string;
  readonly resume?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function prepareCommand(console: Console): Command {
  const names = datasetReaders.map(({ name }) => name);
  return new Command('prepare')
    .description('cut the faces out of a data set and store them for training and judging, with what is known of each')
    .addOption(new Option('--dataset <name>', names.join(', ')).argParser(nameIn(names)).makeOptionMandatory())
    .requiredOption('--root <path>', 'folder of the data set; for manifest: the CSV file, or the folder of manifest.csv')
    .option('--out <folder>', 'where the prepared data goes (not with --dry-run)')
    .option('--dry-run', 'write nothing: count what is there and list every doubt; exit status 1 for errors among them')
    .option('--frames <choice>', 'all, every:K (every K-th) or evenly:N (N of them)', 'evenly:8')
    .option('--boxes <file>', "CSV of face boxes in place of the set's own: file, frame, left, top, width, height")
    .option('--detector <module>', "face detector in place of the set's own boxes: a JavaScript module")
    .option('--scale <number>', "side of the crop, as a multiple of the box's", positiveNumber, 1.4)
    .addOption(
      new Option('--aspect <mode>', 'a square about the box, or the box stretched to one')
        .choices(['keep', 'stretch'])
        .default('keep'),
    )
    .addOption(new Option('--fill <mode>', 'what stands for parts beyond the picture').choices(['edge', 'black']).default('edge'))
    .option('--size <pixels>', 'height and width of the crops', wholeNumber(8, 1024), 256)
    .addOption(new Option('--depth <kind>', 'depth maps of bona fide faces').choices([...depthKinds]).default('dome'))
    .option('--depth-folder <folder>', 'depth maps by presentation, for --depth files')
    .option('--seed <number>', 'decides who is held out for dev, where the set has no such split', wholeNumber(0), 0)
    .option('--skip-bad', 'leave out what is missing or cannot be read, and list it')
    .option('--keep-damaged', 'take the frames that damaged videos still give')
    .option('--allow-duplicates', 'go on when the same picture is in several splits')
    .option('--resume', 'go on with what an interrupted run left in --out')
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ gossamer pad prepare --dataset oulu-npu --root OULU --out prepared/oulu\n')
    .action((choice: PrepareChoice, command: Command) => prepare(choice, command, console));
}

async function prepare(
  { out, resume, dryRun, json, ...options }: PrepareChoice,
  command: Command,
  console: Console,
): Promise<void> {
  if (dryRun && (out !== undefined || resume))
    command.error('error: --dry-run writes nothing: give it without --out and --resume.');
  if (!dryRun && out === undefined) command.error('error: required option --out <folder> not specified (or --dry-run).');
  const live = new LiveLine(console.output);
  const speed = new Speed();
  const onProgress = (progress: PrepareProgress) =>
    live.draw((width) => workLine(progress, speed.at(progress.done), { width, color: console.output.color }));
  const interruption = listenForInterruption(console, json);
  const all = { ...options, onProgress: json ? undefined : onProgress, signal: interruption.signal };
  try {
    const result = dryRun ? await inspectDataset(all) : await prepareDataset({ ...all, out: out!, resume });
    live.clear();
    if (!result.complete) {
      process.exitCode = status.interrupted;
      const again = dryRun
        ? 'Interrupted: nothing is known of the rest.'
        : 'Interrupted. The same command with --resume goes on.';
      if (json) answer(console, json, result, () => '');
      else interruption.place.write(`${again}\n`);
      return;
    }
    if (result.doubts.some(({ severity }) => severity === 'error')) process.exitCode = status.failed;
    answer(console, json, result, () => [describe(result, console), ...told(result)].join('\n'));
  } finally {
    live.clear();
    interruption.stop();
  }
}

function told(result: Inspection | PrepareResult): string[] {
  if (!('folder' in result)) return [];
  const { size } = result.settings;
  return ['', `${formatCount(result.crops)} faces of ${size} x ${size} are now in ${result.folder}.`];
}

/** Presentations a second since the first that this run ended: those that an earlier one made took no time. */
class Speed {
  private first: { readonly done: number; readonly time: number } | null = null;

  at(done: number): number {
    const time = performance.now();
    this.first ??= { done, time };
    return ((done - this.first.done) * 1000) / (time - this.first.time);
  }
}

function workLine(
  { done, total, frames }: PrepareProgress,
  speed: number,
  style: { readonly width: number; readonly color: boolean },
): string {
  const left = (total - done) / speed;
  const facts = [
    { forms: [`${formatCount(done)} of ${formatCount(total)} presentations`, formatCount(done)], rank: 2 },
    { forms: [`${formatCount(frames)} frames`, ''], rank: 1 },
    { forms: [`${formatDuration(left)} left`, ''], rank: 3 },
  ];
  return progressLine('faces', done / total, facts, style);
}

function describe({ title, splits, subjects, doubts, protocols }: Inspection, console: Console): string {
  const style = { width: console.output.columns(), color: console.output.color };
  const counts = renderTable(
    [
      { header: 'protocol', cell: ({ protocol }) => protocol, align: 'left' },
      { header: 'split', cell: ({ split }) => split, align: 'left' },
      { header: 'presentations', cell: ({ presentations }) => formatCount(presentations) },
      { header: 'bona fide', cell: ({ bonaFide }) => formatCount(bonaFide) },
      { header: 'attacks', cell: ({ attacks }) => formatCount(attacks) },
      { header: 'subjects', cell: (count) => formatCount(count.subjects), rank: 1 },
      { header: 'frames', cell: ({ frames }) => formatCount(frames) },
      { header: 'no face', cell: ({ failures }) => formatCount(failures) },
    ],
    splits,
    style,
  );
  const notes = protocols.map(({ name, description }) => wrap(`${name}: ${description}`, style.width, '  '));
  return [
    `${title}:`,
    ...notes,
    '',
    counts,
    '',
    speciesTable(splits, style),
    '',
    subjectLine(subjects),
    '',
    ...doubtLines(doubts, style),
  ].join('\n');
}

function subjectLine(subjects: Inspection['subjects']): string {
  if (subjects.length === 0) return 'No subjects are known.';
  const counts = subjects.map(({ bonaFide, attacks }) => bonaFide + attacks);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const range = least === most ? formatCount(least) : `${formatCount(least)} to ${formatCount(most)}`;
  return `Known subjects: ${formatCount(subjects.length)}. Presentations of each: ${range} (--json lists them).`;
}

/** Attack presentations by species: a line for each protocol, split and species would be long, so one for each species of each protocol. */
function speciesTable(splits: Inspection['splits'], style: { readonly width: number; readonly color: boolean }): string {
  const rows = [...new Set(splits.map(({ protocol }) => protocol))].flatMap((protocol) => {
    const own = splits.filter((count) => count.protocol === protocol);
    const names = [...new Set(own.flatMap(({ species }) => Object.keys(species)))].sort();
    const countOf = (name: string, split: string) => own.find((count) => count.split === split)?.species[name] ?? 0;
    return names.map((name) => ({ protocol, name, countOf }));
  });
  return renderTable(
    [
      { header: 'protocol', cell: ({ protocol }) => protocol, align: 'left' },
      { header: 'attack species', cell: ({ name }) => name, align: 'left' },
      ...['train', 'dev', 'test'].map((split) => ({
        header: split,
        cell: ({ name, countOf }: (typeof rows)[number]) => formatCount(countOf(name, split)),
      })),
    ],
    rows,
    style,
  );
}

const shownDoubts = 20;

function doubtLines(doubts: readonly Doubt[], style: { readonly width: number; readonly color: boolean }): string[] {
  if (doubts.length === 0) return ['No doubts.'];
  const paint = paintFor(style.color);
  const counts = new Map<string, number>();
  for (const { severity, reason } of doubts) counts.set(`${severity} ${reason}`, (counts.get(`${severity} ${reason}`) ?? 0) + 1);
  const summary = [...counts].map(([kind, count]) => `${formatCount(count)} ${kind.split(' ').reverse().join(' ')}`).join(', ');
  const more = doubts.length - shownDoubts;
  return [
    wrap(`Doubts: ${summary}.`, style.width),
    ...doubts.slice(0, shownDoubts).map(({ severity, about, message }) => {
      const mark = severity === 'error' ? paint.red('error:') : paint.yellow('warning:');
      const place = message.includes(about) ? '' : `${about}: `;
      return `  ${mark} ${printable(place + message)}`;
    }),
    ...(more > 0 ? [`  … and ${formatCount(more)} more; --json lists all.`] : []),
  ];
}
