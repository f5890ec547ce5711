import { Command } from 'commander';
import { models } from '../models/index.js';
import { formatCount } from '../report/format.js';
import { renderTable } from '../report/table.js';
import { wrap } from '../report/terminal.js';
import { pretrainedModels, recipes } from '../train/index.js';
import { answer, type Console } from './console.js';
import { formatNext, nextStep } from './next.js';
import { jsonOption } from './options.js';

export function modelsCommand(console: Console): Command {
  return new Command('models')
    .description('list the networks and their twins')
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ gossamer models\n')
    .action((choice: { readonly json?: boolean }) => list(choice.json, console));
}

function list(json: boolean | undefined, console: Console): void {
  const entries = Object.entries(models).map(([name, entry]) => {
    const { description, paper, task, input, classes, parameters, twin } = entry;
    const pretrained = pretrainedModels.filter((trained) => recipes[trained].model.name === name);
    return { name, description, paper, task, input, classes, parameters, twin, pretrained };
  });
  answer(console, json, entries, () => {
    const table = renderTable(
      [
        { header: 'model', cell: ({ name }) => name, align: 'left' },
        { header: 'input', cell: ({ input }) => input.join('x') },
        { header: 'parameters', cell: ({ parameters }) => formatCount(parameters) },
        { header: 'twin', cell: ({ twin }) => twin ?? '', align: 'left', rank: 2 },
        { header: 'paper', cell: ({ paper }) => paper, align: 'left', rank: 1 },
      ],
      entries,
      { width: console.output.columns(), color: console.output.color },
    );
    const trained = `Trained weights ship under the names ${pretrainedModels.join(' and ')}, for eval and predict.`;
    const next = [
      nextStep('layers and cost of one of them', 'summary', 'ftbnn-tiny'),
      nextStep('name what is on a picture', 'predict', pretrainedModels[0], 'IMAGE'),
    ];
    return [table, '', wrap(trained, console.output.columns()), '', formatNext(next, console)].join('\n');
  });
}
