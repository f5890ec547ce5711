import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.js';
import { aroundEyes, leftTopWidthHeight, parseBoxFile } from '../../src/pad/boxes/box-files.js';
import { readBoxesCsv } from '../../src/pad/boxes/boxes-csv.js';
import { loadDetector } from '../../src/pad/boxes/detector.js';
import { surestFace } from '../../src/pad/boxes/surest-face.js';
import { datasetReader } from '../../src/pad/datasets/index.js';
import { expectDataError, tempFolder, touch, write } from './helpers.js';

const numbered = { columns: 5, numbered: true, box: leftTopWidthHeight };

describe('files of boxes', () => {
  it('count frames from 0, or from 1 when there is no 0', () => {
    expect(parseBoxFile('x', '0 1 2 3 4\n2 1 2 3 4', numbered).get(2)).toBeDefined();
    expect(parseBoxFile('x', '1, 1, 2, 3, 4\r\n2, 9, 2, 3, 4\r\n', numbered).get(1)).toMatchObject({ left: 9 });
  });

  it('count empty lines where lines are frames', () => {
    const boxes = parseBoxFile('x', '1 2 3 4\n\n5 6 7 8\n', { columns: 4, numbered: false, box: leftTopWidthHeight });
    expect([0, 1, 2].map((frame) => boxes.get(frame)?.left)).toEqual([1, undefined, 5]);
  });

  it.each([
    ['0 1 2 3\n', 'bad-row', 1],
    ['0 1 2 3 4\n1 a 2 3 4\n', 'bad-row', 2],
    ['0.5 1 2 3 4\n', 'bad-row', 1],
    ['-1 1 2 3 4\n', 'bad-row', 1],
    ['0 1 2 3 4\n\n0 1 2 3 4\n', 'duplicate-frame', 3],
  ])('refuse %j', async (text, reason, record) => {
    await expectDataError(
      Promise.resolve().then(() => parseBoxFile('x.face', text, numbered)),
      { reason, record, file: 'x.face' },
    );
  });

  it('make no face of two eyes in one place', () => {
    expect(aroundEyes([5, 5, 5, 5])).toBeNull();
    expect(aroundEyes([10, 0, 0, 0])).toEqual(aroundEyes([0, 0, 10, 0]));
  });
});

describe('a CSV of boxes', () => {
  const set = async () => {
    const root = touch(tempFolder(), ['train_release/1/1.avi', 'train_release/1/HR_1.avi']);
    return (await datasetReader('casia-fasd').read(root, { seed: 0 })).presentations;
  };
  const csv = (rows: string) => path.join(write(tempFolder(), { 'b.csv': `file,frame,left,top,width,height\n${rows}` }), 'b.csv');

  it('gives boxes by frame, for every frame, or none', async () => {
    const boxes = await readBoxesCsv(
      csv('train_release/1/1,0,1,2,3,4\ntrain_release/1/1,2,0,0,0,0\ntrain_release/1/HR_1.avi,,5,6,7,8\n'),
      await set(),
    );
    const first = boxes('train_release/1/1')!;
    expect([first.get(0), first.get(1), first.get(2)]).toEqual([{ left: 1, top: 2, width: 3, height: 4 }, undefined, undefined]);
    expect(boxes('train_release/1/HR_1')!.get(99)).toEqual({ left: 5, top: 6, width: 7, height: 8 });
    expect(boxes('test_release/1/1')).toBeNull();
  });

  it.each([
    ['train_release/1/2,0,1,2,3,4\n', 'unknown-file'],
    ['train_release/1/1,0,1,,3,4\n', 'bad-row'],
    ['train_release/1/1,x,1,2,3,4\n', 'bad-row'],
    ['train_release/1/1,0,1,2,3,4\ntrain_release/1/1.avi,0,1,2,3,4\n', 'duplicate-frame'],
  ])('refuses %j', async (rows, reason) => {
    await expectDataError(readBoxesCsv(csv(rows), await set()), { reason, record: rows.split('\n').length });
  });
});

describe('a face detector', () => {
  const picture = { data: new Uint8Array(12), width: 2, height: 2, values: 3 };
  const face = { left: 1, top: 2, width: 3, height: 4, score: 0.5 };
  const module = (text: string) => path.join(write(tempFolder(), { 'detector.mjs': text }), 'detector.mjs');

  it('is the default export of a module, a function or an object', async () => {
    const plain = await loadDetector(module('export default ({ width }) => [{ left: 0, top: 0, width, height: 1, score: 1 }];'));
    expect(await surestFace(plain, picture, 'x', 0)).toEqual({ left: 0, top: 0, width: 2, height: 1 });
    const object = await loadDetector(module('export default { faces: [], async detect() { return this.faces; } };'));
    expect(await surestFace(object, picture, 'x', 0)).toBeNull();
  });

  it('is asked for the face that it is surest of, the largest of equals', async () => {
    const larger = { ...face, left: 9, width: 6 };
    expect(await surestFace(() => [face, { ...face, left: 5, score: 0.6 }], picture, 'x', 0)).toMatchObject({ left: 5 });
    expect(await surestFace(() => [face, larger], picture, 'x', 0)).toMatchObject({ left: 9 });
  });

  it('that fails, or answers with something else, is named with the frame', async () => {
    const thrown = () => {
      throw new Error('no weights');
    };
    const failed = { reason: 'detector-failed', file: 'video', record: 4 };
    expect((await expectDataError(surestFace(thrown, picture, 'video', 4), failed)).message).toContain('no weights');
    for (const answer of [null, [{ ...face, width: 0 }], [{ ...face, left: Number.NaN }], [[1, 2, 3, 4]]]) {
      await expectDataError(
        surestFace(() => answer as never, picture, 'video', 4),
        failed,
      );
    }
  });

  it('that is none is refused', async () => {
    for (const text of ['export default 5;', 'export const detect = () => [];', 'nonsense(']) {
      await expect(loadDetector(module(text))).rejects.toThrow(ConfigError);
    }
    await expect(loadDetector('/nowhere.mjs')).rejects.toThrow('there is no file');
  });
});
