import type { ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TrainEvent } from '../../src/train/events.js';
import { readLog } from '../../src/train/log.js';
import { RunFolder } from '../../src/train/run-folder.js';
import { digestOf, runPath, stripesRecipe } from './helpers.js';
import { runPart, writeIdx } from './parts.js';

const recipe = stripesRecipe({ epochs: 3, checkpoint: { everySeconds: null, everySteps: 2 } });
let data: string;
/** What a run comes to that nothing disturbed. */
let undisturbed: string;

beforeAll(async () => {
  data = writeIdx(`${runPath()}-data`);
  const run = runPath();
  expect(await runPart({ run, data, recipe })).toMatchObject({ code: 0, stderr: '' });
  undisturbed = await digestOf(`${run}/last.safetensors`);
});

/** A run that was killed after step 7, with a checkpoint of step 6. */
async function halfRun(): Promise<string> {
  const run = runPath();
  const onEvent = (event: TrainEvent, child: ChildProcess) => {
    if (event.kind === 'step' && event.step === 7) child.kill('SIGKILL');
  };
  expect(await runPart({ run, data, recipe, stopEvery: 7, onEvent })).toMatchObject({ signal: 'SIGKILL' });
  return run;
}

async function expectToGoOn(run: string): Promise<void> {
  expect(await runPart({ run, data, recipe, resume: true })).toMatchObject({ code: 0, stderr: '' });
  expect(await digestOf(`${run}/last.safetensors`)).toBe(undisturbed);
  expect(fs.readdirSync(run).sort()).toEqual(['best.safetensors', 'config.json', 'last.safetensors', 'log.jsonl']);
}

describe.skipIf(process.platform === 'win32')('a run', () => {
  it('whose log cannot grow says so, keeps its lines whole, and goes on when there is room', async () => {
    const run = await halfRun();
    const log = `${run}/log.jsonl`;
    const fileBlocks = Math.ceil(fs.statSync(`${run}/last.safetensors`).size / 512) + 20;
    // Filled up to a few lines below the limit.
    const line = (text: string) => `${JSON.stringify({ kind: 'warning', code: 'long', text, time: '' })}\n`;
    const room = fileBlocks * 512 - fs.statSync(log).size - line('').length;
    fs.appendFileSync(log, line('x'.repeat(room - 700)));
    const { code, stderr } = await runPart({ run, data, recipe, resume: true, fileBlocks });
    expect(code).toBe(1);
    expect(stderr).toMatch(/FormatError: .*log\.jsonl: cannot be written \(EFBIG/);
    const text = fs.readFileSync(log, 'utf8');
    expect(text.endsWith('\n')).toBe(true);
    expect(readLog(log)).toHaveLength(text.split('\n').length - 1);
    await expectToGoOn(run);
  });

  it('whose checkpoint finds no room says so, keeps the last one, and goes on when there is room', async () => {
    const run = await halfRun();
    const last = fs.readFileSync(`${run}/last.safetensors`);
    const fileBlocks = Math.floor(last.length / 512) - 4;
    const { code, stderr } = await runPart({ run, data, recipe, resume: true, fileBlocks });
    expect(code).toBe(1);
    expect(stderr).toMatch(/FormatError: .*last\.safetensors: cannot be written \(EFBIG/);
    expect(fs.readFileSync(`${run}/last.safetensors`)).toEqual(last);
    expect(fs.readdirSync(run).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    await expectToGoOn(run);
  });

  it('that is stopped for a while, as by a laptop asleep, keeps its folder and comes to the same bits', async () => {
    const run = runPath();
    let stops = 0;
    let refusal: unknown = null;
    let waking: NodeJS.Timeout | undefined;
    const onEvent = (event: TrainEvent, child: ChildProcess) => {
      if (event.kind !== 'step' || event.step % 4 !== 0) return;
      stops++;
      if (waking) return;
      try {
        RunFolder.open(run, { resume: true });
      } catch (error) {
        refusal = error;
      }
      // Again and again: the first may come before it has stopped.
      waking = setInterval(() => child.kill('SIGCONT'), 300);
    };
    const end = await runPart({ run, data, recipe, threads: 2, stopEvery: 4, onEvent });
    clearInterval(waking);
    expect(end).toMatchObject({ code: 0, stderr: '' });
    expect(stops).toBe(3);
    expect(refusal).toMatchObject({ message: expect.stringMatching(/in use by process \d+\./) as string });
    expect(await digestOf(`${run}/last.safetensors`)).toBe(undisturbed);
  });
});
