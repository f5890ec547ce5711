import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../src/engine/index.js';
import { ConfigError, RanksError } from '../../src/errors.js';
import type { Ranks } from '../../src/train/ranks.js';
import { type TrainOptions, train } from '../../src/train/train.js';
import { runPath, stripes, stripesRecipe } from './helpers.js';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.dispose());

/** The last of so many, whose others do and have what it does itself. */
function lastOf(size: number, changes: Partial<Ranks> = {}): Ranks {
  return {
    rank: size - 1,
    size,
    sum: (values) => values.set(values.map((value) => value * size)),
    broadcast() {},
    ...changes,
  };
}

function refused(options: Partial<TrainOptions>): Promise<unknown> {
  const recipe = stripesRecipe({ validation: { count: 4 }, batchSize: 6 });
  return train({ engine, data: { train: stripes(40) }, recipe, workers: 0, ...options }).then(
    () => null,
    (error: unknown) => error,
  );
}

describe('train with ranks', () => {
  it('refuses what cannot be divided', async () => {
    const images = await refused({ ranks: lastOf(7) });
    expect(images).toBeInstanceOf(ConfigError);
    expect(images).toMatchObject({ message: 'batchSize: got 6, needs at least an image for each of 7 ranks.' });
    const heldOut = await refused({ ranks: lastOf(5) });
    expect(heldOut).toMatchObject({ key: 'validation', message: expect.stringContaining('holds 4 images out') });
  });

  it('leaves the folder of the run to rank 0', async () => {
    expect(await refused({ ranks: lastOf(2), run: runPath() })).toMatchObject({ key: 'run' });
    expect(await refused({ ranks: lastOf(2), resume: true })).toMatchObject({ key: 'run' });
  });

  it('names the ranks that have other images', async () => {
    const broadcast: Ranks['broadcast'] = (values) => void values.fill(7);
    const error = await refused({ ranks: lastOf(3, { broadcast, sum() {} }) });
    expect(error).toBeInstanceOf(RanksError);
    expect(error).toMatchObject({
      code: 'RANKS',
      ranks: [2],
      message: expect.stringContaining('the images of rank 2 are not those of rank 0'),
    });
  });
});
