import type { ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Rng } from '../../src/tensor/rng.js';
import { readCheckpoint } from '../../src/train/checkpoint.js';
import type { TrainEvent } from '../../src/train/events.js';
import { readLog } from '../../src/train/log.js';
import { digestOf, runPath, stripesRecipe } from './helpers.js';
import { runPart, writeIdx } from './parts.js';

describe('kill -9', () => {
  it('at any moment leaves a checkpoint from which the run goes on to the bits of the run that was never killed', async () => {
    const recipe = stripesRecipe({
      epochs: 4,
      averageWeights: 0.9,
      optimizer: { name: 'sgd', learningRate: 0.05, momentum: 0.9 },
      checkpoint: { everySeconds: null, everySteps: 2 },
    });
    const data = writeIdx(`${runPath()}-data`);
    const whole = runPath();
    expect(await runPart({ run: whole, data, recipe, threads: 2 })).toMatchObject({ code: 0 });

    const steps = 4 * Math.floor(80 / 16);
    const rng = new Rng(20);
    const moments: ((event: TrainEvent) => boolean)[] = [
      // Before the first checkpoint is known to be written, and at odds with the checkpoints' rhythm.
      (event) => event.kind === 'start',
      (event) => event.kind === 'checkpoint',
      ...Array.from({ length: 4 }, (_, i) => {
        const step = 1 + Math.floor((steps * (i + rng.uniform())) / 4);
        return (event: TrainEvent) => event.kind === 'step' && event.step >= step;
      }),
      (event) => event.kind === 'epoch',
      (event) => event.kind === 'end',
    ];
    const run = runPath();
    let kills = 0;
    for (const [part, isEnd] of moments.entries()) {
      const resume = fs.existsSync(run);
      const onEvent = (event: TrainEvent, child: ChildProcess) => {
        if (isEnd(event)) child.kill('SIGKILL');
      };
      const { code, signal, stderr } = await runPart({ run, data, recipe, threads: 1 + (part % 2), resume, onEvent });
      if (code === 0) continue;
      expect([signal, stderr]).toEqual(['SIGKILL', '']);
      kills++;
      if (fs.existsSync(`${run}/last.safetensors`)) {
        expect((await readCheckpoint(`${run}/last.safetensors`)).weights.size).toBeGreaterThan(10);
      }
    }
    expect(kills).toBeGreaterThanOrEqual(5);
    expect(await runPart({ run, data, recipe, resume: true })).toMatchObject({ code: 0 });

    for (const file of ['last', 'best']) {
      expect(await digestOf(`${run}/${file}.safetensors`)).toBe(await digestOf(`${whole}/${file}.safetensors`));
    }
    const told = readLog(`${run}/log.jsonl`).flatMap((line) => (line.kind === 'step' ? [[line.step, line.loss]] : []));
    const expected = readLog(`${whole}/log.jsonl`).flatMap((line) => (line.kind === 'step' ? [[line.step, line.loss]] : []));
    expect(told).toEqual(expected);
    expect(fs.readdirSync(run).sort()).toEqual(['best.safetensors', 'config.json', 'last.safetensors', 'log.jsonl']);
  });
});
