import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/parse.js';
import { ConfigError, DataError } from '../../src/errors.js';
import { digestOfPlace } from '../../src/jobs/data-digest.js';
import { parseRedisAddress } from '../../src/jobs/redis-address.js';
import { parseShard, partOfShard, shardOfEnvironment } from '../../src/jobs/shard.js';
import { readSweep, runsOf, sweepSchema } from '../../src/jobs/sweep.js';
import { type Task, taskId } from '../../src/jobs/task.js';
import { scratchFolder } from '../cli/gossamer.js';
import { sweepFile } from './helpers.js';

const task: Task = { what: 'train', config: { recipe: { a: 1, b: [1, 2] } }, seed: 0, data: '0'.repeat(64), fold: null };

describe('the id of a task', () => {
  it('is the same however its keys are ordered', () => {
    const other: Task = { fold: null, data: task.data, seed: 0, config: { recipe: { b: [1, 2], a: 1 } }, what: 'train' };
    expect(taskId(other, '1.0.0')).toBe(taskId(task, '1.0.0'));
  });

  it('differs with everything that the task is, and with the release', () => {
    const others: Task[] = [
      { ...task, config: { recipe: { a: 1, b: [2, 1] } } },
      { ...task, seed: 1 },
      { ...task, data: '1'.repeat(64) },
      { ...task, fold: '1' },
    ];
    const ids = [...[task, ...others].map((one) => taskId(one, '1.0.0')), taskId(task, '1.0.1')];
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{24}$/);
  });
});

describe('the digest of data', () => {
  it('changes with names and bytes, not with the place or hidden files', async () => {
    const [a, b] = [scratchFolder(), scratchFolder()];
    for (const folder of [a, b]) {
      fs.mkdirSync(path.join(folder, 'inner'));
      fs.writeFileSync(path.join(folder, 'inner', 'x'), 'one');
    }
    fs.writeFileSync(path.join(b, '.hidden'), 'nothing');
    const digest = await digestOfPlace(a);
    expect(await digestOfPlace(b)).toBe(digest);
    fs.writeFileSync(path.join(b, 'inner', 'x'), 'two');
    expect(await digestOfPlace(b)).not.toBe(digest);
    fs.writeFileSync(path.join(b, 'inner', 'x'), 'one');
    fs.renameSync(path.join(b, 'inner', 'x'), path.join(b, 'inner', 'y'));
    expect(await digestOfPlace(b)).not.toBe(digest);
    await expect(digestOfPlace(path.join(a, 'none'))).rejects.toThrow(DataError);
  });
});

describe('the runs of a sweep', () => {
  const runs = (sweep: object) => runsOf(parseConfig(sweepSchema, { recipe: 'ftbnn-tiny-fashion', ...sweep }), '.');

  it('are every seed with every setting with every fold, seeds last to change', async () => {
    const all = await runs({
      seeds: [3, 4],
      grid: { epochs: [1, 2], 'loss.smoothing': [0, 0.1] },
      folds: [{ name: 'a' }, { name: 'b', set: { batchSize: 32 } }],
    });
    expect(all).toHaveLength(16);
    expect(all.slice(0, 8).map(({ order }) => order.task.seed)).toEqual(Array(8).fill(3));
    expect(all[0]!.settings).toEqual({ epochs: 1, 'loss.smoothing': 0 });
    const { recipe } = all[1]!.order.task.config as { recipe: { batchSize: number; epochs: number } };
    expect([recipe.batchSize, recipe.epochs, all[1]!.order.task.fold]).toEqual([32, 1, 'b']);
  });

  it('drawn at random are the same each time, within their ranges, and more of them begin with the same', async () => {
    const space = {
      'optimizer.learningRate': { logUniform: [1e-4, 1e-1] },
      'loss.smoothing': { uniform: [0, 0.2] },
      batchSize: { integer: [16, 64] },
      'schedule.name': { choice: ['cosine', 'linear'] },
    };
    const few = await runs({ random: { count: 3, seed: 7, space } });
    const many = await runs({ random: { count: 40, seed: 7, space } });
    expect(many.slice(0, 3).map(({ id }) => id)).toEqual(few.map(({ id }) => id));
    for (const { settings } of many) {
      expect(settings['optimizer.learningRate']).toBeGreaterThanOrEqual(1e-4);
      expect(settings['optimizer.learningRate']).toBeLessThanOrEqual(1e-1);
      expect(settings['batchSize']).toSatisfy((size: number) => Number.isInteger(size) && size >= 16 && size <= 64);
    }
    expect(many.filter(({ settings }) => (settings['optimizer.learningRate'] as number) < 3.16e-3).length).toBeGreaterThan(8);
  });

  it('that would be the same run twice are refused, as is what no recipe has', async () => {
    await expect(runs({ grid: { epochs: [1, 1] } })).rejects.toThrow('has the same run twice: {"epochs":1,"seed":0,"fold":null}');
    await expect(runs({ grid: { epoch: [1] } })).rejects.toThrow('epoch: there is no such key. Did you mean "epochs"?');
    await expect(runs({ data: 'nowhere' })).rejects.toThrow(DataError);
    expect(() => parseConfig(sweepSchema, { recipe: 'x', seed: 1 })).toThrow('Did you mean "seeds"?');
  });

  it('come from a file whose faults are told', () => {
    expect(() => readSweep('nowhere.json')).toThrow('nowhere.json cannot be read');
    const file = sweepFile({});
    fs.writeFileSync(file, '{');
    expect(() => readSweep(file)).toThrow('is not JSON');
  });
});

describe('shards', () => {
  it('take every task once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 100 }), (count, length) => {
        const list = Array.from({ length }, (_, i) => i);
        const parts = Array.from({ length: count }, (_, i) => partOfShard(list, { number: i + 1, count }));
        expect(parts.flat().sort((a, b) => a - b)).toEqual(list);
      }),
    );
  });

  it('are read from words and from the variables of Slurm and Kubernetes', () => {
    expect(parseShard('2/8')).toEqual({ number: 2, count: 8 });
    for (const wrong of ['0/8', '9/8', '2', '2/', 'a/b', '-1/2']) expect(() => parseShard(wrong)).toThrow(ConfigError);
    expect(shardOfEnvironment({})).toBeNull();
    expect(shardOfEnvironment({ SLURM_ARRAY_TASK_ID: '5', SLURM_ARRAY_TASK_MIN: '5', SLURM_ARRAY_TASK_COUNT: '4' })).toEqual({
      number: 1,
      count: 4,
    });
    expect(shardOfEnvironment({ JOB_COMPLETION_INDEX: '0', JOB_COMPLETIONS: '4' })).toEqual({ number: 1, count: 4 });
    expect(() => shardOfEnvironment({ JOB_COMPLETION_INDEX: '0' })).toThrow('JOB_COMPLETIONS does not say of how many');
    expect(() => shardOfEnvironment({ SLURM_ARRAY_TASK_ID: '9', SLURM_ARRAY_TASK_COUNT: '4' })).toThrow('without gaps');
  });
});

describe('the address of a Redis', () => {
  it('takes its password from the environment, and never shows it', () => {
    const { password, ...rest } = parseRedisAddress('rediss://user@[::1]:6380/3', { GOSSAMER_REDIS_PASSWORD: 'secret' });
    expect(password).toBe('secret');
    expect(rest).toEqual({ host: '::1', port: 6380, username: 'user', database: 3, secure: true, label: '[::1]:6380/3' });
    expect(parseRedisAddress('redis://localhost', {})).toMatchObject({ port: 6379, database: 0, password: undefined });
  });

  it.each(['redis://user:secret@host', 'http://host', 'host:6379', 'redis://host/name', ''])(
    'refuses %s, without repeating it',
    (text) => {
      let message = '';
      try {
        parseRedisAddress(text, {});
      } catch (error) {
        message = (error as ConfigError).message;
      }
      expect(message).toContain('redis:');
      expect(message).not.toContain('secret');
    },
  );
});
