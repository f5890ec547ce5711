import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseRecipe, type Recipe, type RecipeInput, recipes } from '../../dist/node.js';
import type { Bench } from '../bench.js';
import { generateCifar10 } from '../generated.js';
import { alternate, type Measured, type RoundTime, type Subject } from '../measure.js';
import { figure, ratios, result, timeRatio } from '../result.js';

/** Steps of a round of which the first few, while caches and workers start, are not timed. */
interface Work {
  readonly name: string;
  readonly recipe: RecipeInput;
  readonly steps: number;
  readonly startingSteps: number;
  readonly rounds: number;
}

const cifar = recipes['resnet20-cifar10'];
const works: readonly Work[] = [
  { name: 'resnet20', recipe: { ...cifar, batchSize: 64 }, steps: 24, startingSteps: 4, rounds: 5 },
  {
    name: 'resnet18 at 224',
    recipe: {
      ...cifar,
      model: { name: 'resnet18' },
      batchSize: 16,
      transforms: {
        train: [{ name: 'resize', size: 224 }, ...cifar.transforms.train.filter(({ name }) => name === 'normalize')],
      },
    },
    steps: 6,
    startingSteps: 2,
    rounds: 3,
  },
];

/** What a round found, beside its time. */
interface RankRound extends RoundTime {
  readonly sumSeconds: number;
  readonly gradientBytes: number;
  readonly otherBytes: number;
  readonly otherSums: number;
  readonly gradientSumSeconds: number;
}

const script = fileURLToPath(new URL('../ranks.mjs', import.meta.url));

/** Training on two ranks of one thread, beside one process of one thread and of two. The rows are what docs/mpi.md estimates larger numbers of ranks from. */
export async function benchRanks(bench: Bench): Promise<void> {
  for (const work of works) {
    const recipe = parseRecipe({
      ...work.recipe,
      data: { trainImages: work.steps * work.recipe.batchSize },
      epochs: 1,
      validation: { count: 0 },
    });
    const data = await generateCifar10(work.steps * recipe.batchSize);
    try {
      await benchWork(bench, work, recipe, data);
    } finally {
      await rm(data, { recursive: true });
    }
  }
}

async function benchWork(bench: Bench, { name, steps, startingSteps, rounds }: Work, recipe: Recipe, data: string) {
  const { batchSize } = recipe;
  const of = (ranks: number, threads: number, batchNorm: Recipe['batchNorm'] = 'global') =>
    onRanks(ranks, { data, recipe: { ...recipe, batchNorm }, threads, steps, startingSteps });
  const effort = { rounds: Math.min(rounds, bench.stepEffort.rounds), seconds: 0 };
  const subjects = { one: of(1, 1), threads: of(1, 2), ranks: of(2, 1), local: of(2, 1, 'local') };
  const { one, threads, ranks, local } = await alternate(subjects, effort);
  const speed = ({ seconds }: RoundTime) => batchSize / seconds;
  const step = `${name} in train(), batch ${batchSize}`;
  bench.report(figure({ name: step, unit: 'images/s', threads: 1 }, one, speed));
  bench.report(figure({ name: step, unit: 'images/s', threads: 2 }, threads, speed));
  for (const [label, measured] of [['', ranks] as const, [', local batch norm', local] as const]) {
    const row = `${step} on two ranks${label}`;
    bench.report(figure({ name: row, unit: 'images/s', threads: 1 }, measured, speed));
    bench.report(timeRatio({ name: `${row}: speed over one process of two threads`, threads: 1 }, threads, measured));
    bench.report(timeRatio({ name: `${row}: speed over one process of one thread`, threads: 1 }, one, measured));
    const found = roundsOf(measured);
    const report = (what: string, unit: string, value: (round: RankRound) => number) =>
      bench.report(result({ name: `${row}: ${what}`, unit, threads: 1, better: 'lower' }, found.map(value)));
    report('seconds of a step', 's', ({ seconds }) => seconds);
    report('of these in sums', 's', ({ sumSeconds }) => sumSeconds);
    report('gradients', 'bytes', ({ gradientBytes }) => gradientBytes);
    report('a sum of the gradients alone', 's', ({ gradientSumSeconds }) => gradientSumSeconds);
    report('all other sums', 'bytes', ({ otherBytes }) => otherBytes);
    report('number of these', 'sums', ({ otherSums }) => otherSums);
  }
  const scaling = ratios(one, threads);
  bench.report(result({ name: `${step}: two threads over one`, unit: 'x', threads: 2 }, scaling));
}

function roundsOf({ rounds }: Measured): readonly RankRound[] {
  return rounds as readonly RankRound[];
}

/** Each round is an mpirun of its own: as root too, and each rank on whatever processor is free. */
function onRanks(count: number, work: object): Subject {
  const options = ['--allow-run-as-root', '--bind-to', 'none', '-n', String(count)];
  return {
    async round() {
      try {
        const { stdout } = await promisify(execFile)('mpirun', [...options, process.execPath, script, JSON.stringify(work)]);
        return JSON.parse(stdout) as RankRound;
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        return { absent: code === 'ENOENT' ? 'no mpirun (Debian: apt-get install openmpi-bin)' : message };
      }
    },
  };
}
