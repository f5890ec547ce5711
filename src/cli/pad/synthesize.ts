import process from 'node:process';
import { Command } from 'commander';
import { type SynthesizeOptions, synthesize } from '../../pad/index.js';
import { formatCount } from '../../report/format.js';
import { LiveLine } from '../../report/live-line.js';
import { progressLine } from '../../report/progress-line.js';
import { paintFor, wrap } from '../../report/terminal.js';
import { answer, type Console } from '../console.js';
import { status } from '../failure.js';
import { listenForInterruption } from '../interruption.js';
import { formatNext, nextStep } from '../next.js';
import { jsonOption, wholeNumber } from '../options.js';

interface SynthesizeChoice extends Omit<SynthesizeOptions, 'onProgress' | 'signal'> {
  readonly json?: boolean;
}

export function synthesizeCommand(console: Console): Command {
  return new Command('synthesize')
    .description('make pictures of attacks from face photographs or drawn faces, to try everything without licensed data')
    .option('--faces <folder>', 'face photographs, in a folder for each person or one file each')
    .option('--drawn <number>', 'draw so many people in place of photographs', wholeNumber(1, 100_000))
    .option('--takes <number>', 'pictures of each drawn person (default: 1)', wholeNumber(1, 1000))
    .requiredOption('--out <folder>', 'folder that is made: pictures, manifest.csv, contact-sheet.png')
    .option('--size <pixels>', 'height and width of the pictures', wholeNumber(64, 2048), 320)
    .option('--seed <number>', 'decides everything', wholeNumber(0), 0)
    .option('--boxes <file>', 'CSV of where the faces are (default: in the middle of each photograph)')
    .option('--detector <module>', 'face detector in place of it: a JavaScript module')
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ gossamer pad synthesize --drawn 30 --out synthetic\n')
    .action((choice: SynthesizeChoice) => run(choice, console));
}

async function run({ json, ...options }: SynthesizeChoice, console: Console): Promise<void> {
  const live = new LiveLine(console.output);
  const interruption = listenForInterruption(console, json);
  const onProgress = (done: number, total: number) =>
    live.draw((width) =>
      progressLine('faces', done / total, [{ forms: [`${formatCount(done)} of ${formatCount(total)}`, ''], rank: 1 }], {
        width,
        color: console.output.color,
      }),
    );
  try {
    const result = await synthesize({ ...options, onProgress: json ? undefined : onProgress, signal: interruption.signal });
    live.clear();
    if (!result) {
      process.exitCode = status.interrupted;
      interruption.place.write(json ? '{}\n' : 'Interrupted: nothing was written.\n');
      return;
    }
    const next = [
      nextStep('cut out the faces', 'pad', 'prepare', '--dataset', 'manifest', '--root', result.folder, '--out', 'prepared'),
    ];
    answer(console, json, { ...result, next }, () => {
      const width = console.output.columns();
      const { train, dev, test } = result.pictures;
      const paint = paintFor(console.output.color);
      const middle =
        'No boxes were given: each face is taken to be in the middle of its photograph. See whether it is, or give --boxes or --detector.';
      return [
        `${formatCount(train + dev + test)} pictures of ${formatCount(result.subjects)} people are now in ${result.folder}: ${formatCount(train)} to train, ${formatCount(dev)} dev, ${formatCount(test)} to test.`,
        ...(result.boxes === 'middle' ? [wrap(middle, width)] : []),
        ...(result.withoutFace > 0 ? [`${formatCount(result.withoutFace)} photographs without a face were left out.`] : []),
        `Have a look: ${result.contactSheet}`,
        wrap(`${paint.yellow('warning:')} ${result.warning}`, width),
        '',
        formatNext(next, console),
      ].join('\n');
    });
  } finally {
    live.clear();
    interruption.stop();
  }
}
