import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, FormatError, UnsupportedError } from '../../src/errors.js';
import { decodePackedModel, encodePackedModel, undecidedDigest } from '../../src/formats/packed/model.js';
import { type CalibrateOptions, calibrateModel } from '../../src/pad/calibrate.js';
import { evaluateScores } from '../../src/pad/evaluation/index.js';
import { prepareDataset } from '../../src/pad/prepare.js';
import { readScores, writeScores } from '../../src/pad/scores/index.js';
import { type PreparedScores, type ScoreOptions, scorePrepared } from '../../src/pad/scoring/score.js';
import { frozen } from '../runtime/frozen.js';
import { cropSize, depthModel } from './depth-model.js';
import { drawVideos, expectDataError, tempFolder, write } from './helpers.js';

/** Dev and test have three frames of two live faces and two attacks each; of one dev video a frame has no face, of another none has. */
const kinds = ['live-0', 'live-1', 'print-0', 'replay-0'];
const videos = ['dev', 'test'].flatMap((split) => kinds.map((kind) => `${split}-${kind}`));

const folder = tempFolder();
const model = path.join(folder, 'model.safetensors');
const prepared = path.join(folder, 'prepared');

const score = (changes: Partial<ScoreOptions> = {}) => scorePrepared({ model, prepared, split: 'dev', threads: 1, ...changes });

async function prepareIn(out: string, changes: object = {}): Promise<void> {
  const boxes: string[] = [];
  const root = await drawVideos(tempFolder(), videos, (stem, frames) => {
    for (const [frame, box] of frames.entries()) {
      const isLost = stem === 'dev-live-1' || (stem === 'dev-print-0' && frame === 1);
      boxes.push(`${stem},${frame},${isLost ? '0,0,0,0' : box.join(',')}`);
    }
  });
  const rows = videos.map((name) => {
    const [split, kind] = name.split('-') as [string, string];
    return `${name},${split},${kind === 'live' ? 'live,' : `attack,${kind}`},person ${name},young,phone`;
  });
  write(root, {
    'manifest.csv': `file,split,label,species,subject,age,model\n${rows.join('\n')}\n`,
    'boxes.csv': `file,frame,left,top,width,height\n${boxes.join('\n')}\n`,
  });
  await prepareDataset({
    dataset: 'manifest',
    root,
    boxes: path.join(root, 'boxes.csv'),
    out,
    size: cropSize,
    frames: 'all',
    ...changes,
  });
}

let byFrame: PreparedScores;
beforeAll(async () => {
  fs.writeFileSync(model, await depthModel());
  await prepareIn(prepared);
  byFrame = await score();
});

describe('scores of prepared data', () => {
  it('are a line a frame, and none where there is no face', () => {
    expect(byFrame).toMatchObject({ by: 'frame', split: 'dev', protocol: 'all', frames: 12, failures: 4 });
    expect(byFrame.scores.map(({ testLabel, sampleN, score: value }) => [testLabel, sampleN, Number.isNaN(value)])).toEqual(
      ['dev-live-0', 'dev-live-1', 'dev-print-0', 'dev-replay-0'].flatMap((name) =>
        ['0', '1', '2'].map((frame) => [name, frame, name === 'dev-live-1' || (name === 'dev-print-0' && frame === '1')]),
      ),
    );
    expect(new Set(byFrame.scores.map((line) => line.score)).size).toBeGreaterThan(7);
  });

  it('name what the data knows, also where a column of ours has its name', () => {
    expect(byFrame.scores[6]).toMatchObject({
      ...{ claimedId: 'person dev-print-0', attackType: 'print' },
      extra: {
        ...{ subject: 'person dev-print-0', session: '', device: '', age: 'young', 'data.model': 'phone', dataset: 'manifest' },
        ...{ protocol: 'all', split: 'dev', by: 'frame', frames: '1', model: byFrame.model.digest },
      },
    });
    expect(Number(byFrame.scores[6]!.extra['face'])).toBeGreaterThan(10);
  });

  it('of videos are the means of their frames that have a face', async () => {
    const { scores } = await score({ by: 'video', threads: 2 });
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const framesOf = (name: string) =>
      byFrame.scores.filter(({ testLabel, score: value }) => testLabel === name && !Number.isNaN(value));
    expect(scores.map(({ testLabel, sampleN, score: value }) => [testLabel, sampleN, value])).toEqual(
      ['dev-live-0', 'dev-live-1', 'dev-print-0', 'dev-replay-0'].map((name) => [
        name,
        '',
        mean(framesOf(name).map(({ score: value }) => value)),
      ]),
    );
    expect(scores.map(({ extra }) => extra['frames'])).toEqual(['3', '0', '2', '3']);
  });

  it('come back from their file', async () => {
    const file = path.join(folder, 'back.csv');
    await writeScores(file, byFrame.scores);
    expect((await readScores(file)).scores).toEqual(byFrame.scores);
  });

  it('are those of a network of faces that were cut in the same way', async () => {
    const other = path.join(folder, 'other');
    await prepareIn(other, { scale: 1.6, aspect: 'stretch' });
    await expect(score({ prepared: other })).rejects.toThrow(/--scale 1\.4 --aspect keep --fill edge/);
    const small = path.join(folder, 'small');
    await prepareIn(small, { size: 32 });
    await expect(score({ prepared: small })).rejects.toThrow(/--size 64/);
    const classifier = path.join(folder, 'classifier');
    fs.writeFileSync(classifier, await frozen('ftbnn-tiny-cifar10'));
    await expect(score({ model: classifier })).rejects.toThrow(UnsupportedError);
    await expect(score({ model: path.join(prepared, 'manifest.json') })).rejects.toThrow(FormatError);
    await expect(score({ protocol: 'al' })).rejects.toThrow(/Did you mean "all"/);
  });
});

describe('a threshold in the file of a model', () => {
  let dev: string;
  const calibrate = (changes: Partial<CalibrateOptions> = {}) =>
    calibrateModel({ model, dev, out: path.join(folder, 'calibrated'), replace: true, ...changes });
  const scoresAt = async (name: string, scores: PreparedScores['scores']) => {
    const file = path.join(folder, name);
    await writeScores(file, scores);
    return file;
  };
  beforeAll(async () => {
    dev = await scoresAt('dev.csv', byFrame.scores);
  });

  it('comes with what it does on the scores that it was chosen on, and is the same every time', async () => {
    const { decision, digest, path: file } = await calibrate();
    const bytes = fs.readFileSync(file);
    expect((await calibrate()).digest).toBe(digest);
    expect(fs.readFileSync(file).equals(bytes)).toBe(true);
    const scores = await readScores(dev);
    const { threshold, evidence } = decision;
    const accepted = (type: string | null) => scores.scores.filter((line) => line.attackType === type && line.score >= threshold);
    expect(decision).toMatchObject({
      ...{ criterion: 'eer', by: 'frame' },
      smallestFace: Math.min(...scores.scores.map(({ extra }) => Number(extra['face'] || Number.POSITIVE_INFINITY))),
      evidence: {
        ...{ scores: scores.sha256, model: byFrame.model.digest, data: { dataset: 'manifest', protocol: 'all', split: 'dev' } },
        bonafide: { errors: 3 - accepted(null).length, answered: 3, unanswered: 3 },
        attacks: [
          { species: 'print', errors: accepted('print').length, answered: 2, unanswered: 1 },
          { species: 'replay', errors: accepted('replay').length, answered: 3, unanswered: 0 },
        ],
      },
    });
    const { evals } = evaluateScores({ dev: null, evals: [scores] }, { kind: 'given', threshold });
    expect(evidence.bonafide.interval).toEqual(evals[0]!.confidence.intervals.bpcer);
    expect(evidence.attacks[0]!.interval).toEqual(evals[0]!.confidence.intervals.apcer['print']);
    const written = await decodePackedModel(bytes, file);
    expect(written.contract.decision).toEqual(decision);
    expect(await undecidedDigest(written)).toBe(byFrame.model.digest);
    expect((await decodePackedModel(fs.readFileSync(model), model)).digest).toBe(byFrame.model.digest);
  });

  it('can be chosen anew: the scores of a model do not depend on its threshold', async () => {
    const first = path.join(folder, 'first');
    await calibrate({ out: first });
    const again = await score({ model: first });
    expect(again.scores).toEqual(byFrame.scores);
    const second = await calibrate({ model: first, criterion: 'apcer:50%' });
    expect(second).toEqual(await calibrate({ criterion: 'apcer:50%' }));
  });

  it.each([
    ['test', 'not-dev', /flatters the detector/],
    ['train', 'not-dev', /has learnt from these/],
  ])('is not chosen on scores of the split %s', async (split, reason, text) => {
    const scores = byFrame.scores.map((line) => ({ ...line, extra: { ...line.extra, split } }));
    const error = await expectDataError(calibrate({ dev: await scoresAt('split.csv', scores) }), { reason });
    expect(error.message).toMatch(text);
  });

  it('is not chosen on scores of another model, of several sets, or of nobody knows what', async () => {
    const other = path.join(folder, 'other-model');
    fs.writeFileSync(other, await depthModel({}, 2));
    const theirs = await scoresAt('theirs.csv', (await score({ model: other })).scores);
    await expectDataError(calibrate({ dev: theirs }), { reason: 'other-model' });
    const mixed = byFrame.scores.map((line, i) => (i ? line : { ...line, extra: { ...line.extra, dataset: 'another' } }));
    await expectDataError(calibrate({ dev: await scoresAt('mixed.csv', mixed) }), { reason: 'mixed' });
    const bare = byFrame.scores.map((line) => ({ ...line, extra: {} }));
    await expectDataError(calibrate({ dev: await scoresAt('bare.csv', bare) }), { reason: 'no-column' });
    const sizeless = byFrame.scores.map((line) => ({ ...line, extra: { ...line.extra, face: '' } }));
    await expectDataError(calibrate({ dev: await scoresAt('sizeless.csv', sizeless) }), { reason: 'bad-row' });
  });

  it('is not put into a file that is there, a classifier, or a model that does not know how faces are cut', async () => {
    await expect(calibrate({ out: model, replace: false })).rejects.toThrow(/is there already/);
    const classifier = path.join(folder, 'classifier');
    await expect(calibrate({ model: classifier })).rejects.toThrow(UnsupportedError);
    const blind = path.join(folder, 'blind');
    fs.writeFileSync(blind, await depthModel({ faces: undefined }));
    await expect(calibrate({ model: blind })).rejects.toThrow(/does not say how faces are cut/);
  });

  it('is refused in a file where it was not chosen for', async () => {
    const { decision } = await calibrate();
    const decode = async (contract: object) => {
      const read = await decodePackedModel(fs.readFileSync(model), model);
      return decodePackedModel(await encodePackedModel({ ...read, contract: { ...read.contract, ...contract } }), 'x');
    };
    expect((await decode({ decision })).contract.decision).toEqual(decision);
    await expect(decode({ decision, std: [1, 1, 1] })).rejects.toThrow(/another model/);
    const { evidence } = decision;
    for (const [changes, text] of [
      [{ threshold: null }, /finite threshold/],
      [{ by: 'day' }, /frame or video/],
      [{ smallestFace: 0 }, /smallest face/],
      [{ criterion: '' }, /criterion/],
      [{ since: 2020 }, /unknown field "since"/],
      [{ evidence: { ...evidence, scores: 'x' } }, /SHA-256/],
      [{ evidence: { ...evidence, data: {} } }, /what data/],
      [{ evidence: { ...evidence, confidence: { ...evidence.confidence, level: 1 } } }, /intervals/],
      [{ evidence: { ...evidence, bonafide: { ...evidence.bonafide, errors: 99 } } }, /bona fide/],
      [{ evidence: { ...evidence, attacks: [evidence.attacks[0], evidence.attacks[0]] } }, /by attack species/],
      [{ evidence: { ...evidence, attacks: [] } }, /by attack species/],
    ] as const) {
      await expect(decode({ decision: { ...decision, ...changes } })).rejects.toThrow(text);
    }
    await expect(decode({ decision, faces: undefined })).rejects.toThrow(/how faces are cut/);
    await expect(decode({ faces: { scale: 9, aspect: 'keep', fill: 'edge' } })).rejects.toThrow(/how faces are cut/);
    await expect(calibrate({ criterion: 'bpcer:0%' })).rejects.toThrow(/gives the threshold -Infinity/);
    await expect(calibrate({ criterion: 'best' })).rejects.toThrow(ConfigError);
  });
});
