import fs from 'node:fs';
import process from 'node:process';
import { type Command, Option } from 'commander';
import { createEngine, type Engine } from '../engine/index.js';
import { ConfigError } from '../errors.js';
import { trainingData } from '../pad/index.js';
import { TrainingView } from '../report/training-view.js';
import {
  applyOverrides,
  chooseModel,
  holdsRun,
  loadRecipe,
  parseRecipe,
  type Ranks,
  type Recipe,
  RunFolder,
  recipeOfRun,
  sampleName,
  type TrainEvent,
  train,
} from '../train/index.js';
import { alone, broadcastText } from '../train/ranks.js';
import type { Console } from './console.js';
import { CurvesFile } from './curves-file.js';
import { type EngineChoice, EngineCommand, engineChoice } from './engine-command.js';
import { status } from './failure.js';
import { type Interruption, listenForInterruption } from './interruption.js';
import { JudgingLine } from './judging-line.js';
import { formatNext, type NextStep, nextStep } from './next.js';
import { jsonOption, repeated, share, wholeNumber } from './options.js';
import { formatOutcome, openTest, outcomeOf } from './outcome.js';
import { asRank, type RanksChoice, ranksOf, ranksOption } from './ranks.js';
import { absoluteSource, freshRunFolder, latestRunFolder } from './run-place.js';

interface TrainChoice extends EngineChoice {
  readonly data?: string;
  readonly out?: string;
  readonly epochs?: number;
  readonly seed?: number;
  readonly model?: string;
  readonly theta?: number;
  readonly set?: readonly string[];
  readonly resume?: boolean;
  readonly skipBad?: boolean;
  readonly ranks: RanksChoice;
  readonly batchNorm?: Recipe['batchNorm'];
  readonly json?: boolean;
}

export function trainCommand(console: Console): Command {
  return new EngineCommand('train')
    .description('train a network by a recipe, into a run folder: checkpoints, log, curves, summary')
    .argument('<recipe>', 'name of a recipe (gossamer recipes lists them), or a .json file')
    .option('--data <place>', 'folder, CSV manifest or prepared faces (default: where the recipe says)')
    .option('--out <folder>', 'run folder (default: runs/RECIPE, then runs/RECIPE-2, …)')
    .option('--epochs <number>', "in place of the recipe's", wholeNumber(1))
    .option('--seed <number>', "in place of the recipe's: decides weights, order, augmentation", wholeNumber(0))
    .option('--model <name>', "in place of the recipe's: a network's name, or genotype:FILE for one that search found")
    .option(
      '--theta <share>',
      "in place of the network's: share of the central difference in its convolutions, from 0 to 1",
      share,
    )
    .option('--set <key=value>', 'change any value of the recipe, as often as needed', repeated)
    .option('--resume', 'go on with the run in --out, or with the newest run of the recipe')
    .option('--skip-bad', 'leave out records that cannot be read')
    .addOption(ranksOption())
    .addOption(batchNormOption())
    .engineOptions()
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ gossamer train ftbnn-tiny-fashion\n  $ gossamer train resnet20-cifar10 --data data/cifar-10-batches-bin --epochs 1 --set optimizer.learningRate=0.05\n  $ mpirun -n 4 gossamer train resnet20-cifar10 --data data\n',
    )
    .action((recipe: string, choice: TrainChoice) => trainOnRanks(recipe, choice, console));
}

/** By this process alone, or as one of those that an mpirun or srun started. */
async function trainOnRanks(name: string, choice: TrainChoice, console: Console): Promise<void> {
  const mpi = await ranksOf(choice.ranks);
  if (!mpi) return trainByRecipe(name, choice, console, alone);
  const own = { ...choice, threads: choice.threads ?? mpi.threads };
  await asRank(mpi, console, choice.json === true, (place) =>
    mpi.rank === 0 ? trainByRecipe(name, own, place, mpi) : trainAlong(own, place, mpi),
  );
}

/** As another rank than 0: by the recipe that it chose, and without a word. */
async function trainAlong(choice: TrainChoice, console: Console, ranks: Ranks): Promise<void> {
  const recipe = parseRecipe(JSON.parse(broadcastText(ranks, '')));
  const interruption = listenForInterruption(console, true);
  const engine = await createEngine(engineChoice(choice));
  try {
    const { skipBad = false } = choice;
    const { reason } = await train({ recipe, data: trainingData(recipe), engine, skipBad, ranks, signal: interruption.signal });
    if (reason === 'interrupted') process.exitCode = status.interrupted;
  } finally {
    engine.dispose();
    interruption.stop();
  }
}

async function trainByRecipe(name: string, choice: TrainChoice, console: Console, ranks: Ranks): Promise<void> {
  const { recipe, run } = choice.resume ? await earlierRun(name, choice) : freshRun(name, choice);
  broadcastText(ranks, JSON.stringify(recipe));
  const interruption = listenForInterruption(console, choice.json);
  const view = choice.json ? null : new TrainingView(console.output);
  try {
    const engine = await createEngine(engineChoice(choice));
    try {
      await trainInto(run, { name, recipe, choice, engine, interruption, ranks }, view, console);
    } finally {
      engine.dispose();
    }
  } finally {
    view?.close();
    interruption.stop();
    run.close();
    if (!holdsRun(run.path)) removeIfEmpty(run.path);
  }
}

interface Training {
  /** As the user wrote it. */
  readonly name: string;
  readonly recipe: Recipe;
  readonly choice: TrainChoice;
  readonly engine: Engine;
  readonly interruption: Interruption;
  readonly ranks: Ranks;
}

async function trainInto(
  run: RunFolder,
  { name, recipe, choice, engine, interruption, ranks }: Training,
  view: TrainingView | null,
  console: Console,
): Promise<void> {
  const { resume, skipBad = false, json } = choice;
  const { signal } = interruption;
  const data = trainingData(recipe);
  const curves = new CurvesFile(run);
  const onEvent = (event: TrainEvent) => {
    curves.handle(event);
    if (view) view.handle(event);
    else console.output.write(`${JSON.stringify(event)}\n`);
  };
  // Hours of training should not end at a test image that could have been found bad before.
  if (!skipBad) await openTest(data, recipe, {});
  const result = await train({ recipe, data, run, resume, engine, skipBad, ranks, signal, onEvent });
  await curves.close();
  if (result.reason === 'interrupted') {
    process.exitCode = status.interrupted;
    interruption.place.write(howToResume(name, run.path, json, console));
    return;
  }
  const testing = new JudgingLine('testing', console);
  const onProgress = json ? undefined : testing.onProgress;
  const next = nextSteps(name, recipe, choice, run.path);
  const outcome = await outcomeOf({ result, data, run: run.path, best: run.best, skipBad, next, onProgress });
  testing.clear();
  await run.writeSummary(outcome);
  const text = json ? JSON.stringify({ kind: 'summary', ...outcome }) : `\n${formatOutcome(outcome, console)}`;
  console.output.write(`${text}\n`);
}

interface Plan {
  readonly recipe: Recipe;
  readonly run: RunFolder;
}

function freshRun(name: string, choice: TrainChoice): Plan {
  const recipe = withChoices(loadRecipe(name), choice);
  return { recipe, run: RunFolder.open(choice.out ?? freshRunFolder(recipe.name)) };
}

/** A run goes on with the recipe that it began with, changes and data included. */
async function earlierRun(name: string, choice: TrainChoice): Promise<Plan> {
  const asked = loadRecipe(name);
  const folder = choice.out ?? latestRunFolder(asked.name);
  const run = RunFolder.open(folder, { resume: true });
  try {
    const recipe = (await recipeOfRun(run)) ?? asked;
    if (recipe.name !== asked.name) {
      throw new ConfigError('recipe', `${folder} holds a run of ${recipe.name}, not of ${asked.name}.`);
    }
    return { recipe: withChoices(recipe, choice), run };
  } catch (error) {
    run.close();
    throw error;
  }
}

/** A run that ended before it began leaves nothing behind. */
function removeIfEmpty(folder: string): void {
  try {
    fs.rmdirSync(folder);
  } catch {
    // Something is in it: it is not ours to remove.
  }
}

function withChoices(recipe: Recipe, { data, epochs, seed, model, theta, batchNorm, set = [] }: TrainChoice): Recipe {
  const chosen = model === undefined ? recipe : { ...recipe, model: chooseModel(model) };
  const changed = applyOverrides(chosen, [...set, ...(theta === undefined ? [] : [`model.options.theta=${theta}`])]);
  return {
    ...changed,
    // The run remembers where its images lie: resuming and judging need not be told again, wherever they are started.
    data: { ...changed.data, source: absoluteSource(data ?? changed.data.source) },
    epochs: epochs ?? changed.epochs,
    seed: seed ?? changed.seed,
    batchNorm: batchNorm ?? changed.batchNorm,
  };
}

const batchNormOption = () =>
  new Option(
    '--batch-norm <which>',
    "in place of the recipe's: statistics over the images of all ranks (global), or of each rank's own (local)",
  ).choices(['global', 'local']);

function howToResume(recipe: string, folder: string, json: boolean | undefined, console: Console): string {
  const next = [nextStep('go on where it stopped', 'train', recipe, '--out', folder, '--resume')];
  const text = json ? JSON.stringify({ kind: 'interrupted', run: folder, next }) : `\n${formatNext(next, console)}`;
  return `${text}\n`;
}

function nextSteps(name: string, recipe: Recipe, { epochs, model, theta, set = [] }: TrainChoice, folder: string): NextStep[] {
  const { source } = recipe.data;
  const again = [
    ...(source === null || source === sampleName ? [] : ['--data', source]),
    ...(epochs === undefined ? [] : ['--epochs', String(epochs)]),
    ...(model === undefined ? [] : ['--model', model]),
    ...(theta === undefined ? [] : ['--theta', String(theta)]),
    ...set.flatMap((assignment) => ['--set', assignment]),
    ...['--seed', String(recipe.seed + 1)],
  ];
  const judging =
    recipe.loss.name === 'depth'
      ? [nextStep('a model that only answers, checked step by step', 'freeze', folder, '--out', `${recipe.name}.safetensors`)]
      : [
          nextStep('accuracy of each class, and what is mistaken for what', 'eval', folder),
          nextStep('what is on your own pictures', 'predict', folder, 'IMAGE'),
        ];
  return [...judging, nextStep('the same again with other luck', 'train', name, ...again)];
}
