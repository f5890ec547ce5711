import { type Command, Option } from 'commander';
import { createEngine } from '../engine/index.js';
import { formatEvaluation } from '../report/evaluation.js';
import { formatCount } from '../report/format.js';
import { type Evaluation, evaluate, loadModel, openSplit } from '../train/index.js';
import { checkpointHelp, checkpointPath, readClassifier } from './checkpoint-path.js';
import { answer, type Console } from './console.js';
import { type EngineChoice, EngineCommand, engineChoice } from './engine-command.js';
import { JudgingLine } from './judging-line.js';
import { formatNext, nextStep } from './next.js';
import { jsonOption } from './options.js';

interface EvalChoice extends EngineChoice {
  readonly data?: string;
  readonly split: 'test' | 'train';
  readonly skipBad?: boolean;
  readonly json?: boolean;
}

export function evalCommand(console: Console): Command {
  return new EngineCommand('eval')
    .description('judge a checkpoint on labelled images: accuracy, loss, classes, confusion')
    .argument('<checkpoint>', checkpointHelp)
    .option('--data <place>', 'folder or CSV manifest (default: where its recipe says)')
    .addOption(new Option('--split <name>', 'which part of the data').choices(['test', 'train']).default('test'))
    .option('--skip-bad', 'leave out records that cannot be read')
    .engineOptions()
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ gossamer eval runs/resnet20-cifar10 --data data/cifar-10-batches-bin\n')
    .action((place: string, choice: EvalChoice) => judge(checkpointPath(place), choice, console));
}

async function judge(path: string, choice: EvalChoice, console: Console): Promise<void> {
  const checkpoint = await readClassifier(path, 'judging');
  const { recipe, classes } = checkpoint;
  const { source, indices } = await openSplit(choice.data, choice.split, recipe, {
    skipBad: choice.skipBad,
    classes,
    // A manifest that the user names is meant whole; the one that was trained on is not what to test on.
    expectSplit: choice.data === undefined && choice.split === 'test',
  });
  const engine = await createEngine(engineChoice(choice));
  const live = new JudgingLine('judging', console);
  try {
    const { model } = await loadModel(checkpoint, engine);
    const evaluation = await evaluate({
      model,
      source,
      indices,
      classes,
      transforms: recipe.transforms.evaluate,
      loss: recipe.loss,
      onProgress: choice.json ? undefined : live.onProgress,
    });
    live.clear();
    const skipped = source.problems.reduce((sum, problem) => sum + problem.lost, 0);
    const facts = { checkpoint: path, data: source.name, split: choice.split, skipped };
    answer(console, choice.json, { ...facts, ...evaluation }, () => text(facts, evaluation, console));
  } finally {
    live.clear();
    engine.dispose();
  }
}

function text(
  { checkpoint, data, skipped }: { readonly checkpoint: string; readonly data: string; readonly skipped: number },
  evaluation: Evaluation,
  console: Console,
): string {
  const style = { width: console.output.columns(), color: console.output.color };
  return [
    `${checkpoint} on ${data}`,
    ...(skipped > 0 ? [`${formatCount(skipped)} bad records were left out (gossamer data check lists them).`] : []),
    '',
    formatEvaluation(evaluation, style),
    '',
    formatNext([nextStep('what is on your own pictures', 'predict', checkpoint, 'IMAGE')], console),
  ].join('\n');
}
