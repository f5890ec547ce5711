import path from 'node:path';
import { Command } from 'commander';
import { ConfigError } from '../errors.js';
import { readFileChecked, writeFileAtomic } from '../formats/file.js';
import { decodePackedModel } from '../formats/packed/model.js';
import { bulkRuns, collect, joinScores, picturesBelow, picturesListed, type Run } from '../jobs/index.js';
import { printable, wrap } from '../report/terminal.js';
import type { Console } from './console.js';
import { formatNext, nextStep } from './next.js';
import { jsonOption, memoryPerImageOption, wholeNumber } from './options.js';
import { addPlaceOptions, type Kept, openKept, type PlaceChoice, performTasks, placeWords } from './perform-tasks.js';

interface ScoreAllChoice extends PlaceChoice {
  readonly folder?: string;
  readonly list?: string;
  readonly chunk: number;
  /** Bytes. */
  readonly memoryPerImage?: number;
}

export function scoreAllCommand(console: Console): Command {
  const command = new Command('score-all')
    .description('answers of a packed model for all pictures of a folder or a list, in one CSV; here or on many machines')
    .argument('<model>', 'the packed model, .safetensors')
    .option('--folder <folder>', 'all pictures below it')
    .option('--list <file>', 'the pictures that it names, one a line, seen from it')
    .option('--chunk <number>', 'pictures of a task', wholeNumber(1), 256)
    .addOption(memoryPerImageOption());
  return addPlaceOptions(command, 'runs/scores-NAME')
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ gossamer score-all ftbnn-tiny.safetensors --folder pictures --out runs/scores\n')
    .action((model: string, choice: ScoreAllChoice) => scoreAll(model, choice, console));
}

async function scoreAll(file: string, choice: ScoreAllChoice, console: Console): Promise<void> {
  const { digest } = await decodePackedModel(await readFileChecked(file), file);
  const [folder, files] = picturesOf(choice);
  const runs = await bulkRuns({
    model: { file, digest },
    folder,
    files,
    chunk: choice.chunk,
    memoryPerImage: choice.memoryPerImage,
  });
  const kept = await openKept(choice, path.join('runs', `scores-${path.basename(file, path.extname(file))}`));
  const names = new Map(runs.map(({ id, name }) => [id, name]));
  await performTasks(runs, kept, choice, console, ({ id, state, failure }, result) => {
    const counts = result ? `, pictures: ${result.measures['pictures']}, unreadable: ${result.measures['unreadable']}` : '';
    return wrap(
      printable(`${names.get(id)}: ${state}${counts}${failure ? `: ${failure.message}` : ''}`),
      console.output.columns(),
    );
  });
  await report(file, runs, kept, choice, console);
}

function picturesOf({ folder, list }: ScoreAllChoice): [folder: string, files: readonly string[]] {
  if ((folder === undefined) === (list === undefined)) {
    throw new ConfigError('folder', 'say which pictures: those below a --folder, or those that a --list names.');
  }
  return folder !== undefined ? [folder, picturesBelow(folder)] : [path.dirname(list!), picturesListed(list!)];
}

async function report(
  file: string,
  runs: readonly Run[],
  { folder, store }: Kept,
  choice: ScoreAllChoice,
  console: Console,
): Promise<void> {
  const collected = await collect(runs, store);
  const csv = path.join(folder, 'scores.csv');
  await writeFileAtomic(csv, new TextEncoder().encode(await joinScores(runs, store)));
  const sum = (measure: string) => collected.reduce((total, { result }) => total + (result?.measures[measure] ?? 0), 0);
  const [scored, unreadable] = [sum('pictures') - sum('unreadable'), sum('unreadable')];
  const missing = collected.filter(({ result }) => !result).length;
  const pictures = choice.folder !== undefined ? ['--folder', choice.folder] : ['--list', choice.list!];
  const memory = choice.memoryPerImage === undefined ? [] : ['--memory-per-image', String(choice.memoryPerImage / 2 ** 20)];
  const words = [...pictures, '--chunk', String(choice.chunk), ...memory, ...placeWords(choice)];
  const next = missing === 0 ? [] : [nextStep('do what is missing', 'score-all', file, ...words)];
  if (choice.json) {
    console.output.write(
      `${JSON.stringify({ kind: 'end', tasks: runs.length, missing, scored, unreadable, scores: csv, next })}\n`,
    );
    return;
  }
  const parts = [
    `${scored} pictures scored`,
    ...(unreadable ? [`${unreadable} unreadable`] : []),
    ...(missing ? [`${missing} of ${runs.length} tasks missing`] : []),
  ];
  console.output.write(
    `\n${wrap(`${parts.join(', ')}. Scores: ${csv}`, console.output.columns())}\n${next.length > 0 ? `\n${formatNext(next, console)}\n` : ''}`,
  );
}
