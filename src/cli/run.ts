import { Command } from 'commander';
import { createLoader, openPictures } from '../data/index.js';
import { UnsupportedError } from '../errors.js';
import { readFileChecked } from '../formats/file.js';
import { softmax, topClasses } from '../metrics/accuracy.js';
import { formatShare } from '../report/format.js';
import { renderTable } from '../report/table.js';
import { type Floats, load, type ProfiledStep, type RuntimeModel } from '../runtime/index.js';
import { answer, type Console } from './console.js';
import { type EngineChoice, jsonOption, relaxedSimdOption, threadsOption, wholeNumber } from './options.js';
import { type Prediction, predictionsText } from './predictions.js';

interface RunChoice extends EngineChoice {
  readonly top: number;
  readonly profile?: boolean;
  readonly json?: boolean;
}

export function runCommand(console: Console): Command {
  return new Command('run')
    .description('name what is on pictures with a packed model (gossamer freeze)')
    .argument('<model>', 'the packed model, .safetensors')
    .argument('<image...>', 'pictures: jpg, png, webp, gif, tiff, avif')
    .option('--top <number>', 'answers for each picture', wholeNumber(1), 3)
    .option('--profile', 'how long each step takes, on the first picture')
    .addOption(threadsOption())
    .addOption(relaxedSimdOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ gossamer run ftbnn-tiny.safetensors frog.png\n')
    .action((file: string, images: string[], choice: RunChoice) => run(file, images, choice, console));
}

async function run(file: string, images: readonly string[], choice: RunChoice, console: Console): Promise<void> {
  const bytes = await readFileChecked(file);
  const model = await load(bytes, { threads: choice.threads, relaxedSimd: choice.relaxedSimd, name: file });
  try {
    const inputs = await prepare(model, images);
    const predictions: Prediction[] = [];
    for (const [i, input] of inputs.entries())
      predictions.push({ image: images[i]!, answers: await rank(model, input, choice.top) });
    const profile = choice.profile ? await model.profile(inputs[0]!) : null;
    answer(console, choice.json, { model: file, predictions, ...(profile && { profile }) }, () =>
      [predictionsText(predictions, console), ...(profile ? ['', profileText(profile, console)] : [])].join('\n'),
    );
  } finally {
    model.dispose();
  }
}

/** Pictures as the model's contract says. */
async function prepare(model: RuntimeModel, images: readonly string[]): Promise<readonly Floats[]> {
  const { labels, source, prepare: steps, mean, std, channels } = model.facts.contract;
  if (!labels) throw new UnsupportedError('gossamer run', 'this model names nothing: its answer is no list of scores.');
  const pictures = await openPictures(images, { size: [...source.size], channels: channels === 'grey' ? 1 : 3, fit: source.fit });
  const transforms = [
    ...steps.map(({ name, size }) => ({ name, size: [...size] as [number, number] })),
    { name: 'normalize' as const, mean: [...mean], std: [...std] },
  ];
  const loader = createLoader(pictures, { batchSize: 1, transforms, workers: 0 });
  const inputs: Floats[] = [];
  try {
    for await (const batch of loader.epoch(0)) inputs.push({ data: batch.images.slice(), shape: [...batch.shape] });
  } finally {
    await loader.close();
  }
  return inputs;
}

async function rank(model: RuntimeModel, input: Floats, top: number): Promise<Prediction['answers']> {
  const { data } = await model.run(input);
  return topClasses(softmax(data), top).map(({ label, score }) => ({ label, name: model.facts.contract.labels![label]!, score }));
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
