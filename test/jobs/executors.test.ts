import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSweep, runOnQueue, runsOf, type TaskOutcome, type TaskProgress } from '../../src/jobs/index.js';
import { parseRedisAddress } from '../../src/jobs/redis-address.js';
import { gossamer, scratchFolder } from '../cli/gossamer.js';
import { type Background, digestsOf, inBackground, RedisServer, skipsRedis, sweepFile, thirtyRuns, until } from './helpers.js';
import { S3Server } from './s3-server.js';

const RUNS = 30;
const never = new AbortController().signal;

let file: string;
let local: Record<string, string>;

beforeAll(() => {
  file = sweepFile(thirtyRuns);
  const out = scratchFolder();
  const { status, stdout } = gossamer(['sweep', file, '--out', out, '--json']);
  expect([status, JSON.parse(stdout.trim().split('\n').at(-1)!)]).toMatchObject([0, { runs: RUNS, done: RUNS, failed: 0 }]);
  local = digestsOf(path.join(out, 'results'));
  expect(Object.keys(local)).toHaveLength(2 * RUNS);
});

describe('a sweep in shards', () => {
  it('gives the bytes of the sweep on one machine, whoever takes which part, and collects them', () => {
    const out = scratchFolder();
    const part = (...words: readonly string[]) => ['sweep', file, '--on', 'shard', '--out', out, ...words];
    expect(gossamer(part('--shard', '1/3')).status).toBe(0);
    const slurm = { SLURM_ARRAY_TASK_ID: '2', SLURM_ARRAY_TASK_MIN: '1', SLURM_ARRAY_TASK_COUNT: '3' };
    expect(gossamer(part(), { env: slurm }).status).toBe(0);
    const middle = gossamer(['sweep', file, '--collect', '--out', out]).stdout;
    expect(middle).toContain('20 of 30 runs done, 10 missing.');
    expect(gossamer(part(), { env: { JOB_COMPLETION_INDEX: '2', JOB_COMPLETIONS: '3' } }).status).toBe(0);

    expect(digestsOf(path.join(out, 'results'))).toEqual(local);
    expect(gossamer(['sweep', file, '--collect', '--out', out]).stdout).toContain('30 of 30 runs done.');
    const lines = fs.readFileSync(path.join(out, 'results.csv'), 'utf8').trim().split('\n');
    expect(lines[0]).toBe('id,seed,fold,optimizer.learningRate,state,best_epoch,loss_test,top1_test,top1_validation');
    expect(lines).toHaveLength(1 + RUNS);
    expect(fs.readdirSync(path.join(out, 'work'))).toEqual([]);
  });
});

describe.skipIf(skipsRedis)('a sweep over Redis', () => {
  let redis: RedisServer;
  const started: Background[] = [];
  const worker = (...words: readonly string[]) => {
    const background = inBackground(['worker', '--redis', redis.address, '--json', ...words]);
    started.push(background);
    return background;
  };
  const sweep = (out: string, words: readonly string[] = []) => {
    const background = inBackground(['sweep', file, '--on', 'redis', '--redis', redis.address, '--out', out, '--json', ...words]);
    started.push(background);
    return background;
  };
  const tasksIn = ({ lines }: Background) =>
    lines.map((line) => JSON.parse(line) as { kind: string; state: string }).filter(({ kind }) => kind === 'task');
  const work = (out: string) => path.join(out, 'work');

  beforeAll(async () => {
    redis = await RedisServer.start();
  });

  afterAll(async () => {
    for (const { child, ended } of started) {
      if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGKILL');
      await ended;
    }
    await redis.stop();
  });

  it('gives the same bytes though a worker is killed, Redis is restarted, and a worker is told to end', async () => {
    const out = scratchFolder();
    const owner = sweep(out);
    const killed = worker('--patience', '1');
    const told = worker('--patience', '1');
    await until('a few results', () => tasksIn(killed).length >= 2 && tasksIn(told).length >= 2);

    await until('a task under way', () => fs.readdirSync(work(out)).some((id) => fs.existsSync(path.join(work(out), id, 'run'))));
    process.kill(-killed.child.pid!, 'SIGKILL');
    await redis.stop();
    await redis.start();
    const last = worker('--patience', '1', '--concurrency', '2');
    await until('work after the restart', () => tasksIn(last).length >= 2);
    told.child.kill('SIGTERM');
    expect(await told.ended).toBe(0);

    expect(await owner.ended).toBe(0);
    expect(JSON.parse(owner.lines.at(-1)!)).toMatchObject({ kind: 'end', runs: RUNS, done: RUNS, failed: 0, missing: 0 });
    expect(digestsOf(path.join(out, 'results'))).toEqual(local);
    last.child.kill('SIGTERM');
    expect(await last.ended).toBe(0);
  });

  it('tells how far each task is', async () => {
    const tiny = sweepFile({ recipe: 'ftbnn-tiny-fashion', set: { ...thirtyRuns.set, epochs: 2 }, seeds: 2 });
    const runs = await runsOf(readSweep(tiny), '.');
    const helper = worker();
    const seen = new Map(runs.map(({ id }) => [id, [] as (TaskProgress | null)[]]));
    const ended: TaskOutcome[] = [];
    await runOnQueue(runs, {
      ...{
        redis: parseRedisAddress(redis.address, {}),
        queue: 'gossamer',
        signal: never,
        places: { folder: scratchFolder(), bucket: null },
      },
      onProgress: (id, progress) => seen.get(id)!.push(progress),
      onOutcome: (outcome) => void ended.push(outcome),
      onTrouble: () => {},
    });
    helper.child.kill('SIGTERM');
    await helper.ended;
    expect(ended.map(({ state }) => state)).toEqual(['done', 'done']);
    for (const all of seen.values()) {
      expect(all[0]).toEqual({ share: 0 });
      expect(all.at(-1)).toMatchObject({ share: expect.any(Number), epoch: expect.any(Number), epochs: 2 });
      expect(all.at(-1)!.share).toBeGreaterThan(0);
    }
  });

  it('keeps results in a bucket, of workers that share no folder with anyone', async () => {
    const bucket = await S3Server.start();
    try {
      const tiny = sweepFile({ ...thirtyRuns, grid: {}, folds: [], seeds: 2 });
      const [out, work] = [scratchFolder(), scratchFolder()];
      const words = ['--redis', redis.address, '--queue', 'bucket', '--json'];
      const helper = inBackground(['worker', ...words, '--work', work], bucket.environment);
      const store = ['--store', `s3://${bucket.bucket}/x`, '--out', out];
      const owner = inBackground(['sweep', tiny, '--on', 'redis', ...words, ...store], bucket.environment);
      started.push(helper, owner);
      expect(await owner.ended).toBe(0);
      helper.child.kill('SIGTERM');
      await helper.ended;
      expect(JSON.parse(owner.lines.at(-1)!)).toMatchObject({ done: 2, failed: 0 });
      expect([...bucket.objects.keys()].filter((key) => key.startsWith('x/manifests/'))).toHaveLength(2);
      expect([fs.readdirSync(path.join(out, 'logs')).length, fs.readdirSync(path.join(work, 'logs')).length]).toEqual([0, 2]);
    } finally {
      await bucket.stop();
    }
  });

  it('does a task once that two sweeps put in, and one that two workers are given', async () => {
    const out = scratchFolder();
    const owners = [sweep(out), sweep(out)];
    // Without a queue between them: the same tasks, at the same time, by a third.
    const third = inBackground(['sweep', file, '--out', out, '--json']);
    started.push(third);
    const helper = worker('--concurrency', '2');
    for (const { ended } of [...owners, third]) expect(await ended).toBe(0);
    helper.child.kill('SIGTERM');
    await helper.ended;
    expect(digestsOf(path.join(out, 'results'))).toEqual(local);
    expect(fs.readdirSync(work(out))).toEqual([]);
  });

  it('shows a task that always fails, with its log, and does the others', async () => {
    const out = scratchFolder();
    const broken = sweepFile({
      recipe: 'ftbnn-tiny-fashion',
      set: { ...thirtyRuns.set },
      folds: [{ name: 'good' }, { name: 'bad', set: { batchSize: 1000 } }],
    });
    const helper = worker();
    const owner = inBackground(['sweep', broken, '--on', 'redis', '--redis', redis.address, '--out', out, '--json']);
    started.push(owner);
    expect(await owner.ended).toBe(1);
    helper.child.kill('SIGTERM');
    await helper.ended;
    expect(JSON.parse(owner.lines.at(-1)!)).toMatchObject({ runs: 2, done: 1, failed: 1, missing: 0 });
    const failed = owner.lines
      .map((line) => JSON.parse(line) as { state?: string; id: string })
      .find(({ state }) => state === 'failed');
    expect(failed).toMatchObject({ failure: { code: 'CONFIG', message: expect.stringContaining('batchSize: got 1000') } });
    expect(fs.readFileSync(path.join(out, 'logs', `${failed!.id}.txt`), 'utf8')).toContain('batchSize: got 1000');
    const { stdout } = gossamer(['sweep', broken, '--collect', '--out', out]);
    expect(stdout).toContain('1 of 2 runs done, 1 failed.');
  });
});
