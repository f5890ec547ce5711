import path from 'node:path';
import process from 'node:process';
import { type Command, Option } from 'commander';
import { writeFileAtomic } from '../formats/file.js';
import { trainingData } from '../pad/index.js';
import {
  candidatesChart,
  cellsDrawing,
  comparisonChart,
  comparisonCsv,
  comparisonPage,
  courseDrawing,
  formatComparison,
  formatSearch,
  paretoDrawing,
  SearchView,
  searchPage,
} from '../report/search/index.js';
import {
  type Comparison,
  holdsCampaign,
  loadSearchRecipe,
  type SearchEvent,
  type SearchRecipe,
  type SearchResult,
  type Strategy,
  search,
  searchAndCompare,
  searchRecipes,
  strategies,
  trainingRecipe,
} from '../search/index.js';
import { holdsRun } from '../train/index.js';
import type { Console } from './console.js';
import { type EngineChoice, EngineCommand, engineChoice } from './engine-command.js';
import { status } from './failure.js';
import { listenForInterruption } from './interruption.js';
import { formatNext, nextStep } from './next.js';
import { jsonOption, positiveNumber, wholeNumber } from './options.js';
import { absoluteSource, freshRunFolder, latestRunFolder } from './run-place.js';

interface SearchChoice extends EngineChoice {
  readonly data?: string;
  readonly out?: string;
  readonly strategy: Strategy;
  readonly budget?: number;
  readonly seed?: number;
  readonly compare?: boolean;
  readonly seeds?: number;
  readonly resume?: boolean;
  readonly json?: boolean;
}

const comparing = 'all strategies with several seeds, then what they found trained from scratch, side by side';

export function searchCommand(console: Console): Command {
  return new EngineCommand('search')
    .description('search a network for the data at hand, within a cost: cells, found by gradient, chance or evolution')
    .argument('<recipe>', `${Object.keys(searchRecipes).join(', ')}; or a .json file`)
    .option('--data <place>', 'folder, CSV manifest or prepared faces (default: where the recipe says)')
    .option('--out <folder>', 'folder of the search (default: runs/RECIPE, then runs/RECIPE-2, …)')
    .addOption(
      new Option('--strategy <name>', 'how to search').choices([...strategies]).default('differentiable' satisfies Strategy),
    )
    .option('--budget <hours>', "time to spend (of --compare: on each search), in place of the recipe's epochs", positiveNumber)
    .option('--seed <number>', "in place of the recipe's: decides halves, weights, orders, choices", wholeNumber(0))
    .option('--compare', comparing)
    .option('--seeds <number>', 'with --compare: how many seeds of each strategy', wholeNumber(1, 100), 2)
    .option('--resume', 'go on with the search in --out, or with the newest of the recipe')
    .engineOptions()
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ gossamer search search-cifar10-small --data data/cifar-10-batches-bin --budget 0.5\n' +
        '  $ gossamer train resnet20-cifar10 --model genotype:runs/search-cifar10-small/genotype.json --data data/cifar-10-batches-bin\n',
    )
    .action((name: string, choice: SearchChoice) => searchByRecipe(name, choice, console));
}

interface Plan {
  /** As the user wrote it. */
  readonly name: string;
  readonly recipe: SearchRecipe;
  readonly folder: string;
  readonly choice: SearchChoice;
}

async function searchByRecipe(name: string, choice: SearchChoice, console: Console): Promise<void> {
  const recipe = withChoices(loadSearchRecipe(name), choice);
  const latest = () => latestRunFolder(recipe.name, choice.compare ? holdsCampaign : holdsRun);
  const folder = choice.out ?? (choice.resume ? latest() : freshRunFolder(recipe.name));
  const interruption = listenForInterruption(console, choice.json);
  const view = choice.json ? null : new SearchView(console.output);
  try {
    const work = choice.compare ? campaign : single;
    await work({ name, recipe, folder, choice }, interruption.signal, view, console);
  } catch (error) {
    if (!interruption.signal.aborted || error !== interruption.signal.reason) throw error;
    process.exitCode = status.interrupted;
    view?.close();
    interruption.place.write(howToResume({ name, recipe, folder, choice }, console));
  } finally {
    view?.close();
    interruption.stop();
  }
}

function withChoices(recipe: SearchRecipe, { data, seed }: SearchChoice): SearchRecipe {
  const source = data ?? recipe.training.data.source;
  return {
    ...recipe,
    // The folder remembers where its images lie, wherever it is resumed.
    training: { ...recipe.training, data: { ...recipe.training.data, source: absoluteSource(source) } },
    seed: seed ?? recipe.seed,
  };
}

/** What both ways of searching take. */
function common({ recipe, folder, choice }: Plan, signal: AbortSignal, console: Console, view: SearchView | null) {
  const { epochs, validation } = recipe.training;
  const plain = trainingRecipe(recipe, { name: recipe.name, model: { name: 'genotype', options: {} }, epochs, validation });
  return {
    ...{ recipe, folder, signal, budget: choice.budget, engine: engineChoice(choice) },
    // Of the folder's own search when one goes on.
    resume: choice.resume,
    data: trainingData(plain),
    onEvent: (event: SearchEvent) => (view ? view.search(event) : console.output.write(`${JSON.stringify(event)}\n`)),
  };
}

async function single(plan: Plan, signal: AbortSignal, view: SearchView | null, console: Console): Promise<void> {
  const { choice, folder } = plan;
  const result = await search({ ...common(plan, signal, console, view), strategy: choice.strategy });
  const files = await writeReport(result, folder);
  view?.close();
  const genotype = path.join(folder, 'genotype.json');
  const next = [
    nextStep('train it from scratch', 'train', path.join(folder, 'recipe.json'), ...place(plan)),
    nextStep('its layers and cost', 'summary', `genotype:${genotype}`),
    nextStep('whether gradients, chance or evolution search best', 'search', plan.name, ...place(plan), '--compare'),
  ];
  if (choice.json) console.output.write(`${JSON.stringify({ kind: 'result', ...result, run: folder, files, next })}\n`);
  else {
    const style = { width: console.output.columns(), color: console.output.color };
    console.output.write(`\n${formatSearch(result, style)}\n\n${filesLine(folder, files)}\n\n${formatNext(next, console)}\n`);
  }
}

async function campaign(plan: Plan, signal: AbortSignal, view: SearchView | null, console: Console): Promise<void> {
  const { choice, folder, recipe } = plan;
  const seeds = Array.from({ length: choice.seeds ?? 2 }, (_, i) => recipe.seed + i);
  const { comparison, results } = await searchAndCompare({
    ...common(plan, signal, console, view),
    ...{ seeds, trainingSeeds: seeds },
    onPart: (part) => (view ? view.part(part) : console.output.write(`${JSON.stringify({ part })}\n`)),
    onTraining: (event) => view?.training(event),
  });
  for (const result of results) await writeReport(result, path.join(folder, `${result.strategy}-${result.seed}`));
  const files = await writeComparison(comparison, folder);
  view?.close();
  if (choice.json) console.output.write(`${JSON.stringify({ kind: 'comparison', ...comparison, run: folder, files })}\n`);
  else {
    const style = { width: console.output.columns(), color: console.output.color };
    console.output.write(`\n${formatComparison(comparison, style)}\n\n${filesLine(folder, files)}\n`);
  }
}

/** The pictures and the page of a search, beside its files. */
function writeReport(result: SearchResult, folder: string): Promise<string[]> {
  return writeAll(folder, {
    'cells.svg': cellsDrawing(result.genotype),
    'course.svg': courseDrawing(result),
    'pareto.svg': paretoDrawing(candidatesChart(result)),
    'report.html': searchPage(result),
  });
}

function writeComparison(comparison: Comparison, folder: string): Promise<string[]> {
  return writeAll(folder, {
    'comparison.csv': comparisonCsv(comparison),
    'pareto.svg': paretoDrawing(comparisonChart(comparison)),
    'report.html': comparisonPage(comparison),
  });
}

/** Writes what there is; returns the names. */
async function writeAll(folder: string, files: Readonly<Record<string, string | null>>): Promise<string[]> {
  const written: string[] = [];
  for (const [name, text] of Object.entries(files)) {
    if (text === null) continue;
    await writeFileAtomic(path.join(folder, name), new TextEncoder().encode(text));
    written.push(name);
  }
  return written;
}

function filesLine(folder: string, files: readonly string[]): string {
  return `In ${folder}: ${files.join(' ')}`;
}

function place({ recipe }: Plan): string[] {
  const { source } = recipe.training.data;
  return source === null ? [] : ['--data', source];
}

function howToResume(plan: Plan, console: Console): string {
  const { name, folder, choice } = plan;
  const options = [...(choice.compare ? ['--compare', '--seeds', String(choice.seeds ?? 2)] : []), ...place(plan)];
  const next = [nextStep('go on where it stopped', 'search', name, ...options, '--out', folder, '--resume')];
  if (choice.json) return `${JSON.stringify({ kind: 'interrupted', run: folder, next })}\n`;
  return `\n${formatNext(next, console)}\n`;
}
