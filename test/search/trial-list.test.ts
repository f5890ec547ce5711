import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createReferenceEngine } from '../../src/engine/reference/index.js';
import { ConfigError, FormatError } from '../../src/errors.js';
import { randomCells } from '../../src/search/space.js';
import { readTrials, type Trial, trialListFile, writeTrials } from '../../src/search/trial-list.js';
import { Rng } from '../../src/tensor/rng.js';
import { searchContext, stripesSearch } from './helpers.js';

const engine = createReferenceEngine();
const recipe = stripesSearch();
const cost = { macs: 1, operations: 1, milliseconds: null };
const drawn = (seed: number) => ({ cells: randomCells(recipe.space, new Rng(seed)), cost, seconds: 0.5 });
const trials: Trial[] = [
  { ...drawn(1), result: { end: 'finished', scores: [0.5, 0.6], loss: 1, seconds: 2 } },
  { ...drawn(2), result: { end: 'stopped', scores: [0.3], loss: 2, seconds: 1 } },
  { ...drawn(3), result: { end: 'diverged', step: 4, layer: 'stem', seconds: 1 } },
  { ...drawn(4), result: null },
];

async function written() {
  const context = searchContext(engine, recipe);
  await writeTrials(context, 'random', trials);
  return context;
}

describe('candidates.json', () => {
  it('is read as it was written; without one there were no networks', async () => {
    expect(await readTrials(await written(), 'random')).toEqual(trials);
    expect(await readTrials(searchContext(engine, recipe), 'random')).toEqual([]);
  });

  type List = { version: number; trials: { cells: { nodes: { operation: string }[] }[]; result: object | null }[] };

  it.each<[string, (list: List) => void, string]>([
    ['another version', (list) => Object.assign(list, { version: 2 }), '"version"'],
    ['a missing cost', (list) => Object.assign(list.trials[1]!, { cost: undefined }), '"trials.1.cost"'],
    [
      'an operation of another space',
      (list) => (list.trials[0]!.cells[1]!.nodes[0]!.operation = 'binary'),
      '"trials.0" has cells',
    ],
    [
      'a smaller cell',
      (list) => Object.assign(list.trials[0]!.cells[0]!, { nodes: [{ from: 0, operation: 'conv' }], output: [1] }),
      '"trials.0" has cells',
    ],
    ['a hole', (list) => (list.trials[1]!.result = null), '"trials.1" has no result'],
    [
      'a longer trial',
      (list) => Object.assign(list.trials[0]!.result!, { scores: [1, 1, 1] }),
      '"trials.0" is finished after 3 epochs',
    ],
    [
      'a stop at the end',
      (list) => Object.assign(list.trials[1]!.result!, { scores: [1, 1] }),
      '"trials.1" is stopped after 2 epochs',
    ],
  ])('with %s is damaged, and stays as it is', async (_, damage, told) => {
    const context = await written();
    const file = trialListFile(context);
    const list = JSON.parse(fs.readFileSync(file, 'utf8')) as List;
    damage(list);
    const text = JSON.stringify(list);
    fs.writeFileSync(file, text);
    const error = await readTrials(context, 'random').catch((thrown) => thrown);
    expect(error).toBeInstanceOf(FormatError);
    expect(error).toMatchObject({ file, reason: 'bad-candidates', message: expect.stringContaining(told) });
    expect(fs.readFileSync(file, 'utf8')).toBe(text);
  });

  it('that is cut short is damaged', async () => {
    const context = await written();
    fs.truncateSync(trialListFile(context), 300);
    await expect(readTrials(context, 'random')).rejects.toMatchObject({ code: 'FORMAT', reason: 'bad-candidates' });
  });

  it('of another search is not gone on with', async () => {
    const context = await written();
    await expect(readTrials(context, 'evolution')).rejects.toBeInstanceOf(ConfigError);
    await expect(readTrials({ ...context, recipe: { ...recipe, seed: 9 } }, 'random')).rejects.toMatchObject({ key: 'seed' });
  });
});
