import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { DataError } from '../../src/errors.js';
import { type DetectorScore, parseScores, readScores, writeScores } from '../../src/pad/scores/index.js';

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'gossamer-scores-'));
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

const parse = (text: string) => parseScores('scores.csv', Buffer.from(text)).scores;
const header = 'claimed_id,test_label,is_bonafide,attack_type,sample_n,score';

describe('a score file', () => {
  it('has a line a presentation', () => {
    const file = parseScores(
      'scores.csv',
      Buffer.from(
        `${header},device\n7,v1.mov,True,,0,0.75,phone\n7,v2.mov,False,print,0,-2e-3,tablet\n8,v3.mov,1,None,12,nan,\n`,
      ),
    );
    expect(file.extraColumns).toEqual(['device']);
    // sha256sum of the same bytes.
    expect(file.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(file.scores).toEqual([
      { claimedId: '7', testLabel: 'v1.mov', attackType: null, sampleN: '0', score: 0.75, extra: { device: 'phone' } },
      { claimedId: '7', testLabel: 'v2.mov', attackType: 'print', sampleN: '0', score: -0.002, extra: { device: 'tablet' } },
      { claimedId: '8', testLabel: 'v3.mov', attackType: null, sampleN: '12', score: Number.NaN, extra: { device: '' } },
    ]);
  });

  it('needs no more than three columns, in any order, under the names of other tools too', () => {
    expect(parse('Score,IS_LIVE,pai_species\ninf,yes,-\n-Infinity,no,mask\n')).toEqual([
      { claimedId: '', testLabel: '', attackType: null, sampleN: '', score: Number.POSITIVE_INFINITY, extra: {} },
      { claimedId: '', testLabel: '', attackType: 'mask', sampleN: '', score: Number.NEGATIVE_INFINITY, extra: {} },
    ]);
  });

  it.each([
    ['four', '001 001 live.mov 0.9\n\n001 print photo.mov -0.5\n'],
    ['five', '001 model 001 live.mov 0.9\n001 model print photo.mov -0.5\n'],
  ])('may be lines of %s words: bona fide is who is claimed', (_, text) => {
    expect(parse(text)).toMatchObject([
      { claimedId: '001', testLabel: 'live.mov', attackType: null, score: 0.9 },
      { claimedId: '001', testLabel: 'photo.mov', attackType: 'print', score: -0.5 },
    ]);
  });

  it.each([
    ['empty', null, ''],
    ['empty', null, `${header}\n`],
    ['no-header', 1, 'a,b,c\n1,2,3\n'],
    ['no-column', 1, 'is_bonafide,score\n1,2\n'],
    ['duplicate-column', 1, 'score,is_bonafide,attack_type,score\n'],
    ['duplicate-column', 1, 'score,is_bonafide,attack_type,species\n'],
    ['bad-row', 3, `${header}\n1,a,1,,0,1\n1,b,1,,0\n`],
    ['bad-row', 2, '1 1 a 0.5\n1 1 b 0.5 0.5\n'],
    ['bad-label', 2, `${header}\n1,a,live,,0,1\n`],
    ['bad-label', 2, `${header}\n1,a,,,0,1\n`],
    ['contradiction', 2, `${header}\n1,a,true,print,0,1\n`],
    ['no-species', 2, `${header}\n1,a,false,,0,1\n`],
    ['no-species', 2, `${header}\n1,a,0,None,0,1\n`],
    ['bad-score', 2, `${header}\n1,a,true,,0,\n`],
    ['bad-score', 2, `${header}\n1,a,true,,0,high\n`],
    ['bad-score', 2, `${header}\n1,a,true,,0,0x10\n`],
    ['bad-score', 2, `${header}\n1,a,true,,0,1e999\n`],
    ['duplicate', 4, `${header}\n1,a,true,,0,1\n1,a,true,,1,1\n1,a,true,,0,0.5\n`],
    ['bad-quotes', 2, `${header}\n"1,a,true,,0,1\n`],
  ])('is refused as %s, line %s: %j', (reason, line, text) => {
    const error = (() => {
      try {
        return parse(text);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(DataError);
    expect(error).toMatchObject({ reason, record: line });
  });

  it('with a column "label" is told why that is not enough', () => {
    expect(() => parse('label,attack_type,score\n1,,0.5\n')).toThrow(/live face in some data sets and an attack in others/);
  });

  it('that is not there is a DataError', async () => {
    await expect(readScores(path.join(scratch, 'nowhere.csv'))).rejects.toMatchObject({ code: 'DATA', reason: 'not-found' });
  });
});

describe('writeScores', () => {
  it('writes what readScores gives back', async () => {
    const text = fc
      .string({ unit: 'binary', maxLength: 12 })
      .map((value) => Buffer.from(value.replaceAll(/^\ufeff/g, '')).toString());
    const name = fc.constantFrom('print', 'replay, "tilted"', 'two\nlines', ' blanks ', 'été');
    const score = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY));
    const line = fc.record({ claimedId: text, attackType: fc.option(name), sampleN: text, score, device: text });
    const file = path.join(scratch, 'written.csv');
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 6 }), async (lines) => {
        const scores = lines.map(({ device, ...rest }, i): DetectorScore => ({ ...rest, testLabel: `t${i}`, extra: { device } }));
        await writeScores(file, scores);
        const read = await readScores(file);
        expect(read.scores.map((one) => ({ ...one, score: one.score + 0 }))).toEqual(
          scores.map((one) => ({ ...one, score: one.score + 0 })),
        );
      }),
      { numRuns: 40 },
    );
  });
});
