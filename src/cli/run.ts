import { Command } from 'commander';
import { createLoader, openPictures } from '../data/index.js';
import { UnsupportedError } from '../errors.js';
import { readFileChecked } from '../formats/file.js';
import { softmax, topClasses } from '../metrics/accuracy.js';
import { formatShare } from '../report/format.js';
import { paintFor, printable } from '../report/terminal.js';
import { load, type RuntimeModel } from '../runtime/index.js';
import { answer, type Console } from './console.js';
import { type EngineChoice, jsonOption, relaxedSimdOption, threadsOption, wholeNumber } from './options.js';

interface RunChoice extends EngineChoice {
  readonly top: number;
  readonly json?: boolean;
}

export function runCommand(console: Console): Command {
  return new Command('run')
    .description('name what is on pictures with a packed model (gossamer freeze)')
    .argument('<model>', 'the packed model, .safetensors')
    .argument('<image...>', 'pictures: jpg, png, webp, gif, tiff, avif')
    .option('--top <number>', 'answers for each picture', wholeNumber(1), 3)
    .addOption(threadsOption())
    .addOption(relaxedSimdOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ gossamer run ftbnn-tiny.safetensors frog.png\n')
    .action((file: string, images: string[], choice: RunChoice) => run(file, images, choice, console));
}

interface Prediction {
  readonly image: string;
  readonly answers: readonly { readonly label: number; readonly name: string; readonly score: number }[];
}

async function run(file: string, images: readonly string[], choice: RunChoice, console: Console): Promise<void> {
  const bytes = await readFileChecked(file);
  const model = await load(bytes, { threads: choice.threads, relaxedSimd: choice.relaxedSimd, name: file });
  try {
    const predictions = await predict(model, images, choice.top);
    answer(console, choice.json, { model: file, predictions }, () => text(predictions, console));
  } finally {
    model.dispose();
  }
}

async function predict(model: RuntimeModel, images: readonly string[], top: number): Promise<readonly Prediction[]> {
  const { labels, source, prepare, mean, std, channels } = model.facts.contract;
  if (!labels) throw new UnsupportedError('gossamer run', 'this model names nothing: its answer is no list of scores.');
  const pictures = await openPictures(images, { size: [...source.size], channels: channels === 'grey' ? 1 : 3, fit: source.fit });
  const transforms = [
    ...prepare.map(({ name, size }) => ({ name, size: [...size] as [number, number] })),
    { name: 'normalize' as const, mean: [...mean], std: [...std] },
  ];
  const loader = createLoader(pictures, { batchSize: 1, transforms, workers: 0 });
  const predictions: Prediction[] = [];
  try {
    for await (const batch of loader.epoch(0)) {
      const { data } = await model.run({ data: batch.images, shape: batch.shape });
      const ranked = topClasses(softmax(data), top);
      const answers = ranked.map(({ label, score }) => ({ label, name: labels[label]!, score }));
      predictions.push({ image: images[predictions.length]!, answers });
    }
  } finally {
    await loader.close();
  }
  return predictions;
}

function text(predictions: readonly Prediction[], console: Console): string {
  const paint = paintFor(console.output.color);
  const width = Math.max(...predictions.flatMap(({ answers }) => answers.map(({ name }) => printable(name).length)));
  return predictions
    .flatMap(({ image, answers }) => [
      paint.bold(printable(image)),
      ...answers.map(({ name, score }, i) => {
        const line = `  ${printable(name).padEnd(width)}  ${formatShare(score).padStart(7)}`;
        return i === 0 ? line : paint.dim(line);
      }),
    ])
    .join('\n');
}
