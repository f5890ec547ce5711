import type { Command } from 'commander';
import { openPictures } from '../data/index.js';
import { createEngine } from '../engine/index.js';
import { loadModel, predict as predictImages } from '../train/index.js';
import { checkpointHelp, checkpointPath, readClassifier } from './checkpoint-path.js';
import { answer, type Console } from './console.js';
import { type EngineChoice, EngineCommand, engineChoice } from './engine-command.js';
import { formatNext, nextStep } from './next.js';
import { jsonOption, wholeNumber } from './options.js';
import { type Prediction, predictionsText } from './predictions.js';

interface PredictChoice extends EngineChoice {
  readonly top: number;
  readonly json?: boolean;
}

export function predictCommand(console: Console): Command {
  return new EngineCommand('predict')
    .description('name what is on pictures; size, normalisation and labels are those of the checkpoint')
    .argument('<checkpoint>', checkpointHelp)
    .argument('<image...>', 'pictures: jpg, png, webp, gif, tiff, avif')
    .option('--top <number>', 'answers for each picture', wholeNumber(1), 3)
    .engineOptions()
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ gossamer predict runs/ftbnn-tiny-fashion shoe.png\n')
    .action((place: string, images: string[], choice: PredictChoice) => predict(checkpointPath(place), images, choice, console));
}

async function predict(path: string, images: readonly string[], choice: PredictChoice, console: Console): Promise<void> {
  const checkpoint = await readClassifier(path, 'predicting with');
  const [height, width, channels] = checkpoint.source;
  const { fit } = checkpoint.recipe.data;
  const source = await openPictures(images, {
    size: [height, width],
    channels: channels === 1 ? 1 : 3,
    fit: fit ?? undefined,
  });
  const engine = await createEngine(engineChoice(choice));
  try {
    const { model } = await loadModel(checkpoint, engine);
    const { classes, recipe } = checkpoint;
    const answers = await predictImages({ model, source, classes, transforms: recipe.transforms.evaluate, top: choice.top });
    const predictions = images.map((image, i): Prediction => ({ image, answers: answers[i]! }));
    answer(console, choice.json, { checkpoint: path, predictions }, () => {
      const next = nextStep('how often such answers are right', 'eval', checkpoint.path);
      return [predictionsText(predictions, console), '', formatNext([next], console)].join('\n');
    });
  } finally {
    engine.dispose();
  }
}
