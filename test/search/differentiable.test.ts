import fs from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../src/engine/index.js';
import { ConfigError, FormatError, OutOfMemoryError } from '../../src/errors.js';
import { decodeSafetensors } from '../../src/formats/safetensors.js';
import { genotypeText } from '../../src/models/index.js';
import type { SearchContext, SearchEvent } from '../../src/search/context.js';
import { differentiableEpochSeconds, searchDifferentiable } from '../../src/search/differentiable.js';
import { convolutionCosts, searchContext, snapshot, stripesSearch } from './helpers.js';

const engine = await createEngine({ threads: 1 });
const twoThreads = await createEngine({ threads: 2 });
afterAll(() => {
  engine.dispose();
  twoThreads.dispose();
});

const recipe = stripesSearch({ differentiable: { epochs: 4, warmup: 0.25, partial: 2, learningRate: 0.1 } });

/** All that the file of a search holds, but for the seconds. */
function stateOf(folder: string) {
  const file = path.join(folder, 'search.safetensors');
  const { tensors, metadata } = decodeSafetensors(fs.readFileSync(file), file);
  const { seconds, ...progress } = JSON.parse(metadata['progress']!);
  expect(seconds).toBeGreaterThan(0);
  return {
    progress,
    tensors: [...tensors].map(([name, { data }]) => [
      name,
      Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
    ]),
  };
}

describe('a differentiable search', () => {
  it('learns weights and shares, and comes to the same bits whether killed or not, at any number of threads', async () => {
    const killed: string[] = [];
    const context = searchContext(engine, recipe, {
      emit: (event: SearchEvent) => {
        // Between a step and its checkpoint, and behind the last of an epoch.
        if (event.kind === 'search-step' && [1, 9, 12].includes(event.step)) killed.push(snapshot(context.folder));
      },
    });
    const whole = await searchDifferentiable(context);
    const { course } = whole;
    expect(course.map(({ epoch, step }) => [epoch, step])).toEqual([
      [1, 6],
      [2, 12],
      [3, 18],
      [4, 24],
    ]);
    expect(course[3]!.trainLoss).toBeLessThan(0.7 * course[0]!.trainLoss);
    // While the weights learn alone, all shares are even.
    expect(course[0]).toMatchObject({
      validationLoss: null,
      attention: [
        [0.5, 0.5],
        [0.5, 0.5],
        [0.5, 0.5],
      ],
    });
    expect(course[3]!.validationLoss).toBeLessThan(course[1]!.validationLoss!);
    const shares = course[3]!.operations.flat(2);
    expect(Math.max(...shares)).toBeGreaterThan(0.4);
    expect(killed).toHaveLength(3);
    for (const [i, folder] of killed.entries()) {
      const again = await searchDifferentiable(searchContext(i % 2 === 0 ? twoThreads : engine, recipe, { folder }));
      expect({ ...again, seconds: 0 }).toEqual({ ...whole, seconds: 0 });
      expect(stateOf(folder)).toEqual(stateOf(context.folder));
    }
  });

  it('stops at once when asked to, and goes on from that very step', async () => {
    const controller = new AbortController();
    const context = searchContext(engine, recipe, {
      signal: controller.signal,
      emit: (event) => event.kind === 'search-step' && event.step === 8 && controller.abort('enough'),
    });
    await expect(searchDifferentiable(context)).rejects.toBe('enough');
    const { progress } = stateOf(context.folder);
    expect(progress).toMatchObject({ step: 8, epoch: 1, batch: 2 });
    const rest = searchContext(engine, recipe, { folder: context.folder });
    const { course, genotype } = await searchDifferentiable(rest);
    expect(rest.events.find(({ kind }) => kind === 'search-step')).toMatchObject({ step: 9 });
    const whole = await searchDifferentiable(searchContext(engine, recipe));
    expect(course).toEqual(whole.course);
    expect(genotypeText(genotype)).toBe(genotypeText(whole.genotype));
  });

  it('leaves the engine as it was', async () => {
    const before = engine.memory().bytesInUse;
    await searchDifferentiable(searchContext(engine, recipe));
    expect(await differentiableEpochSeconds(searchContext(engine, recipe))).toBeGreaterThan(0);
    expect(engine.memory().bytesInUse).toBe(before);
  });

  it('keeps within the memory that it was given, or says so', async () => {
    const small = await createEngine({ threads: 1, memoryLimit: 2 ** 20 });
    const wide = stripesSearch({
      ...recipe,
      space: { ...recipe.space, frame: { ...recipe.space.frame, widths: [64, 64, 64] } },
    });
    await expect(searchDifferentiable(searchContext(small, wide))).rejects.toThrow(OutOfMemoryError);
    small.dispose();
  });
});

describe('the cost of a differentiable search', () => {
  const costly = (cost: object) =>
    stripesSearch({ ...recipe, cost, differentiable: { ...recipe.differentiable, epochs: 3, warmup: 0, learningRate: 0.3 } });
  const expected = async (context: SearchContext) => (await searchDifferentiable(context)).course.at(-1)!.expectedCost;

  it('presses on the shares in proportion to its weight, above the limit only', async () => {
    const of = (cost: object) => {
      const weighed = costly(cost);
      return expected(searchContext(engine, weighed, { costs: convolutionCosts(weighed.space, 1) }));
    };
    const free = await of({ weight: 0 });
    const pressed = await of({ weight: 10 });
    expect(pressed).toBeLessThan(0.8 * free);
    expect(await of({ weight: 10, limit: 100 })).toBe(free);
    expect(await of({ weight: 10, limit: 1.2 })).toBeLessThan(0.8 * free);
  });

  it('is within the limit in the network that is chosen', async () => {
    const limited = costly({ limit: 2, weight: 0 });
    const context = searchContext(engine, limited, { costs: convolutionCosts(limited.space, 1) });
    const { genotype } = await searchDifferentiable(context);
    const convolutions = genotype.cells.flatMap(({ nodes }) => nodes).filter(({ operation }) => operation !== 'skip');
    expect(convolutions.length).toBeLessThanOrEqual(1);
  });

  it('is refused before anything is trained when nothing is within the limit', async () => {
    const limited = costly({ limit: 2 });
    const context = searchContext(engine, limited, { costs: convolutionCosts(limited.space, 3) });
    await expect(searchDifferentiable(context)).rejects.toThrow(/^cost\.limit: is 2 macs, but the frame alone costs 3/);
    await expect(searchDifferentiable(context)).rejects.toThrow(ConfigError);
    expect(context.events).toEqual([]);
  });
});

describe('the file of a search', () => {
  it('is refused when it is damaged, or of another search', async () => {
    const context = searchContext(engine, { ...recipe, differentiable: { ...recipe.differentiable, epochs: 1 } });
    await searchDifferentiable(context);
    const file = path.join(context.folder, 'search.safetensors');
    const bytes = fs.readFileSync(file);
    fs.writeFileSync(file, bytes.subarray(0, bytes.length - 8));
    await expect(searchDifferentiable(context)).rejects.toThrow(FormatError);
    fs.writeFileSync(file, bytes);
    const other = stripesSearch({ ...recipe, space: { ...recipe.space, nodes: 1 } });
    const error = await searchDifferentiable(searchContext(engine, other, { folder: context.folder })).catch((thrown) => thrown);
    expect(error).toMatchObject({
      code: 'FORMAT',
      reason: 'bad-search-state',
      message: expect.stringContaining('another supernet'),
    });
  });
});
