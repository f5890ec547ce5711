import fs from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../src/engine/index.js';
import { ConfigError } from '../../src/errors.js';
import { genotypeText } from '../../src/models/index.js';
import { costOf } from '../../src/search/cost/table.js';
import { randomSearch } from '../../src/search/random.js';
import { randomCells } from '../../src/search/space.js';
import { type Trial, writeTrials } from '../../src/search/trial-list.js';
import { trialSeconds } from '../../src/search/trial-seconds.js';
import { Rng } from '../../src/tensor/rng.js';
import { convolutionCosts, convolutions, listOf, searchContext, snapshot, stripesSearch, timeless } from './helpers.js';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.dispose());

const recipe = stripesSearch({ random: { candidates: 7 }, trial: { epochs: 3 }, seed: 6 });

const before = engine.memory().bytesInUse;

/** The search that nothing ends, and what a kill would have left: after an epoch, after a trial, and after the first that was given up. */
async function searchOnce() {
  const killed: string[] = [];
  let stopped: string | null = null;
  const context = searchContext(engine, recipe, {
    emit: (event) => {
      if (event.kind === 'trial' && event.number === 2 && event.epoch === 2) killed.push(snapshot(context.folder));
      if (event.kind === 'candidate' && event.number === 4) killed.push(snapshot(context.folder));
      if (event.kind === 'candidate' && event.candidate.stopped) stopped ??= snapshot(context.folder);
    },
  });
  const outcome = await randomSearch(context);
  return { ...context, outcome, killed, stopped: stopped! as string };
}

const search = await searchOnce();

describe('random search', () => {
  it('trains different networks, and takes the best that was not given up', () => {
    const { outcome, events, folder } = search;
    const { candidates, genotype, seconds } = outcome;
    expect(new Set(candidates.map((one) => genotypeText(one.genotype))).size).toBe(7);
    const finished = candidates.filter(({ stopped }) => !stopped);
    const best = Math.max(...finished.map(({ score }) => score));
    expect(best).toBeGreaterThan(0.6);
    expect(finished.find((one) => one.genotype === genotype)!.score).toBe(best);
    expect(new Set(candidates.map(({ score }) => score)).size).toBeGreaterThan(2);
    expect(events.filter(({ kind }) => kind === 'candidate')).toEqual(
      candidates.map((candidate, i) => ({ kind: 'candidate', number: i + 1, of: 7, candidate })),
    );
    const listed = listOf(folder).trials.flatMap(({ result, ...trial }) => [trial.seconds, result!.seconds]);
    expect(seconds).toBeCloseTo(
      listed.reduce((a, b) => a + b),
      9,
    );
  });

  it('gives up networks that are behind those before them at the same age', () => {
    const scores: number[][] = [];
    for (const event of search.events) {
      if (event.kind !== 'trial') continue;
      scores[event.number - 1] ??= [];
      scores[event.number - 1]!.push(event.score!);
    }
    const medianAt = (age: number, number: number) => {
      const earlier = scores
        .slice(0, number)
        .flatMap((those) => those[age - 1] ?? [])
        .sort((a, b) => a - b);
      const middle = (earlier.length - 1) / 2;
      return earlier.length < 4 ? 0 : (earlier[Math.floor(middle)]! + earlier[Math.ceil(middle)]!) / 2;
    };
    const ages = scores.map((those, i) => {
      const behind = [1, 2].find((age) => those[age - 1]! < medianAt(age, i));
      return behind ?? 3;
    });
    const { candidates } = search.outcome;
    expect(Math.min(...ages)).toBeLessThan(3);
    expect(scores.map((those) => those.length)).toEqual(ages);
    expect(candidates.map(({ score, epochs, stopped }) => [score, epochs, stopped])).toEqual(
      scores.map((those) => [those.at(-1), those.length, those.length < 3]),
    );
  });

  it('keeps logs and no weights, in its folder and in memory', () => {
    expect(engine.memory().bytesInUse).toBe(before);
    expect(fs.readdirSync(`${search.folder}/trials`)).toHaveLength(7);
    expect(fs.readdirSync(`${search.folder}/trials/0003`).sort()).toEqual(['config.json', 'log.jsonl']);
  });

  it('goes on after a kill to the bits of the search that was never killed, on any number of threads', async () => {
    const two = await createEngine({ threads: 2 });
    expect(search.killed).toHaveLength(2);
    for (const folder of search.killed) {
      const context = searchContext(two, recipe, { folder });
      const { candidates, genotype } = await randomSearch(context);
      expect(candidates).toEqual(search.outcome.candidates);
      expect(genotype).toEqual(search.outcome.genotype);
      expect(timeless(folder)).toEqual(timeless(search.folder));
      expect(context.events.length).toBeLessThan(search.events.length);
      expect(fs.readdirSync(`${folder}/trials/0004`).sort()).toEqual(['config.json', 'log.jsonl']);
    }
    two.dispose();
  });

  it('gives a network up again that was given up before that was noted, without training it', async () => {
    const folder = search.stopped;
    const list = listOf(folder);
    const number = list.trials.length;
    list.trials.at(-1)!.result = null;
    fs.writeFileSync(`${folder}/candidates.json`, JSON.stringify(list));
    const context = searchContext(engine, recipe, { folder });
    await randomSearch(context);
    expect(timeless(folder)).toEqual(timeless(search.folder));
    expect(context.events.filter((event) => event.kind === 'trial' && event.number === number)).toEqual([]);
  });

  it('saves when it is interrupted, throws the reason, and goes on', async () => {
    const { folder } = searchContext(engine, recipe);
    let interruptions = 0;
    for (let patience = 30; ; patience *= 2) {
      const controller = new AbortController();
      const reason = new Error('enough');
      const timer = setTimeout(() => controller.abort(reason), patience);
      try {
        await randomSearch(searchContext(engine, recipe, { folder, signal: controller.signal }));
        break;
      } catch (error) {
        expect(error).toBe(reason);
        interruptions++;
      } finally {
        clearTimeout(timer);
      }
    }
    expect(interruptions).toBeGreaterThan(1);
    expect(timeless(folder)).toEqual(timeless(search.folder));
  });

  it('depends on the seed', async () => {
    const other = searchContext(engine, {
      ...recipe,
      random: { ...recipe.random, candidates: 2 },
      seed: 4,
      trial: { epochs: 1 },
    });
    const { candidates } = await randomSearch(other);
    expect(candidates.map(({ genotype }) => genotype)).not.toEqual(
      search.outcome.candidates.slice(0, 2).map(({ genotype }) => genotype),
    );
  });
});

describe('the limit', () => {
  it('holds for every network', async () => {
    const context = searchContext(engine, stripesSearch({ random: { candidates: 3 }, cost: { limit: 2 } }));
    const { candidates } = await randomSearch(context);
    expect(candidates.map(({ cost }) => cost.macs <= 2)).toEqual([true, true, true]);
    expect(candidates.map(({ cost, genotype }) => cost.macs >= convolutions(genotype.cells))).toEqual([true, true, true]);
  });

  it('may leave fewer networks than were asked for, which is said', async () => {
    const context = searchContext(engine, small);
    const { candidates } = await randomSearch(context);
    expect(candidates.map(({ cost }) => cost.macs).sort()).toEqual([0, 1, 1, 1]);
    expect(context.events.filter(({ kind }) => kind === 'warning')).toEqual([
      expect.objectContaining({ code: 'few-networks', text: expect.stringContaining('ends with 4 in place of 20') }),
    ]);
  });

  it('that no network keeps is an error with the least that one costs', async () => {
    const costs = convolutionCosts(small.space, 9);
    const error = await randomSearch(searchContext(engine, small, { costs })).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ key: 'cost.limit', message: expect.stringContaining('costs 9 macs') });
  });

  it('of times needs times', async () => {
    const timed = stripesSearch({ cost: { unit: 'milliseconds', limit: 1 } });
    await expect(randomSearch(searchContext(engine, timed))).rejects.toMatchObject({ key: 'cost.unit' });
  });
});

/** Cells of one node that is a convolution or not: eight networks, four of which have at most one. */
const small = stripesSearch({
  space: {
    frame: { task: 'classification', stem: [4], widths: [4, 4, 4] },
    nodes: 1,
    operations: ['skip', 'conv'],
  },
  trial: { epochs: 1 },
  cost: { limit: 1 },
});

describe('networks that diverge', () => {
  const hot = stripesSearch({
    random: { candidates: 2 },
    training: { optimizer: { name: 'sgd', learningRate: 1e30 }, epochs: 1, batchSize: 10 },
  });

  it('are told and are no candidates; when there are no others, that is an error', async () => {
    const context = searchContext(engine, hot);
    await expect(randomSearch(context)).rejects.toMatchObject({ code: 'CONFIG', key: 'training.optimizer' });
    expect(context.events.map((event) => event.kind === 'warning' && event.code)).toEqual(['diverged', 'diverged']);
    expect(listOf(context.folder).trials.map(({ result }) => result!.end)).toEqual(['diverged', 'diverged']);
    expect(engine.memory().bytesInUse).toBe(before);
  });

  it('count as tried beside others', async () => {
    const context = searchContext(engine, stripesSearch({ random: { candidates: 2 }, trial: { epochs: 1 } }));
    const cells = randomCells(context.recipe.space, new Rng(1));
    const diverged = {
      cells,
      cost: costOf(context.costs, cells),
      seconds: 1,
      result: { end: 'diverged', step: 1, layer: 'stem', seconds: 2 },
    };
    await writeTrials(context, 'random', [diverged as Trial]);
    const { candidates, genotype, seconds } = await randomSearch(context);
    expect(candidates.map((one) => one.genotype)).toEqual([genotype]);
    expect(seconds).toBeGreaterThan(3);
  });
});

describe('trialSeconds', () => {
  it('grows with the epochs, and leaves nothing behind', async () => {
    const foresee = (epochs: number) => {
      const context = searchContext(engine, stripesSearch({ trial: { epochs } }));
      return { context, seconds: trialSeconds(context) };
    };
    const few = foresee(1);
    expect(await few.seconds).toBeGreaterThan(0);
    // Two orders of magnitude less than the epochs: the machine has other things to do, too.
    expect(await foresee(2000).seconds).toBeGreaterThan(20 * (await few.seconds));
    expect(engine.memory().bytesInUse).toBe(before);
    expect(fs.readdirSync(few.context.folder)).toEqual([]);
    expect(few.context.events).toEqual([]);
  });

  it('ends when it is aborted', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(trialSeconds(searchContext(engine, recipe, { signal }))).rejects.toThrow('enough');
  });
});
