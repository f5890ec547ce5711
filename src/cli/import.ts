import type { Command } from 'commander';
import { readValue, splitAssignment } from '../config/assignment.js';
import { createEngine } from '../engine/index.js';
import { ConfigError, WeightsError } from '../errors.js';
import { readFileChecked } from '../formats/file.js';
import { decodeRenames } from '../formats/import/renames.js';
import { formatBytes, formatCount, formatShare } from '../report/format.js';
import { formatLeftOver, formatWeightsProblems } from '../report/import.js';
import { printable, type TerminalStyle, wrap } from '../report/terminal.js';
import {
  type ImportedWeights,
  importWeights,
  loadRecipe,
  normalization,
  type Recipe,
  type Verification,
} from '../train/index.js';
import { answer, type Console } from './console.js';
import { type EngineChoice, EngineCommand, engineChoice } from './engine-command.js';
import { formatNext, nextStep } from './next.js';
import { inputShape, jsonOption, repeated, replaceOption, wholeNumber } from './options.js';

interface ImportChoice extends EngineChoice {
  readonly model: string;
  readonly out: string;
  readonly option?: readonly string[];
  readonly classes?: number;
  readonly classNames?: string;
  readonly input?: [height: number, width: number, channels: number];
  readonly recipe?: string;
  readonly map?: string;
  readonly verify?: string;
  readonly replace?: boolean;
  readonly json?: boolean;
}

export function importCommand(console: Console): Command {
  return new EngineCommand('import')
    .description('bring weights from elsewhere into a file that eval, predict and export read')
    .argument('<file>', 'a PyTorch checkpoint (.pth, .pt, .tar) or a safetensors file')
    .requiredOption('--model <name>', 'name of the network (gossamer models lists them)')
    .requiredOption('--out <file>', 'the file to write, .safetensors')
    .option('--option <key=value>', 'an option of the network, such as widths=[16,32,64]; as often as needed', repeated)
    .option('--classes <number>', "classes to tell apart (default: the network's own)", wholeNumber(2))
    .option('--class-names <file>', 'names of the classes, a line each, in the order of the labels (default: numbers)')
    .option(
      '--input <shape>',
      "height x width x channels of the images (default: the recipe's, or the network's own)",
      inputShape,
    )
    .option('--recipe <recipe>', 'how images are made ready, as train takes it (default: values from 0 to 1)')
    .option('--map <file>', 'rules that rename tensors: a JSON list of { "from", "to" }')
    .option('--verify <file>', 'safetensors with images x and answers y in PyTorch’s layout, which the network must give')
    .addOption(replaceOption())
    .engineOptions()
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExample:\n  $ gossamer import resnet18.pth --model resnet18 --recipe bireal18-imagenet --out resnet18.safetensors\n',
    )
    .action((file: string, choice: ImportChoice) => bringIn(file, choice, console));
}

async function bringIn(file: string, choice: ImportChoice, console: Console): Promise<void> {
  const { model, out, input, replace, json } = choice;
  const style = { width: console.output.columns(), color: console.output.color };
  const recipe = choice.recipe === undefined ? undefined : loadRecipe(choice.recipe);
  const options = {
    model,
    options: readOptions(choice.option ?? []),
    classes: await readClasses(choice),
    input,
    recipe,
    replace,
    map: choice.map === undefined ? undefined : decodeRenames(await readFileChecked(choice.map), choice.map),
  };
  const engine = choice.verify === undefined ? null : await createEngine(engineChoice(choice));
  try {
    const verify = engine && choice.verify !== undefined ? { file: choice.verify, engine } : undefined;
    const imported = await importWeights(file, out, { ...options, verify });
    answer(console, json, imported, () => text(file, imported, recipe, style, console));
  } catch (error) {
    if (error instanceof WeightsError && !json) {
      console.output.write(`${formatWeightsProblems(error.problems, style)}\n`);
    }
    throw error;
  } finally {
    engine?.dispose();
  }
}

function readOptions(assignments: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    assignments.map((assignment) => {
      const [key, value] = splitAssignment(assignment, 'widths=[16,32,64]');
      return [key, readValue(key, value)];
    }),
  );
}

/** @throws ConfigError when the file has no names, or not as many as there are to be classes */
async function readClasses({ classes, classNames }: ImportChoice): Promise<number | string[] | undefined> {
  if (classNames === undefined) return classes;
  const lines = new TextDecoder().decode(await readFileChecked(classNames)).split(/\r?\n/);
  const names = lines.map((line) => line.trim()).filter((line) => line !== '');
  if (names.length === 0 || (classes !== undefined && classes !== names.length)) {
    throw new ConfigError('class-names', `${classNames} has ${names.length} names, needs ${classes ?? 'one a line'}.`);
  }
  return names;
}

function text(
  file: string,
  imported: ImportedWeights,
  recipe: Recipe | undefined,
  style: TerminalStyle,
  console: Console,
): string {
  const { path, bytes, model, naming, mapped, leftOver, beside, classes } = imported;
  const numbers = mapped.reduce((sum, { shape }) => sum + shape.reduce((product, length) => product * length, 1), 0);
  const tensors = mapped.reduce((sum, { from }) => sum + from.length, 0);
  const lines = (sentences: readonly string[]) => sentences.map((sentence) => wrap(printable(sentence), style.width));
  const next = [
    ...(classes.length > 0 ? [nextStep('judge it on labelled images', 'eval', path, '--data', 'FOLDER')] : []),
    nextStep('half the size, to ship', 'export', path, '--out', 'SMALL.safetensors'),
  ];
  return [
    ...lines([
      `${path}: ${model.name}, ${formatBytes(bytes)}, from ${file}.`,
      `${formatCount(tensors)} tensors mapped, ${formatCount(numbers)} numbers; the names are ${naming}. None missing.`,
    ]),
    ...(leftOver.length > 0 ? ['', formatLeftOver(leftOver, style)] : []),
    '',
    ...lines([
      ...(beside.length > 0 ? [`The file holds, beside the weights: ${beside.join(', ')}. Not taken.`] : []),
      ...notes(imported, recipe),
    ]),
    '',
    formatNext(next, console),
  ].join('\n');
}

/** What the user may not expect. */
function notes({ implied, rules, input, classes, verification }: ImportedWeights, recipe: Recipe | undefined): string[] {
  const prepared = recipe
    ? `made ready as ${recipe.name} has it${normalization(recipe) ? '' : ', values from 0 to 1'}`
    : 'values from 0 to 1. If it was trained on normalised ones, name a recipe that normalises (--recipe)';
  const isNumbered = classes.length > 0 && classes.every((name, label) => name === String(label));
  return [
    ...Object.entries(implied).map(
      ([key, value]) => `Option ${key}=${value}, as its authors trained it (--option to change it).`,
    ),
    ...rules.flatMap(({ from, uses }, i) => (uses > 0 ? [] : [`Rule ${i} of the map (${from}) fits no tensor.`])),
    `Images are ${input.join('x')}, ${prepared}.`,
    ...(isNumbered ? [`Its ${classes.length} classes are called by numbers (--class-names to name them).`] : []),
    ...(verification
      ? [
          `Verified: ${formatCount(verification.compared)} answers are those of ${verification.file}; the largest difference is ` +
            `${verification.largestDifference.toPrecision(3)}, ${largestShare(verification)} of what is allowed.`,
        ]
      : []),
  ];
}

function largestShare({ largestShare: share }: Verification): string {
  return share < 0.001 ? 'less than 0.1 %' : formatShare(share);
}
