import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readCheckpoint } from '../../src/train/checkpoint.js';
import { readLog } from '../../src/train/log.js';
import { env, gossamerWhile, main, scratchFolder, tinyTraining } from './gossamer.js';

const scratch = scratchFolder();
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

const training = [...tinyTraining, '--epochs=2'];

/** A run that was ended early has saved where it stood, `done` steps or more, and is locked no more. */
async function expectSaved(run: string, done: number): Promise<void> {
  const { step } = (await readCheckpoint(path.join(run, 'last.safetensors'))).progress;
  expect(readLog(path.join(run, 'log.jsonl')).at(-1)).toMatchObject({ kind: 'end', reason: 'interrupted', step });
  expect(step).toBeGreaterThanOrEqual(done);
  expect(fs.readdirSync(run)).not.toContain('lock');
}

describe.skipIf(process.platform === 'win32')('a training run', () => {
  it.each<[string, readonly NodeJS.Signals[]]>([
    ['is to end (SIGTERM)', ['SIGTERM']],
    ['loses its terminal, which tells it twice (SIGHUP)', ['SIGHUP', 'SIGHUP']],
    ['gets one Ctrl-C from the terminal and the same from npx', ['SIGINT', 'SIGINT']],
  ])('saves when it %s', async (name, signals) => {
    const run = path.join(scratch, name);
    const { status, stdout, stderr } = await gossamerWhile(['train', ...training, '--json', '--out', run], (line, kill) => {
      if (line.includes('"step":5,')) for (const signal of signals) kill(signal);
    });
    expect([status, stderr]).toEqual([130, '']);
    expect(JSON.parse(stdout.trimEnd().split('\n').at(-1)!)).toMatchObject({ kind: 'interrupted', run });
    await expectSaved(run, 5);
  });

  it.each([
    ['the reader of its output', ['stdout'], []],
    ['the reader of its JSON', ['stdout'], ['--json']],
    ['the readers of its output and its complaints', ['stdout', 'stderr'], []],
  ] as const)('saves, and shows no stack, when it loses %s', async (name, lost, more) => {
    const run = path.join(scratch, name);
    const child = spawn(process.execPath, [main, 'train', ...training, ...more, '--out', run], { env });
    for (const stream of lost) child[stream].destroy();
    let complaints = '';
    child.stderr.on('data', (text) => {
      complaints += text;
    });
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(130);
    if (lost.length === 1) expect(complaints).toContain('--resume');
    expect(complaints).not.toMatch(/^\s+at /m);
    await expectSaved(run, 0);
  });

  it.runIf(fs.existsSync('/dev/full'))('saves, and says why, when the disk is full that its output goes to', async () => {
    const run = path.join(scratch, 'full');
    const full = fs.openSync('/dev/full', 'w');
    const words = [main, 'train', ...training, '--out', run];
    const { status, stderr } = spawnSync(process.execPath, words, { env, encoding: 'utf8', stdio: ['ignore', full, 'pipe'] });
    fs.closeSync(full);
    expect(status).toBe(130);
    expect(stderr).toMatch(/^The output cannot be written any more \(ENOSPC.*saving\.\n\nNext:\n[\s\S]*--resume\n$/);
    await expectSaved(run, 0);
  });
});
