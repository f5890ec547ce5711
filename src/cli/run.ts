import type { Command } from 'commander';
import { readPicture } from '../data/index.js';
import { readFileChecked } from '../formats/file.js';
import { formatShare } from '../report/format.js';
import { renderTable } from '../report/table.js';
import { load, type ProfiledStep } from '../runtime/index.js';
import { answer, type Console } from './console.js';
import { type EngineChoice, EngineCommand, engineChoice } from './engine-command.js';
import { jsonOption, memoryPerImageOption, wholeNumber } from './options.js';
import { type Prediction, predictionsText } from './predictions.js';

interface RunChoice extends EngineChoice {
  readonly top: number;
  readonly profile?: boolean;
  /** Bytes. */
  readonly memoryPerImage?: number;
  readonly json?: boolean;
}

export function runCommand(console: Console): Command {
  return new EngineCommand('run')
    .description('name what is on pictures with a packed model (gossamer freeze)')
    .argument('<model>', 'the packed model, .safetensors')
    .argument('<image...>', 'pictures: jpg, png, webp, gif, tiff, avif')
    .option('--top <number>', 'answers for each picture', wholeNumber(1), 3)
    .option('--profile', 'how long each step takes, on the first picture')
    .addOption(memoryPerImageOption())
    .engineOptions()
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ gossamer run ftbnn-tiny.safetensors frog.png\n')
    .action((file: string, images: string[], choice: RunChoice) => run(file, images, choice, console));
}

async function run(file: string, images: readonly string[], choice: RunChoice, console: Console): Promise<void> {
  const bytes = await readFileChecked(file);
  const model = await load(bytes, { ...engineChoice(choice), name: file, memoryPerImage: choice.memoryPerImage });
  try {
    const predictions: Prediction[] = [];
    for (const image of images) {
      const [answers] = await model.classify(await readPicture(image), { top: choice.top });
      predictions.push({ image, answers: answers! });
    }
    const profile = choice.profile ? await model.profile(await readPicture(images[0]!)) : null;
    answer(console, choice.json, { model: file, predictions, ...(profile && { profile }) }, () =>
      [predictionsText(predictions, console), ...(profile ? ['', profileText(profile, console)] : [])].join('\n'),
    );
  } finally {
    model.dispose();
  }
}

function profileText(profile: readonly ProfiledStep[], console: Console): string {
  const total = profile.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const table = renderTable(
    [
      { header: 'layer', cell: ({ layer }) => layer, align: 'left' },
      { header: 'step', cell: ({ operator }) => operator, align: 'left', rank: 1 },
      { header: 'result', cell: ({ output }) => output.join('x'), align: 'left', rank: 2 },
      { header: 'ms', cell: ({ milliseconds }) => milliseconds.toFixed(3) },
      { header: 'share', cell: ({ milliseconds }) => formatShare(milliseconds / total) },
    ],
    profile,
    { width: console.output.columns(), color: console.output.color },
  );
  return `${table}\n\nAll steps together: ${total.toFixed(2)} ms for one picture.`;
}
