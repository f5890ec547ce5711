import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Rng } from '../../src/tensor/rng.js';
import { readCheckpoint } from '../../src/train/checkpoint.js';
import type { TrainEvent } from '../../src/train/events.js';
import { readLog } from '../../src/train/log.js';
import type { Recipe } from '../../src/train/recipe.js';
import { digestOf, runPath, stripes, stripesRecipe } from './helpers.js';

const script = fileURLToPath(new URL('./killable.mjs', import.meta.url));

interface Part {
  readonly run: string;
  readonly data: string;
  readonly recipe: Recipe;
  readonly threads: number;
  readonly resume: boolean;
  /** Whether to kill the process when it has told of this. */
  readonly isEnd: (event: TrainEvent) => boolean;
}

/** Runs a part of a run in a process of its own; true when it came to its end. */
function runPart({ run, data, recipe, threads, resume, isEnd }: Part): Promise<boolean> {
  const args = [script, run, data, JSON.stringify(recipe), String(threads), ...(resume ? ['resume'] : [])];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (text) => {
    complaint += text;
  });
  createInterface(child.stdout).on('line', (line) => {
    if (isEnd(JSON.parse(line) as TrainEvent)) child.kill('SIGKILL');
  });
  return new Promise((resolve, reject) => {
    child.on('close', (code, signal) => {
      if (code === 0) resolve(true);
      else if (signal === 'SIGKILL') resolve(false);
      else reject(new Error(`exit code ${code}: ${complaint}`));
    });
  });
}

/** The stripes as IDX files. */
function writeIdx(folder: string): string {
  fs.mkdirSync(folder, { recursive: true });
  const { length, height, width, spec } = stripes(100);
  const header = (magic: number, ...dims: number[]) => {
    const bytes = Buffer.alloc(4 + 4 * dims.length);
    for (const [i, value] of [magic, ...dims].entries()) bytes.writeUInt32BE(value, 4 * i);
    return bytes;
  };
  if (spec.kind !== 'pixels') throw new Error('stripes are pixels');
  const labels = Uint8Array.from(new Int32Array(spec.labels));
  const images = Buffer.concat([header(0x803, length, height, width), new Uint8Array(spec.pixels)]);
  fs.writeFileSync(path.join(folder, 'train-images-idx3-ubyte'), images);
  fs.writeFileSync(path.join(folder, 'train-labels-idx1-ubyte'), Buffer.concat([header(0x801, length), labels]));
  return folder;
}

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
    const never = () => false;
    expect(await runPart({ run: whole, data, recipe, threads: 2, resume: false, isEnd: never })).toBe(true);

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
      if (await runPart({ run, data, recipe, threads: 1 + (part % 2), resume, isEnd })) continue;
      kills++;
      if (fs.existsSync(`${run}/last.safetensors`)) {
        expect((await readCheckpoint(`${run}/last.safetensors`)).weights.size).toBeGreaterThan(10);
      }
    }
    expect(kills).toBeGreaterThanOrEqual(5);
    expect(await runPart({ run, data, recipe, threads: 1, resume: true, isEnd: never })).toBe(true);

    for (const file of ['last', 'best']) {
      expect(await digestOf(`${run}/${file}.safetensors`)).toBe(await digestOf(`${whole}/${file}.safetensors`));
    }
    const told = readLog(`${run}/log.jsonl`).flatMap((line) => (line.kind === 'step' ? [[line.step, line.loss]] : []));
    const expected = readLog(`${whole}/log.jsonl`).flatMap((line) => (line.kind === 'step' ? [[line.step, line.loss]] : []));
    expect(told).toEqual(expected);
    expect(fs.readdirSync(run).sort()).toEqual(['best.safetensors', 'config.json', 'last.safetensors', 'log.jsonl']);
  });
});
