import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, DataError, LifetimeError, ShapeError, UnsupportedError } from '../../src/errors.js';
import type { Decision } from '../../src/formats/packed/decision.js';
import { decodePackedModel, encodePackedModel, undecidedDigest } from '../../src/formats/packed/model.js';
import { Cropper, cropWindow } from '../../src/pad/crop.js';
import { createDetector, type Detector, type DetectorOptions } from '../../src/pad/detector/index.js';
import { prepareDataset } from '../../src/pad/prepare.js';
import { openPrepared } from '../../src/pad/prepared/open.js';
import { PadSource } from '../../src/pad/source.js';
import { drawFace } from '../../src/pad/synthesize/drawn-face.js';
import { load } from '../../src/runtime/index.js';
import { frozen } from '../runtime/frozen.js';
import { cropSize, depthModel } from './depth-model.js';
import { drawnPng, tempFolder, write } from './helpers.js';

const side = 80;
const { canvas, box } = drawFace(side, 7, 1, 0);
const { data, width, height } = canvas.toRaster();
const face = { data: Uint8Array.from(data), width, height };
const opaque = {
  ...{ width, height },
  data: Uint8ClampedArray.from({ length: side * side * 4 }, (_, i) => (i % 4 === 3 ? 77 : face.data[(i >> 2) * 3 + (i % 4)]!)),
};

let plain: Uint8Array;
const open: Detector[] = [];
const detectorOf = async (options: Partial<DetectorOptions> = {}) => {
  const detector = await createDetector({ model: plain, threads: 1, ...options });
  open.push(detector);
  return detector;
};

/** The model with a threshold of one's own. */
async function decided(threshold: number, smallestFace = 1): Promise<Uint8Array> {
  const model = await decodePackedModel(plain, 'plain');
  const digest = await undecidedDigest(model);
  const errors = { errors: 0, answered: 1, unanswered: 0, interval: [0, 0.975] as const };
  const decision: Decision = {
    ...{ threshold, criterion: 'eer', by: 'frame', smallestFace },
    evidence: {
      ...{ model: digest, scores: digest, data: { dataset: 'own', protocol: 'all', split: 'dev' } },
      ...{ confidence: { level: 0.95, method: 'clopper-pearson', subjects: null }, bonafide: errors },
      attacks: [{ species: 'print', ...errors }],
    },
  };
  return encodePackedModel({ ...model, contract: { ...model.contract, decision } });
}

beforeAll(async () => {
  plain = await depthModel();
});
afterAll(() => {
  for (const detector of open) detector.dispose();
});

describe('a detector', () => {
  it('scores, and decides nothing without a threshold in its file', async () => {
    const detector = await detectorOf();
    const answer = await detector.assess(face, box);
    expect(answer).toMatchObject({ decision: 'uncalibrated', threshold: null, box, depthMap: { height: 4, width: 4 } });
    const { data: map } = answer.depthMap!;
    expect(map).toHaveLength(16);
    expect(answer.score).toBe(map.reduce((sum, value) => sum + value, 0) / 16);
    expect(await detector.assess(opaque, box)).toEqual(answer);
    expect(detector.facts).toMatchObject({ decision: null, crop: { scale: 1.4, aspect: 'keep', fill: 'edge', size: cropSize } });
  });

  it('takes a score that equals the threshold for live, one below it for an attack', async () => {
    const { score } = await (await detectorOf()).assess(face, box);
    const at = await detectorOf({ model: await decided(score!) });
    expect(await at.assess(face, box)).toMatchObject({ decision: 'live', score, threshold: score });
    const above = await detectorOf({ model: await decided(score! * (1 + Number.EPSILON)) });
    expect(await above.assess(face, box)).toMatchObject({ decision: 'attack', score });
    expect(above.facts.decision).toMatchObject({ criterion: 'eer', evidence: { bonafide: { answered: 1 } } });
  });

  it('has no score where there is no face, less than half of one, or one that is too small', async () => {
    const found: (typeof box)[] = [];
    const detector = await detectorOf({
      model: await decided(0.5, box.width),
      faceDetector: () => found.map((one) => ({ ...one, score: 1 })),
    });
    const unscored = { score: null, depthMap: null, threshold: 0.5 };
    expect(await detector.assess(face)).toEqual({ ...unscored, decision: 'no-face', box: null });
    const outside = { ...box, left: side - box.width * 0.49 };
    expect(await detector.assess(face, outside)).toEqual({ ...unscored, decision: 'face-outside', box: outside });
    const overhanging = { ...box, left: side - box.width * 0.51 };
    expect(await detector.assess(face, overhanging)).toMatchObject({ decision: 'attack' });
    const small = { ...box, width: box.width / 2, height: box.width - 0.5 };
    found.push(small);
    expect(await detector.assess(face)).toEqual({ ...unscored, decision: 'face-too-small', box: small });
    found.push({ ...box });
    expect(await detector.assess(face)).toEqual(await detector.assess(face, box));
  });

  it('shows a face detector colours alone', async () => {
    const seen: unknown[] = [];
    const detector = await detectorOf({
      faceDetector: async (picture) => {
        seen.push({ ...picture, data: [...picture.data] });
        return [{ ...box, score: 1 }];
      },
    });
    expect(await detector.assess(opaque)).toEqual(await detector.assess(face));
    expect(seen[0]).toEqual(seen[1]);
    expect(seen[1]).toMatchObject({ values: 3, width, height });
  });

  it('says what it lacks', async () => {
    const detector = await detectorOf();
    await expect(detector.assess(face)).rejects.toMatchObject({ name: 'ConfigError', key: 'faceDetector' });
    for (const wrong of [null, { ...box, width: 0 }, { ...box, top: Number.NaN }, [1, 2, 3, 4]]) {
      await expect(detector.assess(face, wrong as never)).rejects.toMatchObject({ name: 'ConfigError', key: 'box' });
    }
    await expect(detector.assess({ ...face, data: face.data.subarray(1) }, box)).rejects.toThrow(ShapeError);
    await expect(detector.assess('face.png' as never, box)).rejects.toThrow(/needs an image in colour/);
    const failing = await detectorOf({ faceDetector: () => 5 as never });
    await expect(failing.assess(face)).rejects.toThrow(DataError);
    const gone = await createDetector({ model: plain, threads: 1 });
    gone.dispose();
    await expect(gone.assess(face, box)).rejects.toThrow(LifetimeError);
  });

  it('is made of depth networks that know how faces are cut', async () => {
    await expect(detectorOf({ model: await frozen('ftbnn-tiny-cifar10') })).rejects.toThrow(UnsupportedError);
    const classifier = await decodePackedModel(await frozen('ftbnn-tiny-cifar10'), 'classifier');
    const { faces } = (await decodePackedModel(plain, 'plain')).contract;
    const contract = { ...classifier.contract, task: 'depth-map' as const, labels: null, faces };
    await expect(detectorOf({ model: await encodePackedModel({ ...classifier, contract }) })).rejects.toThrow(/answers \[10\]/);
    await expect(detectorOf({ model: await depthModel({ faces: undefined }) })).rejects.toThrow(/does not say how faces are cut/);
  });
});

describe('several frames of one presentation', () => {
  it('are decided about by the mean of their scores', async () => {
    const { score } = await (await detectorOf()).assess(face, box);
    const other = { ...box, left: box.left + 9 };
    const scores = [score!, (await (await detectorOf()).assess(face, other)).score!];
    const mean = (scores[0]! + scores[1]!) / 2;
    const frames = [
      { image: face, box },
      { image: face, box: other },
    ];
    const detector = await detectorOf({ model: await decided(mean) });
    const answer = await detector.assessSequence(frames);
    expect(answer).toMatchObject({ decision: 'live', score: mean, threshold: mean, scored: 2 });
    expect(answer.frames.map((frame) => frame.score)).toEqual(scores);
    expect(await (await detectorOf()).assessSequence(frames)).toMatchObject({ decision: 'uncalibrated', score: mean });
  });

  it('need enough frames with a face', async () => {
    const detector = await detectorOf({
      model: await decided(-1),
      faceDetector: ({ data: pixels }) => (pixels[0] === 0 ? [] : [{ ...box, score: 1 }]),
    });
    const dark = { ...face, data: new Uint8Array(face.data.length) };
    const outside = { image: face, box: { ...box, top: -1000 } };
    const decisionOf = async (frames: Parameters<Detector['assessSequence']>[0], needed?: number) => {
      const { decision, scored, score } = await detector.assessSequence(frames, { needed });
      return [decision, scored, score === null];
    };
    expect(await decisionOf([face, dark])).toEqual(['live', 1, false]);
    expect(await decisionOf([face, dark, dark])).toEqual(['no-face', 1, true]);
    expect(await decisionOf([face, dark, outside, outside])).toEqual(['face-outside', 1, true]);
    expect(await decisionOf([face, dark, outside, outside], 1)).toEqual(['live', 1, false]);
    expect(await decisionOf([face, face, dark], 3)).toEqual(['no-face', 2, true]);
    await expect(detector.assessSequence([])).rejects.toThrow(ConfigError);
    for (const needed of [0, 3, 1.5]) {
      await expect(detector.assessSequence([face, face], { needed })).rejects.toMatchObject({ key: 'needed' });
    }
  });
});

describe('the crop of a detector', () => {
  it('has the bits that preparing data gives, at every place of the box', async () => {
    const root = tempFolder();
    const rows: string[] = [];
    const boxes = ['10 10 44 44', '-12 20 40 50', '30.5 41.25 33 20.5', '-3 -3 70 70', '40 2 21 30'];
    for (const [i, at] of boxes.entries()) {
      fs.writeFileSync(path.join(root, `${i}.png`), (await drawnPng(4 + i)).png);
      rows.push(`${i}.png,test,live,,${i},${at}`);
    }
    write(root, { 'manifest.csv': `file,split,label,species,subject,box\n${rows.join('\n')}\n` });
    const out = path.join(root, 'prepared');
    await prepareDataset({ dataset: 'manifest', root, out, size: cropSize });
    const source = new PadSource(await openPrepared(out), { split: 'test' });
    const detector = await detectorOf();
    const model = await load(plain, { threads: 1 });
    const stored = new Uint8Array(cropSize ** 2 * 3);
    for (const [i, at] of boxes.entries()) {
      const { canvas: drawn } = drawFace(64, 7, 4 + i, 0);
      const picture = drawn.toRaster();
      const [left, top, boxWidth, boxHeight] = at.split(' ').map(Number) as [number, number, number, number];
      const given = { left, top, width: boxWidth, height: boxHeight };
      await source.read(i, stored);
      const { crop } = detector.facts;
      expect(new Cropper().crop(picture, 3, cropWindow(given, crop), crop.size, crop.fill)).toEqual(stored);
      const { data: map } = await model.run({ data: stored, width: cropSize, height: cropSize });
      expect((await detector.assess(picture, given)).depthMap!.data).toEqual(map);
    }
    model.dispose();
  });
});
