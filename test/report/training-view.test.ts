import { describe, expect, it } from 'vitest';
import type { TextOutput } from '../../src/report/live-line.js';
import { visibleWidth } from '../../src/report/terminal.js';
import { stepLine, TrainingView } from '../../src/report/training-view.js';
import type { EpochEvent, StartEvent, StepEvent } from '../../src/train/events.js';

const start: StartEvent = {
  kind: 'start',
  recipe: 'ftbnn-tiny-fashion',
  run: 'runs/one',
  epochs: 12,
  stepsPerEpoch: 141,
  steps: 1692,
  resumedFrom: null,
  images: { train: 9000, validation: 1000 },
};
const step: StepEvent = {
  kind: 'step',
  step: 201,
  epoch: 2,
  batch: 60,
  batches: 141,
  loss: 0.51234,
  learningRate: 0.00987,
  imagesPerSecond: 3210.4,
  secondsLeft: 83,
};
const epoch: EpochEvent = {
  kind: 'epoch',
  step: 141,
  epoch: 1,
  trainLoss: 0.7123,
  trainAccuracy: 0.742,
  validationLoss: 0.5012,
  validationAccuracy: 0.821,
  learningRate: 0.01,
  seconds: 4.2,
  imagesPerSecond: 3210,
  best: true,
};

function record(options: Partial<TextOutput> & { width?: number } = {}): { output: TextOutput; text: () => string } {
  let written = '';
  const output = {
    isTTY: false,
    color: false,
    columns: () => options.width ?? 80,
    write: (text: string) => {
      written += text;
    },
  };
  return { output: { ...output, ...options }, text: () => written };
}

describe('stepLine', () => {
  it('tells where training stands', () => {
    expect(stepLine(step, 12, { width: 100, color: false })).toBe(
      'epoch  2/12  ━━━━━━━━───────────  42 %  3,210 images/s  loss 0.512  learning rate 0.00987  1:23 left',
    );
  });

  it('fits every width, with and without colour', () => {
    for (const color of [false, true]) {
      for (let width = 16; width <= 140; width++) {
        expect(visibleWidth(stepLine(step, 12, { width, color }))).toBeLessThanOrEqual(width);
      }
    }
  });

  it('gives up the learning rate first and the loss last', () => {
    expect(stepLine(step, 12, { width: 79, color: false })).toContain('rate 0.00987');
    const narrow = stepLine(step, 12, { width: 40, color: false });
    expect(narrow).toContain('loss 0.512');
    expect(narrow).not.toContain('rate');
  });
});

describe('TrainingView', () => {
  it('draws on one line of a terminal, at most ten times a second', () => {
    let time = 0;
    const { output, text } = record({ isTTY: true });
    const view = new TrainingView(output, () => time);
    view.handle(start);
    for (time = 0; time < 1000; time += 10) view.handle(step);
    expect(text().split('\r')).toHaveLength(11);
    view.handle(epoch);
    view.close();
    const lines = text().split('\n');
    expect(lines.at(-1)).toBe('');
    expect(lines.at(-2)).toMatch(/^ 1\/12/);
  });

  it('writes plain lines elsewhere: no control characters, one row an epoch, a sign of life now and then', () => {
    let time = 0;
    const { output, text } = record();
    const view = new TrainingView(output, () => time);
    view.handle(start);
    for (time = 0; time <= 60_000; time += 100) view.handle(step);
    view.handle(epoch);
    view.handle({ ...epoch, epoch: 2, best: false });
    view.handle({ kind: 'end', reason: 'finished', step: 282, epoch: 2, bestEpoch: 1, bestAccuracy: 0.821 });
    expect([...text()].filter((character) => character < ' ' && character !== '\n')).toEqual([]);
    const lines = text().split('\n');
    expect(lines[0]).toBe('Training ftbnn-tiny-fashion: 12 epochs of 141 steps, 9,000 images. 1,000 more');
    expect(lines.filter((line) => line.startsWith('epoch 2/12, batch 60/141'))).toHaveLength(2);
    expect(lines.slice(-5)).toEqual([
      '       training            validation             learning',
      'epoch      loss  accuracy        loss   accuracy      rate  images/s   time',
      ' 1/12    0.7123    74.2 %      0.5012   * 82.1 %    0.0100     3,210   0:04',
      ' 2/12    0.7123    74.2 %      0.5012     82.1 %    0.0100     3,210   0:04',
      '',
    ]);
  });

  it('tells error rates of a depth network, which has no accuracy', () => {
    const { output, text } = record();
    const view = new TrainingView(output);
    const detection = { eer: 0.032, acer: 0.0551, auc: 0.991, threshold: 0.2 };
    view.handle({ ...epoch, trainAccuracy: null, validationAccuracy: null, detection });
    expect(text().split('\n').slice(0, 3)).toEqual([
      '       training  validation                               learning',
      'epoch      loss        loss        EER     ACER      AUC      rate   time',
      '  1/1    0.7123      0.5012    * 3.2 %    5.5 %   99.1 %    0.0100   0:04',
    ]);
  });

  it('fits narrow terminals', () => {
    for (const width of [20, 40, 60, 72]) {
      const { output, text } = record({ width });
      const view = new TrainingView(output);
      view.handle({ ...start, run: null, recipe: 'r' });
      view.handle({ ...epoch, inactive: 0.5, deadSelectors: 0 });
      view.handle({ kind: 'warning', code: 'skipped-records', text: '3 records were skipped, see log.jsonl in the run folder' });
      for (const line of text().split('\n')) expect(visibleWidth(line), line).toBeLessThanOrEqual(width);
    }
  });

  it('says where an interrupted run was saved, and that a run was resumed', () => {
    const { output, text } = record();
    const view = new TrainingView(output);
    view.handle({ ...start, resumedFrom: 500 });
    view.handle({ kind: 'checkpoint', path: 'runs/one/last.safetensors', step: 777, reason: 'interrupt' });
    view.handle({ kind: 'checkpoint', path: 'runs/one/last.safetensors', step: 800, reason: 'epoch' });
    expect(text().replaceAll('\n', ' ')).toContain('Resumed after step 500 of 1,692.');
    expect(text()).toContain('Saved after step 777: runs/one/last.safetensors');
    expect(text()).not.toContain('800');
  });
});
