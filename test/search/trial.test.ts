import fs from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../src/engine/index.js';
import { genotypeOf, randomCells } from '../../src/search/space.js';
import { removeCheckpoints, trainTrial } from '../../src/search/trial.js';
import { Rng } from '../../src/tensor/rng.js';
import { readCheckpoint } from '../../src/train/checkpoint.js';
import { readLog } from '../../src/train/log.js';
import { drawnFaces, drawnFacesRecipe, side } from '../train/drawn-faces.js';
import { searchContext, stripesSearch } from './helpers.js';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.dispose());

describe('a trial', () => {
  it('of a depth network is scored by the equal error rate of its last epoch, on the subjects of the other half', async () => {
    const { transforms, sampling, optimizer, batchSize, loss } = drawnFacesRecipe();
    const recipe = stripesSearch({
      training: { transforms, sampling, optimizer, batchSize, loss, epochs: 9 },
      space: {
        frame: { task: 'depth-map', stem: [4], widths: [4, 4, 4], head: [4], attention: [3, 3, 3] },
        nodes: 1,
        operations: ['conv', 'cdc'],
      },
      trial: { epochs: 3 },
    });
    const context = searchContext(engine, recipe, { data: { train: drawnFaces(32) }, input: [side, side, 3] });
    const genotype = genotypeOf(recipe.space, randomCells(recipe.space, new Rng(1)));
    const result = await trainTrial(context, { number: 1, of: 1, genotype, isHopeless: () => false });

    const run = `${context.folder}/trials/0001`;
    const epochs = readLog(`${run}/log.jsonl`).filter((line) => line.kind === 'epoch');
    const scores = epochs.map(({ detection }) => 1 - detection!.eer!);
    expect(result).toMatchObject({ end: 'finished', scores, loss: epochs[2]!.validationLoss });
    expect(new Set(scores).size).toBeGreaterThan(1);
    expect(context.events.map((event) => event.kind === 'trial' && event.score)).toEqual(scores);
    const { images, recipe: trained, model } = await readCheckpoint(`${run}/last.safetensors`);
    expect(images).toEqual({ train: 32, validation: 32 });
    expect(trained).toMatchObject({ epochs: 3, seed: 3, validation: { fraction: 0.5 } });
    expect(model!.name).toBe('genotype-depth');

    removeCheckpoints(context, 1);
    expect(fs.readdirSync(run).sort()).toEqual(['config.json', 'depth-maps.png', 'log.jsonl']);
  });
});
