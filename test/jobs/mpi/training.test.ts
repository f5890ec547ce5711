import fs from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { readCheckpoint } from '../../../src/train/checkpoint.js';
import type { TrainEvent } from '../../../src/train/events.js';
import type { Recipe, RecipeInput } from '../../../src/train/recipe.js';
import { type TrainOptions, train } from '../../../src/train/train.js';
import { runPath, stripesRecipe } from '../../train/helpers.js';
import { writeIdx } from '../../train/parts.js';
import { mpirun, scriptPath, skipsMpi } from './mpirun.js';

/** Of 80 images, ten batches of eight an epoch: 50 steps. The network is a float one, since the last bit of a sum may turn a sign and then all that follows. */
const STEPS = 50;

function recipeOf(changes: Partial<RecipeInput> = {}): Recipe {
  return stripesRecipe({
    model: { name: 'ftbnn-tiny-float', options: { widths: [8, 16], blocks: [1, 1], strides: [1, 2] } },
    optimizer: { name: 'sgd', learningRate: 0.05, momentum: 0.9, weightDecay: 1e-4 },
    gradientClip: 1,
    averageWeights: 0.9,
    epochs: 5,
    batchSize: 8,
    ...changes,
  });
}

interface Fate {
  readonly rank: number;
  readonly step: number;
}

interface Choice {
  readonly resume?: boolean;
  readonly stop?: Fate;
  readonly kill?: Fate;
  readonly shake?: Fate;
}

interface RanksEnd {
  readonly kind: 'ranks';
  readonly reason: string;
  readonly different: number;
}

function trainOn(ranks: number, run: string, recipe: Recipe, choice: Choice = {}) {
  const words = [scriptPath('train.mjs'), run, data, JSON.stringify(recipe), JSON.stringify(choice)];
  const { status, stdout, stderr } = mpirun(ranks, words);
  const lines = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as TrainEvent | RanksEnd);
  return { status, stderr, losses: lossesOf(lines), end: lines.find((line) => line.kind === 'ranks'), lines };
}

async function trainAlone(run: string, recipe: Recipe, options: Partial<TrainOptions> = {}) {
  const events: TrainEvent[] = [];
  const onEvent = (event: TrainEvent) => {
    events.push(event);
    options.onEvent?.(event);
  };
  const { engine, reason } = await train({ run, data, recipe, threads: 1, workers: 0, ...options, onEvent });
  engine.dispose();
  return { reason, losses: lossesOf(events), events };
}

function lossesOf(lines: readonly (TrainEvent | RanksEnd)[]): number[] {
  return lines.flatMap((line) => (line.kind === 'step' ? [line.loss] : []));
}

/** docs/mpi.md states this bound. */
const LOSS_BOUND = 1e-5;

function expectSameCurve(losses: readonly number[], expected: readonly number[]): void {
  expect(losses).toHaveLength(expected.length);
  for (const [step, loss] of losses.entries()) {
    expect(Math.abs(loss - expected[step]!), `step ${step + 1}: ${loss} for ${expected[step]}`).toBeLessThan(LOSS_BOUND);
  }
}

let data: string;
/** Of one process that trained by itself, and of two ranks. */
let whole: number[];
let ofTwo: number[];

describe.skipIf(skipsMpi)('training on several ranks', () => {
  beforeAll(async () => {
    data = writeIdx(`${runPath()}-data`);
    whole = (await trainAlone(runPath(), recipeOf())).losses;
    expect(whole).toHaveLength(STEPS);
    expect(whole.at(-1)!).toBeLessThan(whole[0]! / 2);
  });

  it.each([2, 4])('has the losses and measures of one process, on %i', (ranks) => {
    const run = runPath();
    const { status, stderr, losses, end } = trainOn(ranks, run, recipeOf());
    expect([status, stderr]).toEqual([0, '']);
    expectSameCurve(losses, whole);
    expect(end).toMatchObject({ reason: 'finished', different: 0 });
    expect(fs.readdirSync(run).sort()).toEqual(['best.safetensors', 'config.json', 'last.safetensors', 'log.jsonl']);
    if (ranks === 2) ofTwo = losses;
  });

  it('stops all where one is told to, and goes on in one process', async () => {
    const run = runPath();
    const part = trainOn(2, run, recipeOf(), { stop: { rank: 1, step: 23 } });
    expect([part.status, part.end]).toEqual([0, { kind: 'ranks', reason: 'interrupted', different: 0 }]);
    expect(part.lines).toContainEqual(expect.objectContaining({ kind: 'checkpoint', step: 23, reason: 'interrupt' }));
    const rest = await trainAlone(run, recipeOf(), { resume: true });
    expectSameCurve([...part.losses, ...rest.losses], whole);
  });

  it('goes on with more ranks than it began with', async () => {
    const run = runPath();
    const controller = new AbortController();
    const part = await trainAlone(run, recipeOf(), {
      signal: controller.signal,
      onEvent: (event) => event.kind === 'step' && event.step === 12 && controller.abort(),
    });
    const rest = trainOn(3, run, recipeOf(), { resume: true });
    expect([rest.status, rest.stderr]).toEqual([0, '']);
    expectSameCurve([...part.losses, ...rest.losses], whole);
  });

  it('leaves a good checkpoint when a rank dies, and goes on from it to the bits of the run that nothing disturbed', async () => {
    const run = runPath();
    const recipe = recipeOf({ checkpoint: { everySeconds: null, everySteps: 4 } });
    const { status, stderr, losses } = trainOn(2, run, recipe, { kill: { rank: 1, step: 15 } });
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/exited on signal 9/);
    const { progress } = await readCheckpoint(`${run}/last.safetensors`);
    expect(progress.step).toBe(12);
    const rest = trainOn(2, run, recipe, { resume: true });
    expect([rest.status, rest.stderr]).toEqual([0, '']);
    expect([...losses.slice(0, 12), ...rest.losses]).toEqual(ofTwo);
  });

  it('refuses to save weights that are not those of all ranks', async () => {
    const run = runPath();
    const { status, stderr } = trainOn(3, run, recipeOf(), { shake: { rank: 1, step: 4 } });
    expect(status).not.toBe(0);
    expect(stderr).toContain('RANKS: Step 10: the weights of rank 1 are not those of rank 0');
    expect(stderr.match(/RANKS:/g)).toHaveLength(1);
    expect((await readCheckpoint(`${run}/last.safetensors`)).progress.step).toBe(0);
  });

  it('with local batch norm keeps all ranks alike, learns, and goes on in one process', async () => {
    const run = runPath();
    const recipe = recipeOf({ batchNorm: 'local' });
    const part = trainOn(2, run, recipe, { stop: { rank: 0, step: 30 } });
    expect([part.status, part.end]).toEqual([0, { kind: 'ranks', reason: 'interrupted', different: 0 }]);
    expect(Math.max(...part.losses.map((loss, step) => Math.abs(loss - whole[step]!)))).toBeGreaterThan(1000 * LOSS_BOUND);
    const { losses } = await trainAlone(run, recipe, { resume: true });
    expect(losses).toHaveLength(STEPS - 30);
    expect(losses.at(-1)!).toBeLessThan(whole[0]! / 2);
  });
});
