import { Command } from 'commander';
import { renderTable } from '../report/table.js';
import { paintFor, wrap } from '../report/terminal.js';
import { isPaperRecipe, type Recipe, recipes } from '../train/index.js';
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
    const groups: readonly (readonly [string, readonly Recipe[]])[] = [
      ['For one machine, in minutes to days:', entries.filter(({ name }) => !isPaperRecipe(name))],
      ["The papers' own, for those who have the machine:", entries.filter(({ name }) => isPaperRecipe(name))],
    ];
    const next = formatNext([nextStep('needs no download', 'train', 'ftbnn-tiny-fashion')], console);
    return [...groups.map(([heading, group]) => formatGroup(heading, group, console)), next].join('\n\n');
  });
}

function formatGroup(heading: string, group: readonly Recipe[], console: Console): string {
  const style = { width: console.output.columns(), color: console.output.color };
  const paint = paintFor(style.color);
  const table = renderTable(
    [
      { header: 'recipe', cell: ({ name }) => name, align: 'left' },
      { header: 'model', cell: ({ model }) => model.name, align: 'left' },
      { header: 'epochs', cell: ({ epochs }) => String(epochs) },
      { header: 'data', cell: ({ data }) => data.source ?? '--data FOLDER', align: 'left', rank: 1 },
    ],
    group,
    style,
  );
  const descriptions = group.map(({ name, description }) => `${paint.bold(name)}\n${wrap(description, style.width, '  ')}`);
  return `${heading}\n\n${table}\n\n${descriptions.join('\n')}`;
}
