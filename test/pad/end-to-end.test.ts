import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPicture } from '../../src/data/images.js';
import { createDetector, type Detector } from '../../src/pad/detector/index.js';
import { openPrepared, type Prepared } from '../../src/pad/prepared/open.js';
import { readScores, type ScoreFile } from '../../src/pad/scores/index.js';
import { gossamer, scratchFolder } from '../cli/gossamer.js';

/*
 * From drawn faces to a decision, with the commands that a user types, a network that is too small and hardly trained: what it says of faces does
 * not matter, that all say the same does.
 */

const scratch = scratchFolder();
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

function pad(...words: string[]): Record<string, unknown> {
  const { status, stdout, stderr } = gossamer([...words, '--json'], { cwd: scratch });
  expect([words.join(' '), status, stderr, status === 0 ? '' : stdout]).toEqual([words.join(' '), 0, '', '']);
  return JSON.parse(stdout) as Record<string, unknown>;
}

const size = 32;
const training = [
  ...['--data', 'prepared', '--out', 'run', '--epochs', '2', '--set', 'batchSize=8', '--set', 'model.options.mapSize=4'],
  ...['--set', `transforms.train.0.size=${size}`, '--set', `transforms.evaluate.0.size=${size}`],
];

let prepared: Prepared;
let frames: ScoreFile;
let packed: ScoreFile;
let fromCheckpoint: ScoreFile;
let evaluation: { readonly threshold: number; readonly dev: { readonly bpcer: number; readonly apcer: Record<string, number> } };
let detector: Detector;

beforeAll(async () => {
  pad('pad', 'synthesize', '--drawn', '10', '--out', 'faces', '--size', '96', '--seed', '3');
  pad('pad', 'prepare', '--dataset', 'manifest', '--root', 'faces', '--out', 'prepared', '--size', '48');
  expect(gossamer(['train', 'cdcn-s', ...training], { cwd: scratch })).toMatchObject({ status: 0 });
  pad('freeze', 'run', '--out', 'packed.safetensors');
  for (const [model, name, split, by] of [
    ['packed.safetensors', 'dev', 'dev', 'frame'],
    ['packed.safetensors', 'test', 'test', 'frame'],
    ['run', 'checkpoint', 'dev', 'frame'],
  ] as const) {
    pad('pad', 'score', model, '--prepared', 'prepared', '--split', split, '--by', by, '--out', `${name}.csv`);
  }
  evaluation = pad('pad', 'evaluate', '--dev', 'dev.csv', '--eval', 'test.csv') as unknown as typeof evaluation;
  pad('pad', 'calibrate', 'packed.safetensors', '--dev', 'dev.csv', '--out', 'calibrated.safetensors');
  const at = (name: string) => path.join(scratch, name);
  prepared = await openPrepared(at('prepared'));
  frames = await readScores(at('test.csv'));
  packed = await readScores(at('dev.csv'));
  fromCheckpoint = await readScores(at('checkpoint.csv'));
  detector = await createDetector({ model: fs.readFileSync(at('calibrated.safetensors')), threads: 1 });
});
afterAll(() => detector?.dispose());

/** The picture of a presentation and the box of its face, as the prepared data has it. */
async function shown(id: string) {
  const presentation = prepared.presentations.findIndex((one) => one.id === id);
  const frame = prepared.frames.find((one) => one.presentation === presentation)!;
  if (!('box' in frame)) throw new Error(`${id} has no face`);
  const [left, top, width, height] = frame.box;
  return { image: await readPicture(path.join(scratch, 'faces', id)), box: { left, top, width, height } };
}

describe('from drawn faces to a decision', () => {
  it('scores what is there, and says whose scores of what they are', () => {
    expect(frames.scores).toHaveLength(8);
    const { manifest } = prepared;
    expect(frames.scores[0]!.extra).toMatchObject({
      ...{ dataset: manifest.settings.dataset, protocol: 'all', split: 'test', by: 'frame', frames: '1' },
      model: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('scores a packed model as the checkpoint that it was made of, within the bound of freezing', () => {
    for (const [i, { score, testLabel }] of fromCheckpoint.scores.entries()) {
      expect(packed.scores[i]!.testLabel).toBe(testLabel);
      expect(Math.abs(packed.scores[i]!.score - score)).toBeLessThanOrEqual(2e-4 * Math.max(Math.abs(score), 0.01));
    }
  });

  it('writes the threshold of the dev split into the model, with the errors that evaluating it finds', () => {
    const { decision, crop, model } = detector.facts;
    expect(crop).toEqual({ scale: 1.4, aspect: 'keep', fill: 'edge', size: 48 });
    expect(decision).toMatchObject({ threshold: evaluation.threshold, criterion: 'eer', by: 'frame' });
    const { bonafide, attacks, ...evidence } = decision!.evidence;
    expect(bonafide.errors / bonafide.answered).toBe(evaluation.dev.bpcer);
    expect(Object.fromEntries(attacks.map(({ species, errors, answered }) => [species, errors / answered]))).toEqual(
      evaluation.dev.apcer,
    );
    expect(evidence).toMatchObject({ model: frames.scores[0]!.extra['model'], data: { protocol: 'all', split: 'dev' } });
    expect(model.digest).not.toBe(evidence.model);
  });

  it('assesses a picture in code with the very score that the file of scores has', async () => {
    const assessed = [];
    for (const { testLabel, score, extra } of frames.scores) {
      const { image, box } = await shown(testLabel);
      const assessment = await detector.assess(image, box);
      expect(Math.max(box.width, box.height)).toBe(Number(extra['face']));
      if (assessment.decision === 'face-too-small') continue;
      expect(assessment).toMatchObject({ score, decision: score >= evaluation.threshold ? 'live' : 'attack' });
      assessed.push({ image, box, score });
    }
    expect(assessed.length).toBeGreaterThan(2);
    const sequence = await detector.assessSequence(assessed);
    expect(sequence.score).toBe(assessed.reduce((sum, { score }) => sum + score, 0) / assessed.length);
  });

  it('tells of the threshold what inspect finds in the file', () => {
    const { stdout } = gossamer(['inspect', 'calibrated.safetensors'], { cwd: scratch });
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(`live from a score of ${evaluation.threshold} up, by eer`);
  });
});
