import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Finished, gossamer, scratchFolder } from './gossamer.js';

const scratch = scratchFolder();
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

const inScratch = (...words: string[]) => gossamer(words, { cwd: scratch });
const small = [
  ...['--data', 'prepared', '--epochs', '1', '--theta', '0.5', '--set', 'batchSize=8', '--set', 'model.options.mapSize=4'],
  ...['--set', 'transforms.train.0.size=32', '--set', 'transforms.evaluate.0.size=32'],
];

let run: Finished;
beforeAll(() => {
  for (const words of [
    ['pad', 'synthesize', '--drawn', '10', '--out', 'faces', '--size', '64'],
    ['pad', 'prepare', '--dataset', 'manifest', '--root', 'faces', '--out', 'prepared', '--size', '32'],
  ]) {
    expect(inScratch(...words)).toMatchObject({ status: 0 });
  }
  run = inScratch('train', 'bicdcn-s', ...small);
});

describe('gossamer train of a depth network', () => {
  it('takes prepared faces and tells error rates, of the test images at the threshold of the dev split', () => {
    expect([run.status, run.stderr]).toEqual([0, '']);
    expect(run.stdout).toMatch(/Training bicdcn-s: 1 epoch of 3 steps, 24 images\. 8 more are held out/);
    expect(run.stdout).toMatch(/epoch +loss +loss +EER +ACER +AUC/);
    expect(run.stdout.replaceAll(/\s+/g, ' ')).toMatch(
      /Test ACER \d+\.\d % on 8 images that training never saw \(APCER .* at the threshold that the validation images gave/,
    );
    expect(run.stdout).not.toContain('ccuracy');
    expect(run.stdout).toContain('freeze runs/bicdcn-s');
    expect(run.stdout).toContain('--theta 0.5');
  });

  it('leaves a run folder with pictures of the maps', () => {
    const folder = path.join(scratch, 'runs/bicdcn-s');
    expect(fs.readdirSync(folder).sort()).toEqual(
      ['best.safetensors', 'config.json', 'curves.svg', 'depth-maps.png', 'last.safetensors', 'log.jsonl', 'summary.json'].sort(),
    );
    const summary = JSON.parse(fs.readFileSync(path.join(folder, 'summary.json'), 'utf8')) as {
      best: { detection: { threshold: number } };
      test: { threshold: number; rates: { apcer: Record<string, number> } };
    };
    expect(summary.test.threshold).toBe(summary.best.detection.threshold);
    expect(Object.keys(summary.test.rates.apcer)).toEqual(['cut-out', 'print', 'replay']);
    const config = JSON.parse(fs.readFileSync(path.join(folder, 'config.json'), 'utf8')) as { model: { options: object } };
    expect(config.model.options).toMatchObject({ theta: 0.5, mapSize: 4 });
  });

  it('gives verbs for classifiers nothing to do, and a packed model', () => {
    expect(inScratch('eval', 'runs/bicdcn-s')).toMatchObject({ status: 1, stderr: expect.stringContaining('does not classify') });
    expect(inScratch('freeze', 'runs/bicdcn-s', '--out', 'packed.safetensors')).toMatchObject({ status: 0 });
  });

  it('refuses data without maps, and a share that is none', () => {
    expect(inScratch('train', 'cdcn-s', '--data', 'faces')).toMatchObject({ status: 1 });
    expect(inScratch('train', 'cdcn-s', '--data', 'prepared', '--theta', '2')).toMatchObject({ status: 2 });
  });
});
