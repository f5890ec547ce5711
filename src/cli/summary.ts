import { Command } from 'commander';
import { createShapeEngine } from '../engine/index.js';
import { summarize } from '../metrics/summary.js';
import { createModel, modelEntry } from '../models/index.js';
import { formatSummary } from '../report/summary.js';
import { chooseModel } from '../train/index.js';
import { answer, type Console } from './console.js';
import { formatNext, nextStep } from './next.js';
import { inputShape, jsonOption, share, wholeNumber } from './options.js';

interface SummaryChoice {
  readonly input?: [height: number, width: number, channels: number];
  readonly classes?: number;
  readonly progress: number;
  readonly all?: boolean;
  readonly json?: boolean;
}

export function summaryCommand(console: Console): Command {
  return new Command('summary')
    .description('print a line a layer: output shape, parameters, multiplications, memory; and totals')
    .argument('<model>', 'name of a network (gossamer models lists them), or genotype:FILE')
    .option('--input <shape>', "height x width x channels, such as 224x224x3 (default: the network's own)", inputShape)
    .option('--classes <number>', "classes to tell apart (default: the network's own)", wholeNumber(1))
    .option('--progress <share>', 'how far the training of a dynamic network is: channels go on the way', share, 1)
    .option('--all', 'list element-wise operators too')
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ gossamer summary bireal18 --input 224x224x3\n')
    .action((model: string, choice: SummaryChoice) => summarizeModel(model, choice, console));
}

function summarizeModel(asked: string, choice: SummaryChoice, console: Console): void {
  const { name, options } = chooseModel(asked);
  const entry = modelEntry(name);
  const input = choice.input ?? entry.input;
  const model = createModel(name, {
    engine: createShapeEngine(),
    inChannels: input[2],
    ...options,
    ...(choice.classes === undefined ? {} : { classes: choice.classes }),
  });
  const summary = summarize(model, input, { progress: choice.progress });
  answer(console, choice.json, summary, () => {
    const { columns, color } = console.output;
    const step =
      entry.twin === null
        ? nextStep('other networks', 'models')
        : nextStep('the network that it is compared with', 'summary', entry.twin, '--input', input.join('x'));
    return `${formatSummary(summary, { width: columns(), color, all: choice.all ?? false })}\n\n${formatNext([step], console)}`;
  });
}
