import { Command } from 'commander';
import { createLoader, openPictures } from '../data/index.js';
import { createEngine, type Engine } from '../engine/index.js';
import { softmax, topClasses } from '../metrics/accuracy.js';
import type { Module } from '../nn/index.js';
import { formatShare } from '../report/format.js';
import { paintFor, printable } from '../report/terminal.js';
import { scope, Tensor } from '../tensor/index.js';
import { type Checkpoint, loadModel, readCheckpoint } from '../train/index.js';
import { checkpointPath } from './checkpoint-path.js';
import { answer, type Console } from './console.js';
import { formatNext, nextStep } from './next.js';
import { type EngineChoice, jsonOption, threadsOption, wholeNumber } from './options.js';

interface PredictChoice extends EngineChoice {
  readonly top: number;
  readonly json?: boolean;
}

export function predictCommand(console: Console): Command {
  return new Command('predict')
    .description('name what is on pictures; size, normalisation and labels are those of the checkpoint')
    .argument('<checkpoint>', 'best.safetensors of a run, or the folder of the run')
    .argument('<image...>', 'pictures: jpg, png, webp, gif, tiff, avif')
    .option('--top <number>', 'answers for each picture', wholeNumber(1), 3)
    .addOption(threadsOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ gossamer predict runs/ftbnn-tiny-fashion shoe.png\n')
    .action((place: string, images: string[], choice: PredictChoice) => predict(checkpointPath(place), images, choice, console));
}

interface Answer {
  readonly label: number;
  readonly name: string;
  /** Softmax of the logits: sums to 1 over all classes; no promise of being right so often. */
  readonly score: number;
}

interface Prediction {
  readonly image: string;
  readonly answers: readonly Answer[];
}

async function predict(path: string, images: readonly string[], choice: PredictChoice, console: Console): Promise<void> {
  const checkpoint = await readCheckpoint(path);
  const [height, width, channels] = checkpoint.source;
  const { fit } = checkpoint.recipe.data;
  const source = await openPictures(images, {
    size: [height, width],
    channels: channels === 1 ? 1 : 3,
    fit: fit ?? undefined,
  });
  const engine = await createEngine({ threads: choice.threads });
  const loader = createLoader(source, { batchSize: 16, workers: 0, transforms: checkpoint.recipe.transforms.evaluate });
  try {
    const { model } = await loadModel(checkpoint, engine);
    const predictions: Prediction[] = [];
    for await (const batch of loader.epoch(0)) {
      const logits = forward(engine, model, batch.images, batch.shape);
      const classes = logits.length / batch.shape[0];
      for (const [row, record] of batch.records.entries()) {
        const scores = softmax(logits.subarray(row * classes, (row + 1) * classes));
        const answers = topClasses(scores, choice.top).map((ranked) => ({ ...ranked, name: checkpoint.classes[ranked.label]! }));
        predictions.push({ image: images[record]!, answers });
      }
    }
    answer(console, choice.json, { checkpoint: path, predictions }, () => text(checkpoint, predictions, console));
  } finally {
    await loader.close();
    engine.dispose();
  }
}

function forward(engine: Engine, model: Module, images: Float32Array, shape: readonly number[]): Float32Array {
  return scope(engine, () => Float32Array.from(model.forward(Tensor.from(engine, images, shape, 'float32', 'images')).toArray()));
}

function text({ path }: Checkpoint, predictions: readonly Prediction[], console: Console): string {
  const paint = paintFor(console.output.color);
  const names = predictions.flatMap(({ answers }) => answers.map(({ name }) => printable(name)));
  const nameWidth = Math.max(...names.map((name) => name.length));
  const lines = predictions.flatMap(({ image, answers }) => [
    paint.bold(printable(image)),
    ...answers.map(({ name, score }, i) => {
      const line = `  ${printable(name).padEnd(nameWidth)}  ${formatShare(score).padStart(7)}`;
      return i === 0 ? line : paint.dim(line);
    }),
  ]);
  return [...lines, '', formatNext([nextStep('how often such answers are right', 'eval', path)], console)].join('\n');
}
