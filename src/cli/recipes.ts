import { Command } from 'commander';
import { renderTable } from '../report/table.js';
import { paintFor, wrap } from '../report/terminal.js';
import { recipes } from '../train/index.js';
import { answer, type Console } from './console.js';
import { formatNext, nextStep } from './next.js';
import { jsonOption } from './options.js';

export function recipesCommand(console: Console): Command {
  return new Command('recipes')
    .description('list the recipes that `train` knows; with --json, all that is in them')
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ gossamer recipes\n')
    .action((choice: { readonly json?: boolean }) => list(choice.json, console));
}

function list(json: boolean | undefined, console: Console): void {
  const entries = Object.values(recipes);
  answer(console, json, entries, () => {
    const style = { width: console.output.columns(), color: console.output.color };
    const paint = paintFor(style.color);
    const table = renderTable(
      [
        { header: 'recipe', cell: ({ name }) => name, align: 'left' },
        { header: 'model', cell: ({ model }) => model.name, align: 'left' },
        { header: 'epochs', cell: ({ epochs }) => String(epochs) },
        { header: 'data', cell: ({ data }) => data.source ?? '--data FOLDER', align: 'left', rank: 1 },
      ],
      entries,
      style,
    );
    const descriptions = entries.map(({ name, description }) => `${paint.bold(name)}\n${wrap(description, style.width, '  ')}`);
    const next = formatNext([nextStep('needs no download', 'train', 'ftbnn-tiny-fashion')], console);
    return `${table}\n\n${descriptions.join('\n')}\n\n${next}`;
  });
}
