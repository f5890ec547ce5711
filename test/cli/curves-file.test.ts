import fs from 'node:fs';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { CurvesFile } from '../../src/cli/curves-file.js';
import { FormatError } from '../../src/errors.js';
import { type EpochEvent, RunFolder } from '../../src/train/index.js';
import { scratchFolder } from './gossamer.js';

const scratch = scratchFolder();
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

const epoch = (number: number): EpochEvent => ({
  kind: 'epoch',
  step: 10 * number,
  epoch: number,
  trainLoss: 1,
  trainAccuracy: 0.5,
  validationLoss: 1,
  validationAccuracy: 0.5,
  learningRate: 0.1,
  seconds: 1,
  imagesPerSecond: 100,
  best: true,
});

it('a chart that could not be drawn for a while is there in the end; one that cannot be is told', async () => {
  const run = RunFolder.open(path.join(scratch, 'run'));
  // A folder in its place: it cannot be written, for the superuser neither.
  fs.mkdirSync(run.curves);
  const curves = new CurvesFile(run);
  curves.handle(epoch(1));
  await expect(curves.close()).rejects.toThrow(FormatError);
  await expect(curves.close()).rejects.toThrow(/curves\.svg: cannot be written/);
  fs.rmdirSync(run.curves);
  curves.handle(epoch(2));
  await curves.close();
  expect(fs.readFileSync(run.curves, 'utf8')).toMatch(/^<svg/);
  run.close();
});
